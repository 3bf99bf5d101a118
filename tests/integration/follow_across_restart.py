"""Follows a job by `get -w`, `logs -f` and `wait` while the coordinator is killed and started again.

Usage: follow_across_restart.py FOLDER_OF_THE_PROGRAMS FAKE_TRAINER

All three must go on and end with the job; the followed log must be the whole log, each line once.
"""

import pathlib
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from local_cluster import LocalCluster  # noqa: E402
from waiting import wait_until  # noqa: E402

BEHAVIOUR = {"FAKE_TRAINER": "steps=120 step_ms=100"}
JOB = """
name: followed
data: {source: "synthetic:train=64,test=64"}
train: {global_batch: 64}
"""
LIMIT_S = 90


class Followed:
    """A command that follows the job, and what it has said."""

    def __init__(self, cluster, folder, *arguments):
        self.name = " ".join(arguments)
        self._path = pathlib.Path(folder, arguments[0])
        with open(self._path, "w", encoding="utf-8") as output:
            self._process = cluster.start_ctl(*arguments, output=output)

    def said(self):
        return self._path.read_text(encoding="utf-8")

    def wait(self):
        code = self._process.wait(timeout=LIMIT_S)
        assert code == 0, f"{self.name} ended with {code}"
        return self.said()

    def stop(self):
        self._process.kill()
        self._process.wait()


def check(cluster, watch, logs, wait):
    wait_until(lambda: "RUNNING" in watch.said() and logs.said().count("\n") > 5, LIMIT_S, "both follow the running job")
    cluster.kill_coordinator()
    cluster.up()
    seen = len(logs.said())
    wait_until(lambda: len(logs.said()) > seen, LIMIT_S, "logs -f goes on after the restart")
    log = logs.wait()
    assert log == "".join(f"step {step} of 120\n" for step in range(1, 121)), log
    assert log == cluster.ctl("logs", "followed"), "what was followed is what was kept"
    rows = watch.wait().strip().splitlines()
    assert "SUCCEEDED" in rows[-1], rows
    assert sum("SUCCEEDED" in row for row in rows) == 1, rows
    wait.wait()
    assert cluster.jobs()["followed"]["status"]["attempt"] == 1, "the attempt outlived its coordinator"


def main():
    programs, trainer = sys.argv[1:]
    options = {"workers": 1, "up": ("--trainer", trainer), "environment": BEHAVIOUR}
    with tempfile.TemporaryDirectory() as folder, LocalCluster(programs, folder, **options) as cluster:
        cluster.submit_text(JOB)
        followers = [
            Followed(cluster, folder, *command)
            for command in (("get", "jobs", "followed", "-w"), ("logs", "-f", "followed"), ("wait", "followed"))
        ]
        try:
            check(cluster, *followers)
        finally:
            for follower in followers:
                follower.stop()
    print("get -w, logs -f and wait go on across a restart of the coordinator")


if __name__ == "__main__":
    main()
