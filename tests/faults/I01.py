"""A damaged picture whose name is no UTF-8 is named in escaped form; training goes on, and its reports arrive."""

from fault_lab import Skipped, expect, holds_within
from pictures import JOB, fill
from rpc_client import job_pb2

_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
_NAME = b"caf\xe9.png"


def _run(lab, coordinator, folder, bad):
    """Phase and status of a job over the folder, once it has ended."""
    lab.submit(coordinator, JOB.format(folder=folder, bad=bad, epochs=1))
    client = coordinator.client()
    holds_within(100, lambda: client.phase("t") in _ENDED or client.job("t").status.attempt > 1)
    return client.phase("t"), client.job("t").status


def run(lab):
    if not lab.has("simclr-trainer"):
        raise Skipped("these programs have no simclr-trainer")
    fill(lab.directory / "tolerated/a", 200, [_NAME])
    fill(lab.directory / "refused/a", 20, [_NAME])
    coordinator = lab.coordinator()
    lab.worker(coordinator, "node-1")
    phase, status = _run(lab, coordinator, lab.directory / "tolerated", 0.01)
    seen = f"1 of 201 pictures: {phase} at step {status.step} of {status.total_steps} {status.message!a}"
    expect(phase == "SUCCEEDED" and status.step == status.total_steps > 0 and len(status.results) > 0, seen)
    expect(_names_it(lab, coordinator), f"{seen}; the log does not name the picture")
    phase, status = _run(lab, coordinator, lab.directory / "refused", 0)
    seen = f"1 of 21 pictures, none may be damaged: {phase} in attempt {status.attempt}: {status.message!a}"
    expect(phase == "FAILED" and status.attempt == 1 and status.failure == job_pb2.FAILURE_CLASS_DATA_ERROR, seen)
    expect(_names_it(lab, coordinator), f"{seen}; the log does not name the picture")
    return seen


def _names_it(lab, coordinator):
    return holds_within(10, lambda: b"caf\\xe9.png" in lab.ctl(coordinator, "logs", "t", "--rank", "0").stdout)
