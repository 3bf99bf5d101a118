"""The rules of Grafana's public dashboard linter over the classic JSON, for dashboards on Prometheus.

A rule is a function of the dashboard that yields (title of the panel or "", message). Names and meaning are the linter's;
stricter: every kind of panel is checked, and value mappings do not excuse from a unit. Left out: the rules for Loki, and
uneditable-dashboard (ours may be edited).
"""

import promql
import promtool

UNITS = {"none", "percentunit", "s", "bytes", "ops", "reqps", "watt", "celsius"}
RANGE = "$__rate_interval"


def panels(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def each_panel(check):
    """The rule that applies check(panel), which yields messages, to every panel."""

    def rule(dashboard):
        for panel in panels(dashboard):
            for message in check(panel):
                yield panel.get("title", ""), message

    return rule


def each_target(check):
    """The rule that applies check(expression) to every target."""
    return each_panel(lambda panel: (message for target in panel["targets"] for message in check(target["expr"])))


def variables(dashboard, kind):
    return [variable for variable in dashboard["templating"]["list"] if variable["type"] == kind]


def template_datasource(dashboard):
    found = [variable["name"] for variable in variables(dashboard, "datasource")]
    if found != ["datasource"]:
        yield "", f"data source variables are {found}, not the one 'datasource'"


def template(name):
    """The rule for the variable that chooses targets by the label of that name."""

    def rule(dashboard):
        found = [variable for variable in variables(dashboard, "query") if variable["name"] == name]
        if not found:
            yield "", f"there is no query variable '{name}'"
            return
        wanted = {"label": name.title(), "multi": True, "allValue": ".+"}
        for field, value in wanted.items():
            if found[0].get(field) != value:
                yield "", f"variable '{name}': {field} is {found[0].get(field)!r}, not {value!r}"
        if found[0]["datasource"].get("uid") != "${datasource}":
            yield "", f"variable '{name}' does not use the data source variable"

    return rule


def template_label_promql(dashboard):
    selectors = {}
    for variable in variables(dashboard, "query"):
        parts = promql.LABEL_VALUES.fullmatch(variable["query"])
        if parts:
            selectors[parts["selector"]] = variable["name"]
        else:
            yield "", f"variable '{variable['name']}': the query is not label_values(SELECTOR, LABEL)"
    for selector, error in promtool.errors(selectors).items():
        yield "", f"variable '{selectors[selector]}': {error}"


def template_on_time_change_reload(dashboard):
    for variable in variables(dashboard, "query"):
        if variable.get("refresh") != 2:
            yield "", f"variable '{variable['name']}' is not refreshed when the time range changes"


def panel_datasource(panel):
    for source in [panel.get("datasource", {}), *(target.get("datasource", {}) for target in panel["targets"])]:
        if source.get("uid") != "${datasource}":
            yield f"uses the data source {source.get('uid')!r}, not the variable"


def panel_title_description(panel):
    for field in ("title", "description"):
        if not panel.get(field):
            yield f"has no {field}"


def panel_units(panel):
    unit = panel["fieldConfig"]["defaults"].get("unit")
    if unit not in UNITS:
        yield f"has no known unit: {unit!r}"


def panel_no_targets(panel):
    if not panel["targets"]:
        yield "has no targets"


def target_promql(dashboard):
    places = [(panel.get("title", ""), target["expr"]) for panel in panels(dashboard) for target in panel["targets"]]
    errors = promtool.errors([expression for _, expression in places])
    for title, expression in places:
        if expression in errors:
            yield title, errors[expression]


def target_rate_interval(expression):
    for selector in promql.selectors(expression):
        if selector.range and selector.range != RANGE:
            yield f"{selector.metric}: the range is {selector.range}, not {RANGE}"


def target_matcher(label):
    """Every selector must be restricted by the variable that is named as the label."""

    def check(expression):
        for selector in promql.selectors(expression):
            if (label, "=~", f"${label}") not in selector.matchers:
                yield f'{selector.metric} is not selected by {label}=~"${label}"'

    return check


def target_counter_agg(expression):
    for selector in promql.selectors(expression):
        if selector.metric.endswith("_total") and selector.function not in ("rate", "irate", "increase"):
            yield f"{selector.metric} is a counter and stands outside of rate and increase"


RULES = {
    "template-datasource-rule": template_datasource,
    "template-job-rule": template("job"),
    "template-instance-rule": template("instance"),
    "template-label-promql-rule": template_label_promql,
    "template-on-time-change-reload-rule": template_on_time_change_reload,
    "panel-datasource-rule": each_panel(panel_datasource),
    "panel-title-description-rule": each_panel(panel_title_description),
    "panel-units-rule": each_panel(panel_units),
    "panel-no-targets-rule": each_panel(panel_no_targets),
    "target-promql-rule": target_promql,
    "target-rate-interval-rule": each_target(target_rate_interval),
    "target-job-rule": each_target(target_matcher("job")),
    "target-instance-rule": each_target(target_matcher("instance")),
    "target-counter-agg-rule": each_target(target_counter_agg),
}


def findings(dashboard):
    """What the rules say, as (rule, title of the panel or "", message)."""
    return [(name, title, message) for name, rule in RULES.items() for title, message in rule(dashboard)]
