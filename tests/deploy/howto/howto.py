"""A how-to as something that can be run: its shell blocks, the terminals they are typed into, what is left at the end.

A block "```sh" is for the only machine of the page, "```sh node-1 node-2" for the machines of these names. Other blocks
(text, yaml, console) are for the reader alone. A comment "<!-- test: COMMAND -->" is a check that only the test runs, at
its place, on the machines of the block before it. Each machine is one bash that stops at the first command that fails.
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lint"))
import source_tree  # noqa: E402

REPOSITORY = pathlib.Path(source_tree.REPOSITORY)
BLOCK = re.compile(r"^```sh([^\n]*)\n(.*?)^```|^<!-- test:([^\n]*?)-->", re.MULTILINE | re.DOTALL)
ONLY = "here"  # the machine of blocks that name none
MARK = "SIMCLR_HOWTO_RUN"  # in the environment of everything that a how-to starts


def blocks(text):
    """[(machines, commands)] in the order of the page."""
    found, machines = [], (ONLY,)
    for names, commands, check in BLOCK.findall(text):
        if not check:
            machines = tuple(names.split()) or (ONLY,)
        found.append((machines, commands or check.strip() + "\n"))
    return found


class Terminal:
    """A bash that a how-to is typed into. `prefix`: what to start it with, such as `ip netns exec NAME`."""

    def __init__(self, name, home, environment, prefix=()):
        self.name = name
        home.mkdir(parents=True, exist_ok=True)
        for folder in ("deploy", "examples", "scripts"):  # what a checkout has, without writing into ours
            if not (home / folder).exists():
                (home / folder).symlink_to(REPOSITORY / folder)
        self._bash = subprocess.Popen(
            [*prefix, "bash", "-eu"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=home,
            env=environment_at(home, environment),
        )  # fmt: skip

    def type(self, commands):
        """Runs the commands and returns their output. Raises AssertionError with it if one of them fails."""
        end = f"end-of-block-{uuid.uuid4().hex}"
        for line in commands.splitlines():
            print(f"{self.name}$ {line}", flush=True)
        self._bash.stdin.write(f"{commands}\necho {end}\n")
        self._bash.stdin.flush()
        output = []
        for line in self._bash.stdout:
            if line.strip() == end:
                return "".join(output)
            print(line, end="", flush=True)
            output.append(line)
        raise AssertionError(f"{self.name}: a command failed (exit {self._bash.wait()}) in:\n{commands}\n{''.join(output)}")

    def close(self):
        self._bash.stdin.close()
        self._bash.wait()


def marked_processes(mark):
    """Ids of the processes that were started with this mark in their environment."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            pass  # it ended, or is somebody else's
    return found


def end_processes(mark, limit=30):
    """Ends what a how-to left running; returns how many there were."""
    left = marked_processes(mark)
    for which, wait in ((signal.SIGTERM, limit), (signal.SIGKILL, limit)):
        for process in marked_processes(mark):
            try:
                os.kill(process, which)
            except ProcessLookupError:
                pass
        await_condition(lambda: not marked_processes(mark), wait)
    return len(left)


def give_up_after(seconds):
    """Makes SIGTERM and the end of this time an exception, so that what was started is ended in either case."""

    def give_up(number, _):
        raise TimeoutError(f"stopped by {signal.Signals(number).name}")

    signal.signal(signal.SIGTERM, give_up)
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)


def await_condition(condition, limit):
    """Whether the condition came true within `limit` seconds; it is looked at again and again."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def environment(programs, mark):
    """What the terminals of a how-to have: our programs first, the mark, what checks need; nothing of our own settings."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("SIMCLR_")},
        "PATH": f"{os.path.abspath(programs)}:{os.environ['PATH']}",
        "HOWTO_TESTS": str(pathlib.Path(__file__).resolve().parent),
        # Pages start more trainers than a test machine has cores: threads that wait must not spin on them.
        "OMP_WAIT_POLICY": "passive",
        MARK: mark,
    }


def environment_at(home, environment):
    return {**environment, "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
