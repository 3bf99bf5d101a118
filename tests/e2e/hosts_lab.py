"""The machines of docs/how-to/two-machines.md in network namespaces, set up by that page's own commands."""

import json
import pathlib
import shlex
import subprocess
import sys
import tempfile
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "deploy" / "howto"))
import howto  # noqa: E402
from hosts_network import Network  # noqa: E402

MACHINES = {"coordinator": "10.77.0.1", "laptop": "10.77.0.2", "node-1": "10.77.0.11", "node-2": "10.77.0.12"}
LIMIT = 240  # seconds; for whatever is waited for, on a machine that is busy with other work

# Copies into the home directory of the machine that has the address.
SCP = """#!/bin/sh
for target; do :; done
case ${target%%:*} in
%s
*) echo "no route to ${target%%%%:*}" >&2; exit 1 ;;
esac
while [ $# -gt 1 ]; do cp "$1" "$home/${target#*:}"; shift; done
"""


def page(name):
    return (howto.REPOSITORY / "docs" / "how-to" / name).read_text(encoding="utf-8")


class Lab:
    """Use as a context: leaving it ends every process and removes namespaces and files."""

    def __init__(self, programs):
        self._mark = uuid.uuid4().hex
        self._folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self._folder.name)
        self._environment = howto.environment(programs, self._mark)
        self._environment["PATH"] = f"{self._make_scp()}:{self._environment['PATH']}"
        self.network = Network(MACHINES)
        self.terminals = {}

    def __enter__(self):
        try:
            self.network.__enter__()
            for name in MACHINES:
                self.terminals[name] = howto.Terminal(name, self.home(name), self._environment, self.network.prefix(name))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, failure=None, *_):
        if failure:
            print(self.logs())
        howto.end_processes(self._mark)
        self.network.__exit__()
        self._folder.cleanup()

    def home(self, machine):
        return self.root / machine

    def _make_scp(self):
        cases = "\n".join(f"{address}) home={shlex.quote(str(self.home(name)))} ;;" for name, address in MACHINES.items())
        programs = self.root / "programs"
        programs.mkdir()
        (programs / "scp").write_text(SCP % cases, encoding="utf-8")
        (programs / "scp").chmod(0o755)
        return programs

    def type(self, text):
        """Types the blocks of a page into the machines that they name; the shared directory is a temporary one."""
        for machines, commands in howto.blocks(text):
            for machine in machines:
                self.terminals[machine].type(commands.replace("/srv/simclr", str(self.root / "shared")))

    def leaves_nothing(self):
        for terminal in self.terminals.values():
            terminal.close()
        return not howto.marked_processes(self._mark)

    # ---- What the laptop sees.

    def ctl(self, *arguments):
        return self._on("laptop", "simclrctl", *arguments)

    def ctl_fails(self, message, *arguments):
        done = self._run("laptop", "simclrctl", *arguments)
        assert done.returncode != 0 and message in done.stderr, (done.returncode, done.stdout, done.stderr)

    def item(self, kind, name):
        return json.loads(self.ctl("get", kind, name, "-o", "json"))

    def await_(self, condition, complaint):
        """`complaint`: called for the message of a failure."""
        assert howto.await_condition(condition, LIMIT), complaint()

    def await_job(self, name, condition):
        """The first status of the job for which the condition holds; fails with the last one."""
        seen = {}

        def holds():
            seen.update(self.item("job", name)["status"])
            return condition(seen)

        self.await_(holds, lambda: f"{name} is still {seen}")
        return seen

    def worker_of(self, name):
        """The worker that runs rank 0."""
        return self.item("job", name)["status"]["placement"][0]["worker"]

    # ---- What the machines themselves see.

    def _run(self, machine, *command):
        home = self.home(machine)
        environment = howto.environment_at(home, self._environment)
        return subprocess.run([*self.network.prefix(machine), *command], cwd=home, env=environment, capture_output=True, text=True)

    def _on(self, machine, *command):
        done = self._run(machine, *command)
        assert done.returncode == 0, f"{machine}$ {shlex.join(command)}: {done.stderr}"
        return done.stdout

    def trainers(self, name, rank=None):
        """Process ids of the trainers of a job, of all attempts."""
        job = self.item("job", name)["id"]
        found = set()
        for process in howto.marked_processes(self._mark):
            words = pathlib.Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8").split("\0")
            if words[0].endswith("simclr-trainer") and words[words.index("--job") + 1] == job:
                if rank is None or words[words.index("--rank") + 1] == str(rank):
                    found.add(process)
        return found

    def metric(self, machine, port, start):
        """The sum of the samples of /metrics whose line begins with `start`."""
        fetch = "import sys, urllib.request as request; print(request.urlopen(sys.argv[1]).read().decode())"
        text = self._on(machine, sys.executable, "-c", fetch, f"http://{MACHINES[machine]}:{port}/metrics")
        return sum(float(sample.rsplit(" ", 1)[1]) for sample in text.splitlines() if sample.startswith(start))

    def agent_log(self, machine):
        return (self.home(machine) / "simclr" / "simclr-worker.log").read_text(encoding="utf-8")

    def logs(self):
        """The end of every program's log, for whoever looks at a failed test."""
        found = sorted(self.root.glob("*/simclr/*.log"))
        return "\n".join(f"--- {path}\n{path.read_text(errors='replace')[-3000:]}" for path in found)
