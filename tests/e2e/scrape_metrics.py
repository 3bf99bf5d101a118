"""Scrapes the programs of a local cluster that pre-trains and evaluates, and compares what they serve with docs/metrics.md.

Usage: scrape_metrics.py FOLDER_OF_THE_PROGRAMS

Each served family must have the type, help and labels of the table, each row of the table must be served at some moment (but for
those that need what is not there: ABSENT), and promtool, where it is installed, must have nothing to say.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(REPOSITORY / "tests" / "integration"), str(REPOSITORY / "tests" / "support")]
from local_cluster import LocalCluster  # noqa: E402
from metrics_document import DOCUMENT, table_of  # noqa: E402

PROGRAMS = {"simclr-coordinator": "coordinator", "simclr-worker": "workers/worker-1"}  # with their directories
LIMIT_S = 240
POLL_S = 0.5
JOBS = """
name: scraped
data: {source: "synthetic:train=256,test=64", image_size: 16}
augment: {preset: cifar10}
resources: {ranks: 2}
model: {encoder: resnet18, width: 0.0625, stem: cifar, head: {out: 16, hidden: 16}}
optimizer: {lr: 0.1, scaling: none, warmup_epochs: 0}
train: {epochs: 12, global_batch: 32, seed: 1}
checkpoint: {every_epochs: 2}
---
name: scraped-linear
kind: linear-eval
after: scraped
data: {source: "synthetic:train=256,test=64", test: "synthetic:train=256,test=64"}
linear_eval: {epochs: 3}
---
name: too-large  # waits for ever, so that there is a queue
data: {source: "synthetic:train=256,test=64"}
resources: {ranks: 16}
train: {global_batch: 32}
"""
# Rows that this run cannot show, by the start of their names.
ABSENT = ("simclr_gpu_",)

SAMPLE = re.compile(r"^([a-z_0-9]+)(?:\{(.*)\})? ")
LABEL = re.compile(r'([a-z_0-9]+)="(?:[^"\\]|\\.)*"')
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count")}


def families(text):
    """What a scrape says: name -> (type, set of labels, help)."""
    types, helps, labels = {}, {}, {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, words = line.split(" ", 3)
            helps[name] = words
        elif line.startswith("# TYPE "):
            _, _, name, types[name] = line.split(" ")
        else:
            sample, inside = SAMPLE.match(line).groups()
            name = next((n for n in types if sample in {n + s for s in SUFFIXES.get(types[n], ("",))}), None)
            assert name, f"the sample {sample} belongs to no family"
            labels.setdefault(name, set()).add(frozenset(LABEL.findall(inside or "")) - {"le"})
    for name, found in labels.items():
        assert len(found) == 1, f"{name}: series with different labels {found}"
    return {name: (types[name], *labels[name], helps[name]) for name in labels}


def compare(program, served, table):
    """Findings where a family is not as the table says."""
    for name, family in served.items():
        if name not in table:
            yield f"{program}: {name} is served but not in docs/metrics.md"
        elif family != table[name]:
            yield f"{program}: {name} is served as {family}, docs/metrics.md says {table[name]}"


def check_with_promtool(program, text):
    if shutil.which("promtool") is None:
        print(f"promtool is not installed: {program} is not checked with it")
        return []
    result = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    return [f"{program}: promtool: {result.stderr.strip()}"] if result.returncode or result.stderr else []


def watch(cluster, tables):
    """Scrapes until the evaluation has ended and no row is missing. Returns (findings, missing rows)."""
    findings, seen = [], {program: set() for program in PROGRAMS}
    deadline = time.monotonic() + LIMIT_S
    while True:
        phases = {name: job["status"]["phase"] for name, job in cluster.jobs().items()}
        assert not {"FAILED", "CANCELLED"} & set(phases.values()), phases
        for program, place in PROGRAMS.items():
            served = families(cluster.metrics(place))
            findings += compare(program, served, tables[program])
            seen[program] |= set(served)
        missing = [f"{p}: {n}" for p in PROGRAMS for n in tables[p] if n not in seen[p] and not n.startswith(ABSENT)]
        over = phases["scraped-linear"] == "SUCCEEDED" and not missing
        if findings or over or time.monotonic() > deadline:
            return findings, missing
        time.sleep(POLL_S)


def main():
    document = DOCUMENT.read_text(encoding="utf-8")
    tables = {program: table_of(document, program) for program in PROGRAMS}
    with tempfile.TemporaryDirectory() as folder, LocalCluster(sys.argv[1], folder, workers=1, slots=2) as cluster:
        cluster.submit_text(JOBS)
        findings, missing = watch(cluster, tables)
        findings += [f"{row} was never served" for row in missing]
        for program, place in PROGRAMS.items():
            findings += check_with_promtool(program, cluster.metrics(place))
    print("\n".join(findings) or "the programs serve what docs/metrics.md says")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
