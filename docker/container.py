"""Runs an image of buildah's storage the way an engine would, without one.

The image's entry point, arguments, environment and user; process 1 of its own process namespace; the root read-only; no
capabilities; /tmp in memory. The network is that of the caller. Needs root and Linux's namespaces.
"""

import json
import pathlib
import subprocess
import time

# Mounts what a container has, then becomes the program. $1 root, $2 user, $3 number of volumes, then each volume's source
# and target, environment until --, command.
ENTER = r"""
root=$1 user=$2 volumes=$3; shift 3
mount --bind "$root" "$root"
mkdir -p "$root/proc" "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/shm"; mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
for device in null zero random urandom; do touch "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
while [ "$volumes" -gt 0 ]; do
  mkdir -p "$root$2"; mount --bind "$1" "$root$2"; shift 2; volumes=$((volumes - 1))
done
mount -o remount,bind,ro "$root"
exec env -i "$@" </dev/null
"""


def image_config(image):
    """User, Entrypoint, Cmd, Env, Labels, Healthcheck, StopSignal of an image."""
    answer = subprocess.run(["buildah", "inspect", "--type", "image", image], check=True, capture_output=True, text=True)
    return json.loads(answer.stdout)["Docker"]["config"]


class Container:
    """One container of an image; a context manager that leaves no process and no working copy behind."""

    def __init__(self, image, arguments=(), volumes=None, output=None):
        """Without arguments the image's own are used. volumes: {path inside: path on this machine}."""
        self.config = image_config(image)
        self._name = self._buildah("from", "--pull-never", image)
        self.root = pathlib.Path(self._buildah("mount", self._name))
        mounts = [part for inside, outside in (volumes or {}).items() for part in (str(outside), inside)]
        user = self.config["User"]
        command = [*self.config["Entrypoint"], *(arguments or self.config.get("Cmd") or [])]
        self._process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", ENTER, "sh",
             str(self.root), user, str(len(mounts) // 2), *mounts, *self.config["Env"],
             "/usr/bin/setpriv", "--no-new-privs", "/usr/sbin/chroot", f"--userspec={user}", "--groups=",
             str(self.root), *command],
            stdout=output, stderr=subprocess.STDOUT if output else None,
        )  # fmt: skip

    @staticmethod
    def _buildah(*arguments):
        return subprocess.run(["buildah", *arguments], check=True, capture_output=True, text=True).stdout.strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()  # and with it, by --kill-child, all of the namespace
        self._process.wait()
        self._buildah("rm", self._name)

    def first_process(self):
        """Id, on this machine, of the container's process 1; None before it started and after it ended."""
        try:
            children = pathlib.Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        return int(children.split()[0]) if children.split() else None

    def healthy(self):
        """Runs the image's health check inside. False before process 1 is the program and after it ended."""
        pid = self.first_process()
        if pid is None:
            return False
        check = self.config["Healthcheck"]["Test"][1:]
        user, group = self.config["User"].split(":")
        inside = ["nsenter", "--target", str(pid), "--mount", "--pid", "--root"]
        return subprocess.run([*inside, "--setuid", user, "--setgid", group, *check], capture_output=True).returncode == 0

    def wait(self, timeout):
        """The exit status of the container's process 1."""
        return self._process.wait(timeout)

    def stop(self, timeout=70):
        """Sends the image's stop signal to process 1 alone; returns its exit status and the seconds that it took."""
        begin = time.monotonic()
        pid = self.first_process()
        assert pid, f"the container has ended before its stop, with status {self._process.poll()}"
        subprocess.run(["kill", "-s", self.config["StopSignal"], str(pid)], check=True)
        return self.wait(timeout), time.monotonic() - begin

    def running(self):
        return self._process.poll() is None
