"""The chart as something to ask: rendering with values, finding pods, and what the pinned tools are."""

import json
import pathlib
import subprocess
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
CHART = REPOSITORY / "deploy/helm/simclr"
MANIFESTS = REPOSITORY / "deploy/manifests"
NAMESPACE = "simclr"
RELEASE = "simclr"


def _tools():
    root = subprocess.run([REPOSITORY / "scripts/tools-root"], check=True, capture_output=True, text=True).stdout.strip()
    if not pathlib.Path(root, "bin/helm").exists():
        sys.exit(f"{root} has no helm; run scripts/setup")
    sys.path.insert(0, root)
    return pathlib.Path(root)


TOOLS = _tools()
HELM, KUBECTL = TOOLS / "bin/helm", TOOLS / "bin/kubectl"

import yaml  # noqa: E402  from the pinned tools


class RenderError(Exception):
    """helm refused; the text is what it said."""


def helm(verb, values, *flags):
    """Runs `helm verb` on the chart with these values; its output, or RenderError."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(values, file)
        file.flush()
        name = [RELEASE] if verb == "template" else []
        command = [HELM, verb, *name, CHART, "--namespace", NAMESPACE, "--values", file.name, *flags]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RenderError(done.stdout + done.stderr)
    return done.stdout


def objects(text):
    return [found for found in yaml.safe_load_all(text) if found]


def render(values, *flags):
    return objects(helm("template", values, *flags))


def default_values():
    return yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))


def merged(base, change):
    """Values as helm merges them: maps by key, everything else replaced."""
    if not (isinstance(base, dict) and isinstance(change, dict)):
        return change
    return {key: merged(base[key], change[key]) if key in base and key in change else {**base, **change}[key]
            for key in {**base, **change}}  # fmt: skip


def name(found):
    return found["metadata"]["name"]


def of_kind(found, *kinds):
    return [one for one in found if one["kind"] in kinds]


def the(found, kind, suffix):
    """The one object of that kind whose name ends so."""
    matching = [one for one in of_kind(found, kind) if name(one).endswith(suffix)]
    assert len(matching) == 1, f"{len(matching)} objects {kind} *{suffix}"
    return matching[0]


def pod_specs(found):
    """(object, spec of its pods) for everything that runs containers, jobs of a JobSet included."""
    for one in found:
        if one["kind"] in ("StatefulSet", "Deployment", "Job"):
            yield one, one["spec"]["template"]["spec"]
        elif one["kind"] == "Pod":
            yield one, one["spec"]
        elif one["kind"] == "JobSet":
            for job in one["spec"]["replicatedJobs"]:
                yield one, job["template"]["spec"]["template"]["spec"]


def flags_of(container):
    """{"--name": ["value", ...]} of a container's arguments; words without dashes are under ""."""
    given = {}
    for word in container.get("args", []):
        flag, _, value = word.partition("=") if word.startswith("-") else ("", "", word)
        given.setdefault(flag, []).append(value)
    return given


def bytes_of(quantity):
    """"16Gi" -> bytes."""
    units = {"Mi": 1 << 20, "Gi": 1 << 30}
    return int(quantity[:-2]) * units[quantity[-2:]]
