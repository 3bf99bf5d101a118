"""Every query of every dashboard, and every variable's, answered by a real Prometheus that scraped a real run.

A query that Prometheus refuses fails; so does one without a value, unless the panel's description says that it may be empty
and this run gives it nothing to show; so does a legend that names a label which the result lacks.

Usage: live_test.py FOLDER_OF_THE_PROGRAMS [--save FILE]    FILE gets the results, for pictures.py
"""

import argparse
import json
import pathlib
import sys
import tempfile
import time
import unittest

import grafana
import prometheus

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from local_cluster import LocalCluster  # noqa: E402
from waiting import wait_until  # noqa: E402

EXAMPLE = pathlib.Path(__file__).resolve().parents[3] / "examples" / "quickstart.yaml"
LIMIT_SECONDS = 240
LAST_NEWS = 'rate(simclr_coordinator_job_phase_duration_seconds_count{kind="linear_eval", phase="running"}[10s] offset 2s) > 0'
NOTHING_TO_SHOW = {"Oldest waiting job", "Restarts", "Calls that failed", "GPU memory of LibTorch", "GPU utilisation",
                   "GPU memory", "GPU power", "GPU temperature"}


def record(programs, epochs):
    """Runs the quick start's jobs and returns what Prometheus says to every query, as plain data."""
    with tempfile.TemporaryDirectory() as folder, LocalCluster(programs, folder) as cluster:
        with prometheus.Prometheus(f"{folder}/prometheus", cluster.targets()) as server:
            jobs = cluster.submit(EXAMPLE, f"train.epochs={epochs}", "quickstart-linear:linear_eval.epochs=1000")
            for job in jobs:
                cluster.await_job(job, "done", LIMIT_SECONDS)
            wait_until(lambda: server.newest(LAST_NEWS), LIMIT_SECONDS, "Prometheus has seen the end of the last job")
            return answers(server, server.started, time.time())


def answers(server, start, end):
    return {
        "start": start,
        "end": end,
        "dashboards": [_board_answers(server, board, start, end) for board in grafana.dashboards()],
    }


def _board_answers(server, board, start, end):
    values = {}
    for name, selector, label in grafana.query_variables(board):
        values[name] = server.label_values(grafana.substituted(selector, values), label, start, end)
    panels = []
    for panel in grafana.panels(board):
        everything = grafana.all_chosen(board, values)
        targets = [
            {"all": _ask(server, target, everything, start, end), "chosen": _ask(server, target, values, start, end)}
            for target in panel["targets"]
        ]
        panels.append({"title": panel["title"], "targets": targets})
    return {"uid": board["uid"], "variables": values, "panels": panels}


def _ask(server, target, values, start, end):
    try:
        return {"series": server.query_range(grafana.substituted(target["expr"], values), start, end)}
    except ValueError as error:
        return {"series": [], "error": str(error)}


class Live(unittest.TestCase):
    recorded = {}

    def check_each_target(self, check):
        """check(panel, target, answer) for every target, with all variables at All and with values chosen."""
        for board, told in zip(grafana.dashboards(), self.recorded["dashboards"]):
            for panel, answered in zip(grafana.panels(board), told["panels"]):
                for target, answer in zip(panel["targets"], answered["targets"]):
                    for way in ("all", "chosen"):
                        with self.subTest(board["title"], panel=panel["title"], query=target["expr"], variables=way):
                            check(panel, target, answer[way])

    def test_every_variable_has_values(self):
        for board in self.recorded["dashboards"]:
            for name, values in board["variables"].items():
                with self.subTest(board["uid"], variable=name):
                    self.assertTrue(values)

    def test_no_query_is_refused(self):
        self.check_each_target(lambda panel, target, answer: self.assertNotIn("error", answer))

    def test_no_query_is_empty_that_may_not_be(self):
        def check(panel, _, answer):
            if not grafana.has_values(answer["series"]):
                self.assertTrue(grafana.may_be_empty(panel) and panel["title"] in NOTHING_TO_SHOW)

        self.check_each_target(check)

    def test_legends_name_labels_that_are_there(self):
        def check(_, target, answer):
            self.assertEqual(grafana.missing_labels(target, answer["series"]), set())

        self.check_each_target(check)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", help="folder of simclrctl and the other programs")
    parser.add_argument("--save", type=pathlib.Path, help="write the results there")
    parser.add_argument("--epochs", type=int, default=8, help="of pre-training")
    arguments = parser.parse_args()
    prometheus.require()
    Live.recorded = record(arguments.programs, arguments.epochs)
    if arguments.save:
        arguments.save.write_text(json.dumps(Live.recorded))
    unittest.main(argv=[sys.argv[0]])


if __name__ == "__main__":
    main()
