"""Reads deploy/prometheus (rules and their unit tests), deploy/grafana, docs/metrics.md and docs/runbooks for the tests of
this folder."""

import functools
import json
import pathlib
import re

import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
PROMETHEUS = REPOSITORY / "deploy/prometheus"
DASHBOARDS = REPOSITORY / "deploy/grafana/dashboards"
RUNBOOKS = REPOSITORY / "docs/runbooks"
METRICS = REPOSITORY / "docs/metrics.md"

METRIC_ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<type>\w+) \| (?P<labels>[\w, ]*) \|", re.MULTILINE)
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
WORDS_ROW = re.compile(r"^\| `(?P<label>\w+)` \| (?P<words>[\w, .]+) \| (?P<metrics>`[\w`, ]+`) \|$", re.MULTILINE)
METRIC = re.compile(r"(?<![\w:])(?P<name>(?:simclr|grpc_server|process)_\w+)(?:\{(?P<matchers>[^}]*)\})?")
RECORDED = re.compile(r"(?<!\w)[a-z_]+:(?P<name>(?:simclr|grpc_server)_\w+):\w+\{(?P<matchers>[^}]*)\}")
MATCHER = re.compile(r'(?P<label>\w+)\s*(?P<operator>=~|!~|!=|=)\s*"(?P<value>[^"]*)"')
OF_THE_TARGET = {"job", "instance"}  # labels that Prometheus adds
DURATION = re.compile(r"(\d+)([hms])")
HISTOGRAM_PARTS = ("_bucket", "_sum", "_count")


@functools.lru_cache(maxsize=None)
def _files(folder):
    paths = sorted((PROMETHEUS / folder).glob("*.yaml"))
    return [yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader) for path in paths]


def rules(kind):
    """All rules that are an "alert" or a "record"."""
    return [rule for file in _files("rules") for group in file["groups"] for rule in group["rules"] if kind in rule]


def unit_tests():
    """(evaluation interval in seconds, test) of every unit test."""
    for file in _files("tests"):
        for test in file["tests"]:
            yield seconds(file["evaluation_interval"]), test


def seconds(duration):
    return sum(int(number) * {"h": 3600, "m": 60, "s": 1}[unit] for number, unit in DURATION.findall(duration))


def known_metrics():
    """Name -> (type, {label: its words, or none where it is open}) of every metric that the programs export."""
    text = METRICS.read_text(encoding="utf-8")
    known = {}
    for row in METRIC_ROW.finditer(text):
        _, labels = known.setdefault(row["name"], (row["type"], {}))
        for label in re.findall(r"\w+", row["labels"]):
            labels.setdefault(label, set())
    for row in WORDS_ROW.finditer(text):
        for name in re.findall(r"\w+", row["metrics"]):
            known[name][1][row["label"]].update(row["words"].split(", "))
    return known


def _find(name, known):
    """(type, labels) of a metric, also of a part of a histogram; type "" where there is none."""
    if name in known:
        return known[name]
    for part in HISTOGRAM_PARTS:
        base, has_part, _ = name.rpartition(part)
        if has_part and known.get(base, [""])[0] == "histogram":
            return "histogram", {**known[base][1], "le": set()}
    return "", {}


def _unknown_words(matchers, labels, name):
    """The values in matchers that the closed label they are about does not have."""
    for match in MATCHER.finditer(matchers):
        words = labels.get(match["label"], set())
        values = match["value"].strip("()").split("|") if "~" in match["operator"] else [match["value"]]
        for value in values:
            if words and re.fullmatch(r"[\w.]+", value) and value not in words:
                yield f'{name}{{{match["label"]}="{value}"}}'


def unknown_metrics(expression, known):
    """What an expression reads that no program exports: names, labels that their metric does not have, and words that the
    label does not have."""
    found = []
    for match in METRIC.finditer(expression):
        kind, labels = _find(match["name"], known)
        if not kind:
            found.append(match["name"])
            continue
        matchers = match["matchers"] or ""
        for matcher in MATCHER.finditer(matchers):
            if matcher["label"] not in labels.keys() | OF_THE_TARGET:
                found.append(f"{match['name']}{{{matcher['label']}}}")
        found += _unknown_words(matchers, labels, match["name"])
    for match in RECORDED.finditer(expression):  # a rule keeps labels of the metric that it is made of
        kind, labels = _find(match["name"], known)
        if not kind:
            labels = _find(match["name"] + "_total", known)[1]
        found += _unknown_words(match["matchers"], labels, match["name"])
    return found


def words_of_labels(known):
    """label -> the words that it has in any metric; without those that are open in one."""
    words, open_labels = {}, set()
    for _, labels in known.values():
        for label, own in labels.items():
            words.setdefault(label, set()).update(own)
            open_labels |= set() if own else {label}
    return {label: own for label, own in words.items() if label not in open_labels}


def dashboard_expressions():
    """(name of the dashboard, expression) of every target and every variable."""
    for path in sorted(DASHBOARDS.glob("*.json")):
        dashboard = json.loads(path.read_text(encoding="utf-8"))
        for panel in dashboard["panels"]:
            yield from ((path.stem, target["expr"]) for target in panel.get("targets", []))
        yield from ((path.stem, one["query"]) for one in dashboard["templating"]["list"] if one["type"] == "query")


def commands(page):
    """The shell blocks of a runbook page."""
    return SHELL_BLOCK.findall(page.read_text(encoding="utf-8"))
