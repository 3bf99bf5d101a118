"""A report that the coordinator never takes holds back no other, and no node from joining."""

from fault_lab import expect, holds_within
from rpc_client import worker_pb2

_TRAINER = """#!/bin/sh
exit 1
"""


def _metrics_beyond_the_wire():
    """More than a message may have, as a curve of an earlier agent."""
    push = worker_pb2.PushMetricsRequest(worker="node-1", incarnation=1, job_id="j-000000000000-aaaa", attempt=1, nonce="0a")
    for step in range(1, 1001):
        sample = push.samples.add(step=step)
        for index in range(250):
            sample.values[f"a-rather-long-name-of-a-measure-{index}"] = 0.5
    return push.SerializeToString()


def run(lab):
    trainer = lab.directory / "trainer"
    coordinator = lab.coordinator()
    trainer.write_text(_TRAINER, encoding="ascii")
    trainer.chmod(0o755)
    spool = lab.directory / "node-1/worker/spool"
    spool.mkdir(parents=True)
    (spool / "00000000000000000001.metrics").write_bytes(_metrics_beyond_the_wire())
    (spool / "00000000000000000002.exit").write_bytes(b"\x0f torn by a full disk")
    lab.worker(coordinator, "node-1", trainer)
    client = coordinator.client()
    joined = holds_within(20, lambda: client.call("ClusterService/ListWorkers").workers)
    expect(joined, "20 s after its start the node has not joined: a report that nobody takes is in front")
    job = client.submit("exits", schedule={"max_restarts": 0})
    expect(holds_within(20, lambda: client.phase(job) == "FAILED"), f"the job is {client.phase(job)} 20 s after its trainer's end")
    aside = sorted(path.name for path in spool.glob("quarantine/*.exit"))
    expect(aside, "the torn report is nowhere")
    described = lab.ctl(coordinator, "describe", "worker", "node-1").stdout.decode()
    expect("quarantine: 1 reports" in described, f"describe worker does not show the quarantine:\n{described}")
    return f"joined, the exit was told, {', '.join(aside)} in quarantine and shown"
