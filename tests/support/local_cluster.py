"""A local cluster of the real programs in a folder of the test, driven by the real simclrctl with a context file of its own."""

import json
import os
import pathlib
import signal
import subprocess
import urllib.request

from waiting import wait_until


class LocalCluster:
    """Up from entry to exit. `up` are more arguments of `simclrctl local up`, `environment` more variables."""

    def __init__(self, programs, folder, workers=2, slots=1, up=(), environment=None):
        self._ctl = pathlib.Path(programs).resolve() / "simclrctl"
        self._folder = pathlib.Path(folder).resolve()
        self._directory = self._folder / "cluster"
        self._up = ("--workers", workers, "--slots", slots, *up)
        self._environment = {**os.environ, **(environment or {}), "SIMCLR_CONFIG": str(self._folder / "config.yaml")}

    def __enter__(self):
        try:
            self.up()
        except BaseException:
            self._down(check=False)
            raise
        return self

    def __exit__(self, *_):
        self._down()

    def _down(self, check=True):
        self.ctl("local", "down", "--dir", self._directory, check=check)

    def up(self):
        """Starts what does not run."""
        self.ctl("local", "up", "--dir", self._directory, *self._up)

    def ctl(self, *arguments, check=True, limit=120):
        """What simclrctl prints."""
        command = [self._ctl, *map(str, arguments)]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=limit)
        assert not check or done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
        return done.stdout

    def start_ctl(self, *arguments, output):
        """A command that runs beside the test and writes into the open file `output`."""
        return subprocess.Popen([self._ctl, *arguments], env=self._environment, stdout=output)

    def submit(self, job_file, *settings):
        """The ids of the file's jobs."""
        options = [part for setting in settings for part in ("--set", setting)]
        names = self.ctl("submit", "-f", job_file, "-o", "name", *options).split()
        return [name.rpartition("/")[2] for name in names]

    def submit_text(self, jobs):
        """The ids of the jobs in that text."""
        job_file = self._folder / "jobs.yaml"
        job_file.write_text(jobs, encoding="utf-8")
        return self.submit(job_file)

    def jobs(self):
        """By name, as JSON."""
        return {job["spec"]["name"]: job for job in json.loads(self.ctl("get", "jobs", "-o", "json"))["items"]}

    def await_job(self, job_id, state, limit):
        """Until the job is "running" or "done"; done must mean that it succeeded."""
        self.ctl("wait", job_id, "--for", state, "--timeout", f"{limit}s", limit=limit + 60)

    def targets(self):
        """Where /metrics is, by the scrape jobs of deploy/prometheus/prometheus.yml."""
        workers = sorted(path.parent.name for path in self._directory.glob("workers/*/endpoint.json"))
        return {
            "simclr-coordinator": [self._endpoint("coordinator")["http"]],
            "simclr-worker": sorted(self._endpoint(f"workers/{name}")["http"] for name in workers),
        }

    def metrics(self, place):
        """What the process serves whose directory that is: "coordinator" or "workers/worker-1"."""
        with urllib.request.urlopen(f"http://{self._endpoint(place)['http']}/metrics", timeout=10) as reply:
            return reply.read().decode()

    def kill_coordinator(self):
        pid = self._endpoint("coordinator")["pid"]
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not _runs(pid), 10, "the coordinator is dead")

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

    def _endpoint(self, place):
        return json.loads((self._directory / place / "endpoint.json").read_text(encoding="utf-8"))


def _runs(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
