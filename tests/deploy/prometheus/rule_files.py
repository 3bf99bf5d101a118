"""Reads deploy/prometheus (rules and their unit tests), docs/metrics.md and docs/runbooks for the tests of this folder."""

import functools
import pathlib
import re

import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
PROMETHEUS = REPOSITORY / "deploy/prometheus"
RUNBOOKS = REPOSITORY / "docs/runbooks"
METRICS = REPOSITORY / "docs/metrics.md"

METRIC_ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<type>\w+) \| (?P<labels>[\w, ]*) \|", re.MULTILINE)
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
METRIC = re.compile(r"(?<![\w:])(?P<name>(?:simclr|grpc_server|process)_\w+)(?:\{(?P<matchers>[^}]*)\})?")
MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
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
    """Name -> (type, labels) of every metric that the programs export."""
    text = METRICS.read_text(encoding="utf-8")
    return {row["name"]: (row["type"], set(re.findall(r"\w+", row["labels"]))) for row in METRIC_ROW.finditer(text)}


def unknown_metrics(expression, known):
    """What an expression reads that no program exports: names, and labels that its metric does not have."""
    found = []
    for match in METRIC.finditer(expression):
        kind, labels = known.get(match["name"], ("", set()))
        for part in HISTOGRAM_PARTS:
            base, has_part, _ = match["name"].rpartition(part)
            if not kind and has_part and known.get(base, [""])[0] == "histogram":
                kind, labels = "histogram", known[base][1] | {"le"}
        if not kind:
            found.append(match["name"])
        found += [f"{match['name']}{{{label}}}" for label in MATCHER.findall(match["matchers"] or "") if kind and label not in labels]
    return found


def commands(page):
    """The shell blocks of a runbook page."""
    return SHELL_BLOCK.findall(page.read_text(encoding="utf-8"))
