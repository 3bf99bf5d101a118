"""Ended jobs cost little memory, and can be deleted."""

from fault_lab import expect
from old_state import ended_jobs, write_state

_JOBS = 20_000
_BYTES_A_JOB = 2_000


def run(lab):
    write_state(lab.directory / "full/data", ended_jobs(_JOBS))
    lab.coordinator("full").stop()  # a first start may convert the database
    full = lab.coordinator("full")
    more = full.resident_bytes() - lab.coordinator("empty").resident_bytes()
    deleted = lab.ctl(full, "delete", "old-7")
    seen = f"{_JOBS} ended jobs take {more / 1e6:.0f} MB; simclrctl delete: exit {deleted.returncode} {deleted.stderr.decode().strip()[:120]}"
    expect(more < _JOBS * _BYTES_A_JOB and deleted.returncode == 0, seen)
    gone = lab.ctl(full, "get", "job", "old-7")
    expect(gone.returncode != 0, "a job that was deleted is still there")
    return seen
