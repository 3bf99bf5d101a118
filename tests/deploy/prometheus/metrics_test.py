"""Every metric, label and word of a closed label that rules, their unit tests, dashboards and runbooks name is exported, by
docs/metrics.md, which is generated from the programs. Needs PyYAML (the pinned tools have it)."""

import re
import sys
import unittest

import rule_files


class Metrics(unittest.TestCase):
    def test_that_rules_read_are_exported(self):
        known = rule_files.known_metrics()
        for kind in ("alert", "record"):
            for rule in rule_files.rules(kind):
                with self.subTest(rule[kind]):
                    self.assertEqual(rule_files.unknown_metrics(rule["expr"], known), [])

    def test_that_runbooks_read_are_exported(self):
        known = rule_files.known_metrics()
        for page in rule_files.RUNBOOKS.glob("*.md"):
            for block in rule_files.commands(page):
                with self.subTest(page.name):
                    queries = " ".join(re.findall(r"query instant \S+ '([^']*)'", block))
                    self.assertEqual(rule_files.unknown_metrics(queries, known), [])

    def test_that_dashboards_read_are_exported(self):
        known = rule_files.known_metrics()
        read = list(rule_files.dashboard_expressions())
        self.assertGreater(len(read), 50)
        for dashboard, expression in read:
            with self.subTest(dashboard):
                self.assertEqual(rule_files.unknown_metrics(expression, known), [])

    def test_that_unit_tests_of_rules_make_up_are_exported(self):
        known = rule_files.known_metrics()
        words = rule_files.words_of_labels(known)
        for _, test in rule_files.unit_tests():
            with self.subTest(test["name"]):
                for series in test["input_series"]:
                    self.assertEqual(rule_files.unknown_metrics(series["series"], known), [])
                for case in test.get("alert_rule_test", []):
                    for alert in case["exp_alerts"]:
                        for label, value in alert.get("exp_labels", {}).items():
                            self.assertIn(value, words.get(label, {value}))
                for case in test.get("promql_expr_test", []):
                    for text in [case["expr"], *(sample["labels"] for sample in case["exp_samples"])]:
                        self.assertEqual(rule_files.unknown_metrics(text, known), [])

    def test_the_words_of_closed_labels_are_there(self):
        known = rule_files.known_metrics()
        self.assertIn("connected", known["simclr_coordinator_workers"][1]["state"])
        self.assertIn("data_wait", known["simclr_train_phase_seconds_total"][1]["phase"])
        self.assertEqual(known["simclr_build_info"][1]["component"], {"coordinator", "worker"})
        self.assertEqual(known["simclr_job_step"][1]["job_id"], set())

    def test_unknown_names_labels_and_words_are_found(self):
        known = {
            "simclr_a_total": ("counter", {"kind": set(), "state": {"idle", "busy"}}),
            "simclr_b": ("histogram", {}),
        }
        for expression, unknown in {
            'rate(simclr_a_total{kind="x", state="idle", job=~"$job"}[5m])': [],
            'simclr_a_total{kinds="x"}': ["simclr_a_total{kinds}"],
            'simclr_b_bucket{le="1"} / simclr_c_count': ["simclr_c_count"],
            'simclr_a_total{state="alive"}': ['simclr_a_total{state="alive"}'],
            'simclr_a_total{state!~"idle|alive"}': ['simclr_a_total{state="alive"}'],
            'simclr_a_total{state=~"$state"}': [],
            'kind:simclr_a:rate5m{state="alive"}': ['simclr_a{state="alive"}'],
        }.items():
            with self.subTest(expression):
                self.assertEqual(rule_files.unknown_metrics(expression, known), unknown)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
