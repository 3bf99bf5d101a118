"""A disk that does not answer: ext4 on a loop device, whose writers fsfreeze holds in the kernel, through SIGKILL. Needs root."""

import contextlib
import os
import shutil
import subprocess

from fault_lab import Skipped

_BYTES = 64 << 20
_GUARD = 90  # seconds after which a frozen disk is thawed whatever happens: a left one would hang every sync of the machine


class FrozenDisk:
    """Mounted at `path` from entry to exit."""

    def __init__(self, lab, path):
        self._image, self._path = lab.directory / "disk.img", path
        self._guard = None

    def __enter__(self):
        if os.geteuid() != 0 or not all(map(shutil.which, ("mkfs.ext4", "fsfreeze", "mount", "umount"))):
            raise Skipped("needs root, mkfs.ext4 and fsfreeze")
        self._path.mkdir(parents=True, exist_ok=True)
        with self._image.open("wb") as image:
            image.truncate(_BYTES)
        for command in (["mkfs.ext4", "-q", "-F", self._image], ["mount", "-o", "loop", self._image, self._path]):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                raise Skipped(f"no loop mount here: {done.stderr.strip()}")
        return self

    def __exit__(self, *_):
        self.thaw()
        # Programs of the lab may still have files open there.
        subprocess.run(["umount", "--lazy", self._path], check=True)

    def freeze(self):
        self._guard = subprocess.Popen(["sh", "-c", f'sleep {_GUARD}; fsfreeze --unfreeze "$0"', self._path], start_new_session=True)
        subprocess.run(["fsfreeze", "--freeze", self._path], check=True)

    def thaw(self):
        if self._guard is None:
            return
        subprocess.run(["fsfreeze", "--unfreeze", self._path], capture_output=True)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._guard.pid, 9)
        self._guard.wait()
        self._guard = None
