"""A job that needs a slot which cannot be used does not keep the other slots from other jobs."""

from fault_lab import expect, holds_within
from rpc_agent import Agent, slot

_FLAGS = ("--starvation-limit=500ms", "--unknown-after=60s", "--lost-after=60s")


def run(lab):
    coordinator = lab.coordinator(flags=lab.known("simclr-coordinator", *_FLAGS))
    client = coordinator.client()
    agent = Agent(client, "node-1", [slot(0), slot(1, usable=False, unusable_reason="an uncorrectable memory error")])
    agent.observe()
    client.submit("too-large", ranks=2)
    submitted = client.job("too-large").status.submitted_at.ToMicroseconds()
    # Past the limit, which the clock of the newest job tells.
    holds_within(10, lambda: _age(client, submitted) > 2_000_000)
    client.submit("small")
    placed = holds_within(10, lambda: client.phase("small") != "QUEUED")
    expect(placed, f"a free slot, and after 10 s the small job waits: {client.job('small').status.message!a}")
    return "the small job got the slot that is left"


def _age(client, submitted):
    answer = client.call("JobService/SubmitJob", spec={"name": "now", "kind": 1, "data": {"source": "synthetic:"}}, validate_only=True)
    return answer.job.status.submitted_at.ToMicroseconds() - submitted
