"""The dashboards keep the linter's rules, are what generate.py writes, and each rule finds what it is for.

Usage: lint_test.py
"""

import copy
import json
import pathlib
import re
import subprocess
import sys
import unittest

import grafana
import lint_file
import lint_rules
import promql
import promtool

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
GRAFANA = REPOSITORY / "deploy" / "grafana"
RULES = REPOSITORY / "deploy" / "prometheus" / "rules"
METRICS = REPOSITORY / "docs" / "metrics.md"
DASHBOARDS = [json.loads(path.read_text()) for path in sorted((GRAFANA / "dashboards").glob("*.json"))]
GOOD = next(dashboard for dashboard in DASHBOARDS if dashboard["uid"] == "simclr-run")


def broken(change):
    """The findings, by rule, of a dashboard to which change(dashboard, its first panel, the panel's target) was done."""
    dashboard = copy.deepcopy(GOOD)
    panel = lint_rules.panels(dashboard)[0]
    dashboard["panels"] = [panel]
    change(dashboard, panel, panel["targets"][0])
    return sorted({rule for rule, _, _ in lint_rules.findings(dashboard)})


def set_expression(expression):
    return lambda dashboard, panel, target: target.update(expr=expression)


def variable(dashboard, name):
    return next(found for found in dashboard["templating"]["list"] if found["name"] == name)


SELECTED = 'job=~"$job", instance=~"$instance"'
BAD = {
    "template-datasource-rule": lambda dashboard, *_: variable(dashboard, "datasource").update(name="source"),
    "template-job-rule": lambda dashboard, *_: variable(dashboard, "job").update(allValue=".*"),
    "template-instance-rule": lambda dashboard, *_: dashboard["templating"]["list"].remove(variable(dashboard, "instance")),
    "template-label-promql-rule": lambda dashboard, *_: variable(dashboard, "job_id").update(query="label_values(x{, a)"),
    "template-on-time-change-reload-rule": lambda dashboard, *_: variable(dashboard, "job_id").update(refresh=1),
    "panel-datasource-rule": lambda dashboard, panel, target: panel.update(datasource={"uid": "mine"}),
    "panel-title-description-rule": lambda dashboard, panel, target: panel.update(description=""),
    "panel-units-rule": lambda dashboard, panel, target: panel["fieldConfig"]["defaults"].update(unit="parsecs"),
    "panel-no-targets-rule": lambda dashboard, panel, target: panel.update(targets=[]),
    "target-promql-rule": set_expression(f"sum(x{{{SELECTED}}}"),
    "target-rate-interval-rule": set_expression(f"rate(x_total{{{SELECTED}}}[5m])"),
    "target-job-rule": set_expression('x{instance=~"$instance"}'),
    "target-instance-rule": set_expression(f'x{{{SELECTED}}} / y{{job=~"$job", instance="$instance"}}'),
    "target-counter-agg-rule": set_expression(f"sum(x_total{{{SELECTED}}})"),
}


class Rules(unittest.TestCase):
    def test_every_rule_has_a_bad_example(self):
        self.assertEqual(sorted(BAD), sorted(lint_rules.RULES))

    def test_each_bad_example_is_found_by_its_rule_alone(self):
        self.assertEqual(broken(lambda *_: None), [])
        for rule, change in BAD.items():
            with self.subTest(rule):
                self.assertEqual(broken(change), [rule])

    def test_selectors_of_an_expression_are_found(self):
        expression = 'sum by (a, b) (rate(x_total{a=~"$a", c!="d,e}"}[$__rate_interval])) / on (a) group_left () y unless z'
        self.assertEqual(
            promql.selectors(expression),
            [
                promql.Selector("x_total", [("a", "=~", "$a"), ("c", "!=", "d,e}")], "$__rate_interval", "rate"),
                promql.Selector("y", []),
                promql.Selector("z", []),
            ],
        )

    def test_variables_are_put_in_as_grafana_does(self):
        self.assertEqual(
            grafana.substituted('x{a=~"$a", b=~"$b"}[$__rate_interval]', {"a": ["1.2:3", "c"]}),
            r'x{a=~"(1\\.2:3|c)", b=~".+"}[10s]',
        )

    def test_an_exception_needs_a_reason(self):
        with self.assertRaisesRegex(ValueError, "some-rule has no reason"):
            lint_file.read("exclusions:\n  some-rule:\n    entries:\n    - dashboard: D\n      panel: P\n")


class Dashboards(unittest.TestCase):
    def test_they_are_what_the_generator_writes(self):
        done = subprocess.run([sys.executable, "-B", GRAFANA / "generate.py", "--check"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_they_keep_the_rules_but_for_the_exceptions_of_the_lint_file(self):
        exclusions = lint_file.read((GRAFANA / "dashboards" / ".lint").read_text())
        found = {}
        for dashboard in DASHBOARDS:
            for rule, panel, message in lint_rules.findings(dashboard):
                found[(rule, dashboard["title"], panel)] = message
        self.assertEqual({where: message for where, message in found.items() if where not in exclusions}, {})
        self.assertEqual(sorted(set(exclusions) - set(found)), [], "exceptions that nothing needs")

    def test_they_can_be_provisioned_and_linked(self):
        self.assertEqual(len({dashboard["uid"] for dashboard in DASHBOARDS}), 4)
        for dashboard in DASHBOARDS:
            with self.subTest(dashboard["title"]):
                self.assertIsNone(dashboard["id"])
                self.assertNotIn("__inputs", dashboard)
                self.assertEqual(dashboard["schemaVersion"], 39)
                self.assertTrue(dashboard["links"][0]["includeVars"])
                self.assertIn(dashboard["links"][0]["tags"][0], dashboard["tags"])

    def test_every_series_is_a_documented_one_or_recorded(self):
        documented = re.findall(r"\b(?:simclr|grpc|process)_\w+", METRICS.read_text())
        recorded = [name for file in RULES.glob("*.yaml") for name in re.findall(r"record: (\S+)", file.read_text())]
        known = {*documented, *recorded, "up", "ALERTS"}
        for dashboard in DASHBOARDS:
            for panel in lint_rules.panels(dashboard):
                for target in panel["targets"]:
                    for selector in promql.selectors(target["expr"]):
                        name = re.sub(r"_(bucket|count|sum)$", "", selector.metric)
                        self.assertTrue({name, selector.metric} & known, f"{panel['title']}: {selector.metric}")

    def test_panels_have_names_of_their_own_and_do_not_overlap(self):
        for dashboard in DASHBOARDS:
            titles = [panel["title"] for panel in lint_rules.panels(dashboard)]
            self.assertEqual(len(titles), len(set(titles)), dashboard["title"])
            self.assertEqual(len({panel["id"] for panel in dashboard["panels"]}), len(dashboard["panels"]))
            taken = set()
            for panel in dashboard["panels"]:
                place = panel["gridPos"]
                cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
                self.assertFalse(taken & cells, panel["title"])
                self.assertLessEqual(place["x"] + place["w"], 24)
                taken |= cells


if __name__ == "__main__":
    promtool.require()
    unittest.main()
