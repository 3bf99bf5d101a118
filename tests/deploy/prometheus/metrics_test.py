"""Every metric and label that rules and runbooks read is exported, by docs/metrics.md, which is generated from the programs.
Needs PyYAML (the pinned tools have it)."""

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

    def test_unknown_names_and_labels_are_found(self):
        known = {"simclr_a_total": ("counter", {"kind"}), "simclr_b": ("histogram", set())}
        self.assertEqual(rule_files.unknown_metrics('rate(simclr_a_total{kind="x"}[5m])', known), [])
        self.assertEqual(rule_files.unknown_metrics('simclr_a_total{kinds="x"}', known), ["simclr_a_total{kinds}"])
        self.assertEqual(rule_files.unknown_metrics('simclr_b_bucket{le="1"} / simclr_c_count', known), ["simclr_c_count"])


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
