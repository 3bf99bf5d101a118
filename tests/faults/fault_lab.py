"""What the faults of this folder need: the programs of some build as processes, in a folder of their own."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request

_REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(_REPOSITORY / "tests/support"))
from rpc_client import Client, grpc  # noqa: E402

_START_LIMIT = 60


class Red(Exception):
    """The programs show the fault; the text says what was seen."""


class Skipped(Exception):
    """This build or machine lacks what the fault needs."""


def expect(holds, seen):
    if not holds:
        raise Red(seen)


def holds_within(limit, condition):
    """Whether condition() comes true within `limit` seconds. A call that fails is not true yet."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            if condition():
                return True
        except grpc.RpcError:
            pass
        threading.Event().wait(0.05)
    return False


class Program:
    """A process whose output goes to a file; killed with the lab."""

    def __init__(self, command, log, environment=None):
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                list(map(str, command)), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={**os.environ, **(environment or {})}, start_new_session=True,
            )  # fmt: skip

    @property
    def pid(self):
        return self._process.pid

    def alive(self):
        return self._process.poll() is None

    def log(self):
        return self._log.read_bytes()

    def end(self):
        """How it ended, and the last line of its log."""
        code = self._process.wait(10)
        word = f"signal {-code}" if code < 0 else f"exit {code}"
        lines = self.log().decode(errors="replace").strip().splitlines() or [""]
        return f"{word}: {lines[-1][:300]}"

    def stop(self):
        """By SIGTERM, as an operator does."""
        self._process.terminate()
        self._process.wait(_START_LIMIT)

    def kill(self):
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()


class Coordinator(Program):
    """A coordinator on loopback without certificates, where everybody is operator and worker, unless `tokens` are given."""

    def __init__(self, lab, directory, flags, environment, listen):
        self.directory = directory
        endpoints = directory / "endpoint.json"
        endpoints.unlink(missing_ok=True)
        command = [lab.programs / "simclr-coordinator", "--data-dir", directory / "data", "--artifacts", directory / "artifacts"]
        command += ["--listen", listen, "--http", "127.0.0.1:0", "--endpoint-file", endpoints, "--data-root", "/", *flags]
        super().__init__(command, directory / "coordinator.log", environment)
        # A process that was just begun may not have come to it.
        self.ready = holds_within(_START_LIMIT, lambda: endpoints.exists() or not self.alive()) and endpoints.exists()
        if self.ready:
            self._endpoints = json.loads(endpoints.read_text(encoding="utf-8"))
            self.address, self.http = self._endpoints["grpc"], self._endpoints["http"]

    def client(self, **credentials):
        return Client(self.address, **credentials)

    def metrics(self):
        with urllib.request.urlopen(f"http://{self._endpoints['http']}/metrics", timeout=30) as reply:
            return reply.read().decode()

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))


class Lab:
    """One fault's folder and processes, from entry to exit."""

    def __init__(self, programs, directory):
        self.programs, self.directory = pathlib.Path(programs).resolve(), pathlib.Path(directory)
        self._running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in reversed(self._running):
            program.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _run(self, program):
        self._running.append(program)
        return program

    def has(self, program):
        return (self.programs / program).exists()

    def known(self, program, *flags):
        """Those of the flags ("--name=value") that this build of the program has."""
        text = subprocess.run([self.programs / program, "--help"], capture_output=True, text=True, check=True).stdout
        return [flag for flag in flags if flag.partition("=")[0] in text.split()]

    def try_coordinator(self, name="coordinator", flags=(), environment=None, listen="127.0.0.1:0"):
        """Also one that ends at once; `ready` says whether it serves."""
        directory = self.directory / name
        directory.mkdir(parents=True, exist_ok=True)
        return self._run(Coordinator(self, directory, flags, environment, listen))

    def coordinator(self, *arguments, **options):
        """One that serves, a restarted one too: the name says on which data. Red where it does not."""
        coordinator = self.try_coordinator(*arguments, **options)
        expect(coordinator.ready, f"no start: {'it does not serve' if coordinator.alive() else coordinator.end()}")
        return coordinator

    def worker(self, coordinator, name, trainer=None, slots=1, flags=()):
        """A real agent, with the build's trainer or another program in its place."""
        directory = self.directory / name
        directory.mkdir(parents=True, exist_ok=True)
        command = [self.programs / "simclr-worker", "--name", name, "--coordinator", coordinator.address]
        command += ["--dir", directory / "worker", "--artifacts", coordinator.directory / "artifacts", "--slots", slots]
        command += ["--http", "127.0.0.1:0", "--trainer", trainer or self.programs / "simclr-trainer", "--data-root", "/"]
        command += flags
        # Its socket lies there, and goes with the lab though the agent is killed.
        return self._run(Program(command, directory / "worker.log", {"XDG_RUNTIME_DIR": str(directory)}))

    def ctl(self, coordinator, *arguments, stdout=subprocess.PIPE, limit=120):
        """simclrctl as a finished process, with its output as bytes."""
        context = self.directory / "context.yaml"
        context.write_text(f'current: lab\ncontexts: {{lab: {{server: "{coordinator.address}"}}}}\n', encoding="utf-8")
        return subprocess.run(
            [self.programs / "simclrctl", *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE,
            env={**os.environ, "SIMCLR_CONFIG": str(context)}, timeout=limit, check=False,
        )  # fmt: skip

    def submit(self, coordinator, job_file):
        """By simclrctl; the text of a job file that is right."""
        path = self.directory / "job.yaml"
        path.write_text(job_file, encoding="utf-8")
        submitted = self.ctl(coordinator, "submit", "-f", path)
        assert submitted.returncode == 0, submitted.stderr.decode()

    def certificates(self, *workers, folder="pki"):
        """A folder with an authority, a coordinator's and these workers' certificates, and the token of an operator."""
        folder = self.directory / folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        command = [_REPOSITORY / "deploy/pki/make-certificates", folder, "--coordinator", "127.0.0.1", "--token", "ann:operator"]
        for worker in workers:
            command += ["--worker", worker]
        subprocess.run(command, check=True, capture_output=True)
        return folder

    def preload(self, source):
        """A library for LD_PRELOAD, built from a file of tests/support."""
        library = self.directory / f"{source}.so"
        self.directory.mkdir(parents=True, exist_ok=True)
        command = ["c++", "-std=c++17", "-O1", "-shared", "-fPIC", "-o", library, _REPOSITORY / f"tests/support/{source}.cc", "-ldl"]
        subprocess.run(command, check=True)
        return library
