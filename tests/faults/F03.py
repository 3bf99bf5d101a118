"""An artifact root that does not answer for 25 s costs nothing but the log that waits for it."""

from fault_lab import expect, holds_within
from frozen_disk import FrozenDisk
from rpc_client import MODULES

_CONNECTED = 1  # WORKER_STATE_CONNECTED, which was called alive once
_TRAINER = """#!/bin/sh
echo "first words of a trainer"
exec sleep 1000
"""


def _attempt(client, job):
    return client.job(job).status.attempt


def _state(client, worker):
    workers = client.call("ClusterService/ListWorkers").workers
    return next(seen.state for seen in workers if seen.name == worker)


def _submit(client, name):
    job = client.submit(name)
    expect(holds_within(20, lambda: _attempt(client, job) == 1), f"{name} was not started")
    return job


def _log(root, job):
    return b"".join(path.read_bytes() for path in (root / job / "logs").glob("*.log"))


def _run(lab, disk, root):
    trainer = lab.directory / "trainer"
    trainer.write_text(_TRAINER, encoding="ascii")
    trainer.chmod(0o755)
    coordinator = lab.coordinator()
    flags = lab.known("simclr-worker", "--frozen-limit=1h")
    lab.worker(coordinator, "node-1", trainer, slots=2, flags=flags)
    client = coordinator.client()
    ends, trains = _submit(client, "ends"), _submit(client, "trains")
    # Of both the trainer has spoken.
    logs = (lab.directory / "node-1/worker").glob
    expect(holds_within(20, lambda: len([log for log in logs("trainers/*/log") if log.stat().st_size]) == 2), "no trainer spoke")
    disk.freeze()
    client.call("JobService/CancelJob", job=ends)
    told = holds_within(8, lambda: client.phase(ends) == "CANCELLED")
    lost = holds_within(25, lambda: _state(client, "node-1") != _CONNECTED or _attempt(client, trains) != 1)
    described = lab.ctl(coordinator, "describe", "worker", "node-1").stdout.decode()
    disk.thaw()
    state = MODULES["cluster_service"].WorkerState.Name(_state(client, "node-1"))
    expect(not lost, f"the node is {state} and the other job at attempt {_attempt(client, trains)}, as the root does not answer")
    expect(told, f"8 s after the cancellation the job is {client.phase(ends)}")
    expect("storage: no answer for" in described, f"describe worker does not say why the log waits:\n{described}")
    arrived = holds_within(20, lambda: _log(root, ends) == b"first words of a trainer\n")
    expect(arrived, f"after the thaw the log is {_log(root, ends)!a}")
    trouble = next(line for line in described.splitlines() if "no answer" in line)
    return f"{trouble.strip()}; the end was told at once, the other job went on, the log came after the thaw"


def run(lab):
    root = lab.directory / "coordinator/artifacts"
    with FrozenDisk(lab, root) as disk:
        return _run(lab, disk, root)
