"""Reads deploy/compose/compose.yaml and docker/Dockerfile for the tests of this folder."""

import json
import pathlib
import re

import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
FOLDER = REPOSITORY / "deploy/compose"
FILE = FOLDER / "compose.yaml"


def load():
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def services():
    return load()["services"]


def lasting():
    """The services that go on running; the others do one thing and end."""
    return {name: service for name, service in services().items() if "restart" in service}


def mounts(service):
    """Path in the container -> name of the volume or path on the host."""
    parts = (re.match(r"(?P<source>\$\{[^}]*\}|[^:]+):(?P<target>[^:]+)", text) for text in service.get("volumes", []))
    return {part["target"]: part["source"] for part in parts}


def program(target):
    """The program that the Dockerfile's target starts."""
    text = (REPOSITORY / "docker/Dockerfile").read_text(encoding="utf-8")
    stage = re.search(rf"^FROM \S+ AS {re.escape(target)}\n(.*?)(?=^FROM |\Z)", text, re.MULTILINE | re.DOTALL)
    assert stage, f"docker/Dockerfile has no target {target}"
    entry = re.search(r"^ENTRYPOINT (\[.*\])$", stage[1], re.MULTILINE)
    return pathlib.PurePath(json.loads(entry[1])[0]).name
