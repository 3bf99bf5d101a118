"""A cancelled job ends though the kernel does not let its trainer go; the trainer is named and keeps its slot until it is gone."""

import contextlib
import pathlib

from fault_lab import expect, holds_within
from frozen_disk import FrozenDisk

# It waits in a write that no signal interrupts.
_TRAINER = """#!/bin/sh
while ! test -e {go}; do sleep 0.1; done
exec dd if=/dev/zero of={root}/from-a-trainer bs=4096 count=1 status=none
"""


def _waits_in_the_kernel():
    """The program that took the place of the shell, in its write."""
    for command in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if b"of=" in command.read_bytes() and b"from-a-trainer" in command.read_bytes():
                return True
    return False


def _slot(client):
    return client.call("ClusterService/ListWorkers").workers[0].slots[0]


def _run(lab, disk, root):
    trainer, go = lab.directory / "trainer", lab.directory / "go"
    trainer.write_text(_TRAINER.format(go=go, root=root), encoding="ascii")
    trainer.chmod(0o755)
    coordinator = lab.coordinator(flags=lab.known("simclr-coordinator", "--stop-limit=12s"))
    lab.worker(coordinator, "node-1", trainer, flags=lab.known("simclr-worker", "--frozen-limit=1h"))
    client = coordinator.client()
    job = client.submit("stuck")
    expect(holds_within(20, lambda: client.job(job).status.attempt == 1), "the job was not started")
    disk.freeze()
    go.touch()
    expect(holds_within(20, _waits_in_the_kernel), "the trainer does not write")
    client.call("JobService/CancelJob", job=job)
    ended = holds_within(40, lambda: client.phase(job) == "CANCELLED")
    expect(ended, f"40 s after the cancellation the job is {client.phase(job)}: its trainer waits in the kernel")
    message, reason = client.job(job).status.message, _slot(client).unusable_reason
    described = lab.ctl(coordinator, "describe", "worker", "node-1").stdout.decode()
    expect("waits in the kernel (" in message, f"the message does not name where the trainer waits: {message}")
    expect(job in reason and "pid " in reason, f"the slot's record does not name the trainer: '{reason}'")
    expect("waits in the kernel" in described, f"describe worker does not show it:\n{described}")
    next_job = client.submit("next")
    expect(not holds_within(5, lambda: client.job(next_job).status.attempt), "the slot was given away while the trainer is there")
    disk.thaw()
    expect(holds_within(20, lambda: client.job(next_job).status.attempt), "the slot is not free after the thaw")
    return message


def run(lab):
    root = lab.directory / "coordinator/artifacts"
    with FrozenDisk(lab, root) as disk:
        return _run(lab, disk, root)
