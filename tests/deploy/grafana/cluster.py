"""A local cluster of the real programs in a folder of its own, for the time of a `with` block."""

import json
import os
import pathlib
import signal
import subprocess
import threading
import time

POLL_SECONDS = 0.2


def wait_until(condition, limit, what):
    """Polls condition() until it is true and returns what it gave; AssertionError after `limit` seconds."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {limit} s: {what}"
        threading.Event().wait(POLL_SECONDS)


class Cluster:
    def __init__(self, programs, folder, workers=2):
        self._ctl = pathlib.Path(programs).resolve() / "simclrctl"
        self._folder = pathlib.Path(folder).resolve()
        self._directory = self._folder / "cluster"
        self._workers = workers
        self._environment = {**os.environ, "SIMCLR_CONFIG": str(self._folder / "config.yaml")}

    def __enter__(self):
        try:
            self.ctl("local", "up", "--dir", self._directory, "--workers", self._workers, "--slots", 1)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.ctl("local", "down", "--dir", self._directory, check=False)

    def ctl(self, *arguments, check=True, limit=120):
        """What simclrctl prints."""
        command = [self._ctl, *map(str, arguments)]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=limit)
        assert not check or done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
        return done.stdout

    def targets(self):
        """Where /metrics is, by the scrape jobs of deploy/prometheus/prometheus.yml."""
        workers = (self._directory / "workers").glob("*/endpoint.json")
        return {
            "simclr-coordinator": [self._http(self._directory / "coordinator/endpoint.json")],
            "simclr-worker": sorted(map(self._http, workers)),
        }

    @staticmethod
    def _http(endpoint_file):
        return json.loads(endpoint_file.read_text())["http"]

    def submit(self, job_file, *settings):
        """The ids of the file's jobs."""
        options = [part for setting in settings for part in ("--set", setting)]
        names = self.ctl("submit", "-f", job_file, "-o", "name", *options).split()
        return [name.rpartition("/")[2] for name in names]

    def await_job(self, job_id, state, limit):
        """Until the job is "running" or "done"; done must mean that it succeeded."""
        self.ctl("wait", job_id, "--for", state, "--timeout", f"{limit}s", limit=limit + 60)

    def kill_worker_of(self, job_id):
        """Kills, like a node that loses its power, a worker with a trainer of the job; returns its name."""
        table = json.loads(self.ctl("local", "status", "--dir", self._directory, "-o", "json"))
        for worker in table["workers"]:
            trainers = [trainer["pid"] for trainer in worker["trainers"] if trainer["job"] == job_id]
            if trainers:
                for pid in (worker["pid"], *trainers):
                    os.kill(pid, signal.SIGKILL)
                return worker["name"]
        raise AssertionError(f"no worker runs {job_id}: {table}")
