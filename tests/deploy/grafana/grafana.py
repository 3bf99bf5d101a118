"""What Grafana does between a dashboard's JSON and Prometheus: variables, queries, legends."""

import json
import math
import pathlib
import re

import promql

FOLDER = pathlib.Path(__file__).resolve().parents[3] / "deploy" / "grafana" / "dashboards"
RATE_INTERVAL = "10s"  # of a Prometheus that scrapes every second
ANY = ".+"


def dashboards():
    return [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]


def dashboard(uid):
    return next(found for found in dashboards() if found["uid"] == uid)


def panels(board):
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def panel(uid, title):
    return next(found for found in panels(dashboard(uid)) if found["title"] == title)


def query_variables(board):
    """(name, selector, label) of each variable whose values come from Prometheus, in order."""
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            parts = promql.LABEL_VALUES.fullmatch(variable["query"])
            yield variable["name"], parts["selector"], parts["label"]


def all_chosen(board, values):
    """What `substituted` wants where every variable is at All: the listed values of those without an expression of their own."""
    listed = {variable["name"] for variable in board["templating"]["list"] if not variable.get("allValue")}
    return {name: chosen for name, chosen in values.items() if name in listed}


def substituted(expression, chosen):
    """The expression with its variables; `chosen` maps a name to a list of values, everything else is any value."""

    def value(match):
        name = match["name"]
        if name == "__rate_interval":
            return RATE_INTERVAL
        return "(" + "|".join(map(_escaped, chosen[name])) + ")" if chosen.get(name) else ANY

    return re.sub(r"\$(?P<name>\w+)", value, expression)


def _escaped(text):
    return re.escape(text).replace("\\", "\\\\")


def may_be_empty(found):
    return "May be empty: " in found["description"]


def has_values(series):
    return any(not math.isnan(float(value)) for one in series for _, value in one["values"])


def missing_labels(target, series):
    """Labels that the legend names and a series lacks."""
    named = set(re.findall(r"{{\s*(\w+)\s*}}", target["legendFormat"]))
    return {label for one in series for label in named - set(one["metric"])}


def legend(target, metric):
    return re.sub(r"{{\s*(\w+)\s*}}", lambda match: metric.get(match[1], ""), target["legendFormat"])
