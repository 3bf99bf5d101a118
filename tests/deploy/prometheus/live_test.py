"""The rules on a real cluster: Prometheus and Alertmanager with the files of deploy/ scrape a coordinator and two workers
that train, every rule evaluates, every command of the runbooks runs, and a killed worker becomes an alert.

Usage: live_test.py FOLDER_OF_THE_PROGRAMS     Needs PyYAML (the pinned tools have it)
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import rule_files

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from local_cluster import LocalCluster  # noqa: E402
from monitoring import Monitoring  # noqa: E402
from waiting import wait_until  # noqa: E402

EXAMPLE = rule_files.REPOSITORY / "examples/quickstart.yaml"
LIMIT_SECONDS = 60


class Live(unittest.TestCase):
    """The tests go by their names' order: the last one kills a worker."""

    programs = ""

    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.cluster = cls.enterClassContext(LocalCluster(cls.programs, cls.folder))
        cls.monitoring = cls.enterClassContext(Monitoring(f"{cls.folder}/monitoring", cls.cluster.targets()))
        cls.job = cls.cluster.submit(EXAMPLE, "train.epochs=1000")[0]
        cls.cluster.await_job(cls.job, "running", LIMIT_SECONDS)

    def await_true(self, condition, what):
        return wait_until(condition, LIMIT_SECONDS, what)

    def test_1_every_target_is_up(self):
        def up():
            return [labels["job"] for labels, value in self.monitoring.values("up") if value == 1]

        self.await_true(lambda: len(up()) == 3, "three targets are up")
        self.assertEqual(sorted(up()), ["simclr-coordinator", "simclr-worker", "simclr-worker"])

    def test_2_every_rule_evaluates(self):
        self.await_true(lambda: all(rule["health"] != "unknown" for rule in self.monitoring.rules()), "rules were evaluated")
        rules = self.monitoring.rules()
        self.assertEqual(len(rules), len(rule_files.rules("alert")) + len(rule_files.rules("record")))
        self.assertEqual([(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"], [])

    def test_3_what_is_recorded_of_a_running_job(self):
        def value(expression):
            return self.await_true(lambda: self.monitoring.values(f"{expression} > 0"), f"{expression} > 0")[0][1]

        chosen = f'{{job_id="{self.job}"}}'
        self.assertEqual(value(f"job_id:simclr_job_pretraining:info{chosen}"), 1)
        self.assertGreater(value(f"job_id:simclr_train_images:rate5m{chosen}"), 0)
        self.assertAlmostEqual(value(f"sum(job_id_phase:simclr_train_phase_seconds:share5m{chosen})"), 1, places=6)
        self.assertGreaterEqual(value(f"job_id:simclr_train_straggler:ratio5m{chosen}"), 1)
        self.assertEqual(value("simclr:workers_healthy:ratio"), 1)

    def test_4_the_watchdog_alone_arrives_at_alertmanager_while_all_is_well(self):
        self.await_true(lambda: "SimclrWatchdog" in self.monitoring.delivered_alerts(), "the watchdog is delivered")
        for name in ("SimclrCoordinatorDown", "SimclrWorkerHeartbeatStale", "SimclrWorkersLost", "SimclrTrainingNonFinite"):
            self.assertEqual(self.monitoring.alerts(name), [])

    def test_5_every_command_of_the_runbooks_runs(self):
        environment = {**os.environ, **self.runbook_variables()}
        for page in sorted(rule_files.RUNBOOKS.glob("*.md")):
            for block in rule_files.commands(page):
                with self.subTest(page.name):
                    done = subprocess.run(
                        ["bash", "-euxo", "pipefail", "-c", block], cwd=rule_files.REPOSITORY, env=environment,
                        capture_output=True, text=True, timeout=LIMIT_SECONDS,
                    )  # fmt: skip
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def runbook_variables(self):
        targets, folder = self.cluster.targets(), f"{self.folder}/cluster"
        return {
            "PATH": f"{pathlib.Path(self.programs).resolve()}:{os.environ['PATH']}",
            "SIMCLR_CONFIG": f"{self.folder}/config.yaml",
            "COORDINATOR": targets["simclr-coordinator"][0],
            "AGENT": targets["simclr-worker"][0],
            "PROMETHEUS": self.monitoring.prometheus,
            "ALERTMANAGER": self.monitoring.alertmanager,
            "ARTIFACTS": f"{folder}/artifacts",
            "DATA_DIR": f"{folder}/coordinator",
            "CERTIFICATE": f"{folder}/pki/coordinator.crt",
            "JOB": self.job,
            "WORKER": "worker-1",
        }

    def test_6_a_killed_worker_becomes_an_alert(self):
        worker = self.cluster.kill_worker_of(self.job)

        def firing(name):
            return [alert for alert in self.monitoring.alerts(name) if alert["state"] == "firing"]

        stale = self.await_true(lambda: firing("SimclrWorkerHeartbeatStale"), "the worker's silence fires")
        self.assertEqual([alert["labels"]["worker"] for alert in stale], [worker])
        self.assertIn(f"Worker {worker} is silent", stale[0]["annotations"]["summary"])
        self.await_true(lambda: firing("SimclrWorkersLost"), "the worker counts as lost")
        self.await_true(lambda: "SimclrWorkersLost" in self.monitoring.delivered_alerts(), "the loss is delivered")


if __name__ == "__main__":
    Live.programs = sys.argv.pop(1)
    sys.exit(unittest.main(verbosity=2))
