"""A cluster of real processes in a folder of the test, driven by the real simclrctl with a context file of its own."""

import json
import os
import signal
import subprocess
import time
import urllib.request

POLL_S = 0.2


def await_true(condition, limit_s, what):
    """Asks again and again until the condition holds."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {limit_s} s"
        time.sleep(POLL_S)


class LocalCluster:
    """Up from entry to exit. `up` are more arguments of `simclrctl local up`, `environment` more variables."""

    def __init__(self, programs, folder, up=(), environment=None):
        self.folder = f"{folder}/cluster"
        self._ctl = f"{os.path.abspath(programs)}/simclrctl"
        self._up = up
        self._environment = {**os.environ, **(environment or {}), "SIMCLR_CONFIG": f"{folder}/config.yaml"}

    def ctl(self, *arguments):
        """What the command prints; it must succeed."""
        return subprocess.run(
            [self._ctl, *arguments], env=self._environment, stdout=subprocess.PIPE, text=True, check=True
        ).stdout

    def start_ctl(self, *arguments, output):
        """A command that runs beside the test and writes into the open file `output`."""
        return subprocess.Popen([self._ctl, *arguments], env=self._environment, stdout=output)

    def up(self):
        """Starts what does not run."""
        self.ctl("local", "up", "--dir", self.folder, *self._up)

    def __enter__(self):
        self.up()
        return self

    def __exit__(self, *_):
        self.ctl("local", "down", "--dir", self.folder)

    def submit(self, job_file):
        """The ids of the jobs in that text."""
        path = f"{self.folder}/jobs.yaml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(job_file)
        return self.ctl("submit", "-f", path, "-o", "name").split()

    def jobs(self):
        """By name, as JSON."""
        return {job["spec"]["name"]: job for job in json.loads(self.ctl("get", "jobs", "-o", "json"))["items"]}

    def metrics(self, place):
        """What the process serves whose directory that is: "coordinator" or "workers/worker-1"."""
        with urllib.request.urlopen(f"http://{self._endpoint(place)['http']}/metrics", timeout=10) as reply:
            return reply.read().decode()

    def kill_coordinator(self):
        pid = self._endpoint("coordinator")["pid"]
        os.kill(pid, signal.SIGKILL)
        await_true(lambda: not _runs(pid), 10, "the coordinator is dead")

    def _endpoint(self, place):
        with open(f"{self.folder}/{place}/endpoint.json", encoding="utf-8") as file:
            return json.load(file)


def _runs(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
