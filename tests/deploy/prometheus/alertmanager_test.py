"""deploy/alertmanager/alertmanager.yml is accepted by amtool, and sends each severity where it should go."""

import pathlib
import subprocess
import sys
import unittest

CONFIG = pathlib.Path(__file__).resolve().parents[3] / "deploy/alertmanager/alertmanager.yml"


def amtool(*arguments):
    done = subprocess.run(["amtool", *arguments], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


class Alertmanager(unittest.TestCase):
    def test_accepts_the_configuration(self):
        self.assertIn("SUCCESS", amtool("check-config", str(CONFIG)))

    def test_routes_by_severity(self):
        wanted = {
            ("severity=critical",): "pager",
            ("severity=warning",): "ticket",
            ("severity=info",): "nobody",
            ("alertname=SimclrWatchdog", "severity=none"): "dead-man",
        }
        for labels, receiver in wanted.items():
            with self.subTest(labels):
                self.assertEqual(amtool("config", "routes", "test", f"--config.file={CONFIG}", *labels), receiver)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
