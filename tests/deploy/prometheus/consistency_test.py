"""Rules, their unit tests and the runbooks belong together: every alert has its page and its cases, every recording rule
its tested value. Needs PyYAML (the pinned tools have it)."""

import re
import sys
import unittest

import rule_files

SEVERITIES = {"critical", "warning", "info", "none"}
SECTIONS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
ALWAYS_FIRING = {"SimclrWatchdog"}


def alert_names():
    return {rule["alert"] for rule in rule_files.rules("alert")}


def boundaries(name):
    """The unit tests that look at the alert one evaluation before it fires and when it does, annotations included."""
    for interval, test in rule_files.unit_tests():
        cases = {}
        for case in test.get("alert_rule_test", []):
            if case["alertname"] == name:
                cases[rule_files.seconds(case["eval_time"])] = case["exp_alerts"]
        for time, alerts in cases.items():
            fires = alerts and all(alert["exp_annotations"]["runbook_url"] for alert in alerts)
            if fires and len(alerts) > len(cases.get(time - interval, alerts)):
                yield test


def quiet_cases(name):
    """The unit tests in which something like the alert's condition is there and does not fire."""
    for _, test in rule_files.unit_tests():
        cases = [case for case in test.get("alert_rule_test", []) if case["alertname"] == name]
        silent = cases and not any(case["exp_alerts"] for case in cases)
        several = any(case["exp_alerts"] for case in cases) and len(test["input_series"]) > 1
        if silent or several:
            yield test


class Alerts(unittest.TestCase):
    def test_says_what_it_must(self):
        for rule in rule_files.rules("alert"):
            with self.subTest(rule["alert"]):
                self.assertRegex(rule["alert"], r"^Simclr[A-Z]\w+$")
                self.assertIn(rule["labels"]["severity"], SEVERITIES)
                self.assertEqual(set(rule["annotations"]), {"summary", "description", "runbook_url"})
                self.assertEqual(rule["annotations"]["runbook_url"], f"docs/runbooks/{rule['alert']}.md")

    def test_has_a_runbook_page_that_names_it(self):
        index = (rule_files.RUNBOOKS / "README.md").read_text(encoding="utf-8")
        for name in alert_names():
            with self.subTest(name):
                page = (rule_files.RUNBOOKS / f"{name}.md").read_text(encoding="utf-8")
                self.assertTrue(page.startswith(f"# {name}\n"))
                self.assertEqual(re.findall("^## (.*)$", page, re.MULTILINE), SECTIONS)
                self.assertIn(f"[{name}]({name}.md)", index)

    def test_every_page_has_its_alert(self):
        pages = {path.stem for path in rule_files.RUNBOOKS.glob("Simclr*.md")}
        self.assertEqual(pages, alert_names())

    def test_is_tested_one_evaluation_before_it_fires_and_where_it_must_not(self):
        for name in alert_names() - ALWAYS_FIRING:
            with self.subTest(name):
                self.assertTrue(list(boundaries(name)))
                self.assertTrue(list(quiet_cases(name)))


class RecordingRules(unittest.TestCase):
    def test_have_a_tested_value(self):
        tested = " ".join(
            case["expr"]
            for _, test in rule_files.unit_tests()
            for case in test.get("promql_expr_test", [])
            if case["exp_samples"]
        )
        for rule in rule_files.rules("record"):
            with self.subTest(rule["record"]):
                self.assertIn(rule["record"], tested)

    def test_that_are_read_exist(self):
        recorded = {rule["record"] for rule in rule_files.rules("record")}
        texts = [rule["expr"] for kind in ("alert", "record") for rule in rule_files.rules(kind)]
        texts += [block for page in rule_files.RUNBOOKS.glob("*.md") for block in rule_files.commands(page)]
        for text in texts:
            read = re.findall(r"[a-z_]*:simclr_\w+:\w+|simclr:\w+:\w+", text)
            self.assertLessEqual(set(read), recorded, text)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
