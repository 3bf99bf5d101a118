"""A gang is of one build of the trainers; nothing is placed where only a mix would fit, and the job says so."""

from fault_lab import expect, holds_within
from rpc_agent import Agent, worker_pb2


def _gang(first, second):
    """The ranks that the two agents hold together."""
    return [rank for agent, build in (first, second) for rank in agent.observe(build=build).ranks]


def run(lab):
    expect("build" in worker_pb2.Observed.DESCRIPTOR.fields_by_name, "agents cannot say of which build their trainers are")
    client = lab.coordinator().client()
    old, new = Agent(client, "node-1"), Agent(client, "node-2")
    _gang((old, "simclr one"), (new, "simclr two"))
    job = client.submit("gang", ranks=2)
    waits = holds_within(10, lambda: _gang((old, "simclr one"), (new, "simclr two")) == [] and client.job(job).status.reason == 14)
    ranks = _gang((old, "simclr one"), (new, "simclr two"))
    expect(not ranks, f"two builds in one gang: {len(ranks)} ranks are given out")
    expect(waits, f"the job waits for {client.job(job).status.reason}: {client.job(job).status.message}")
    message = client.job(job).status.message
    expect("node-1" in message and "simclr two" in message, f"the job does not name the builds: {message}")
    placed = holds_within(15, lambda: len(_gang((old, "simclr two"), (new, "simclr two"))) == 2)
    expect(placed, "it is not placed though all workers are of one build")
    attempt = client.job(job).status.attempts[0]
    expect(attempt.build == "simclr two", f"the attempt names the build '{attempt.build}'")
    return f"waited: {message}"
