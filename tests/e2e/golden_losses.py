"""The first 20 losses of three small jobs, as they always were.

    golden_losses.py FOLDER_OF_THE_PROGRAMS [--record CAUSE] [--golden FOLDER] [--set [JOB:]FIELD=VALUE]...

Runs the jobs of tests/golden/losses/jobs.yaml through a local cluster and compares each step's loss with losses.json beside
them. --record writes the losses instead and adds the cause to the file's list of changes: the numbers hold from commit
to commit, so that none changes what is trained without saying so. --set changes the jobs, to see the test fail.
LibTorch and oneDNN choose kernels by the processor; both are held to AVX2 here, so that the numbers hold on any
processor that has it. Exit code 77 (skipped) on one that has not.
"""

import argparse
import csv
import json
import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/support"))
from local_cluster import LocalCluster  # noqa: E402

DEVICE_CLASS = "cpu-avx2"
KERNELS = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
STEPS = 20
TOLERANCE = 1e-5  # relative to the expected loss
NUMBERS = re.compile(r"\[[0-9.,\s]+\]")  # written on one line
LIMIT_S = 120  # a job takes a few seconds


def has_avx2():
    return "avx2" in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").split()


def measured(programs, job_file, settings):
    """The losses of each job, in step order, by the job's name."""
    with tempfile.TemporaryDirectory() as folder:
        one_thread = ("--threads-per-slot", 1)
        with LocalCluster(programs, folder, workers=1, slots=1, up=one_thread, environment=KERNELS) as cluster:
            ids = cluster.submit(job_file, *settings)
            for job_id in ids:
                cluster.await_job(job_id, "done", LIMIT_S)
            names = {job["id"]: name for name, job in cluster.jobs().items()}
            return {names[job_id]: losses_of(cluster, job_id) for job_id in ids}


def losses_of(cluster, job_id):
    rows = list(csv.DictReader(cluster.ctl("metrics", job_id, "-o", "csv").splitlines()))
    assert [int(row["step"]) for row in rows] == list(range(1, STEPS + 1)), f"{job_id} has not {STEPS} steps, each once"
    return [float(row["loss"]) for row in rows]


def differences(expected, seen):
    """A line for each loss that is not as expected."""
    assert expected.keys() == seen.keys(), f"golden are {sorted(expected)}, trained were {sorted(seen)}"
    return [
        f"{job}, step {step}: expected loss {golden:.9g}, seen {loss:.9g}, off by {abs(loss - golden) / golden:.1e}"
        for job in expected
        for step, (golden, loss) in enumerate(zip(expected[job], seen[job], strict=True), 1)
        if not abs(loss - golden) <= TOLERANCE * golden
    ]


def record(path, seen, cause):
    document = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    changes = [*document.get("changes", []), cause]
    about = f"Losses of jobs.yaml, steps 1 to {STEPS}, by class of device. Written by golden_losses.py --record CAUSE alone."
    by_class = {**document.get("losses", {}), DEVICE_CLASS: seen}
    text = json.dumps({"about": about, "changes": changes, "losses": by_class}, indent=1)
    path.write_text(NUMBERS.sub(lambda numbers: " ".join(numbers[0][1:-1].split()).join("[]"), text) + "\n", encoding="utf-8")
    print(f"recorded {path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs")
    parser.add_argument("--record", metavar="CAUSE", help="why the numbers are others from now on")
    parser.add_argument("--golden", type=pathlib.Path, default=ROOT / "tests/golden/losses")
    parser.add_argument("--set", action="append", default=[], dest="settings")
    arguments = parser.parse_args()
    if not has_avx2():
        print("skipped: the golden losses are those of AVX2, which this processor has not")
        return 77
    seen = measured(arguments.programs, arguments.golden / "jobs.yaml", arguments.settings)
    golden = arguments.golden / "losses.json"
    if arguments.record:
        record(golden, seen, arguments.record)
        return 0
    wrong = differences(json.loads(golden.read_text(encoding="utf-8"))["losses"][DEVICE_CLASS], seen)
    print("\n".join(wrong) or f"{len(seen)} jobs trained as recorded")
    if wrong:
        print(f"If this is meant, record it: {sys.argv[0]} {arguments.programs} --record 'why'")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
