"""Twelve thousand ended jobs can still be listed."""

from fault_lab import expect
from old_state import ended_jobs, write_state

_JOBS = 12_000


def run(lab):
    write_state(lab.directory / "coordinator/data", ended_jobs(_JOBS))
    coordinator = lab.coordinator()
    listed = lab.ctl(coordinator, "get", "jobs")
    expect(listed.returncode == 0, f"exit {listed.returncode}: {listed.stderr.decode()}")
    lines = listed.stdout.decode().count("\nold-") + listed.stdout.decode().count(" old-")
    expect(lines >= _JOBS, f"only {lines} of {_JOBS} jobs are listed")
    return f"{lines} jobs are listed"
