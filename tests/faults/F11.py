"""A job leaves the slot whose hardware failed it; a slot that fails two jobs is excluded for all, the last one never."""

from fault_lab import expect, holds_within
from rpc_agent import Agent, job_pb2, training

_HARDWARE = job_pb2.FAILURE_CLASS_HARDWARE


class _Nodes:
    """Agents with a slot each, that hold what they are given."""

    def __init__(self, client, count):
        self._client = client
        self._agents = [Agent(client, f"node-{number + 1}") for number in range(count)]

    def holder(self, job="", attempt=1):
        """The agent that holds the job's rank in that attempt, and the rank; all agents say what they hold."""
        for agent in self._agents:
            held = list(agent.observe().ranks)
            agent.observe(ranks=[training(rank) for rank in held])
            for rank in held:
                if rank.job_id == job and rank.attempt == attempt:
                    return agent, rank
        return None, None

    def await_holder(self, job, attempt=1):
        found = []
        placed = holds_within(25, lambda: found.append(self.holder(job, attempt)) or found[-1][0])
        expect(placed, f"{job} is not placed: {self._client.job(job).status.message}")
        return found[-1]

    def fail(self, job):
        """Its first attempt, by an error of the hardware; the name of the node."""
        agent, rank = self.await_holder(job)
        refused = agent.report_exit(rank, failure=_HARDWARE, exit_code=32, message="uncorrectable ECC error")
        assert not refused, refused
        return agent.worker


def _slot(client, node):
    return client.call("ClusterService/ListWorkers", name=node).workers[0].slots[0]


def run(lab):
    flags = lab.known("simclr-coordinator", "--restart-backoff=1s")
    client = lab.coordinator(flags=flags).client()
    nodes = _Nodes(client, 2)
    nodes.holder()
    first = client.submit("first")
    bad = nodes.fail(first)
    agent, _ = nodes.await_holder(first, attempt=2)
    expect(agent.worker != bad, f"the job is placed again on {bad}, whose hardware failed, though another node is idle")
    second = client.submit("second")
    other = nodes.fail(second)
    expect(other == bad, f"the second job is on {other}")
    excluded = holds_within(10, lambda: nodes.holder() and _slot(client, bad).HasField("excluded_until"))
    expect(excluded, f"{bad} failed two jobs and is not excluded: {_slot(client, bad)}")
    reason = _slot(client, bad).exclusion_reason
    expect(first in reason and second in reason, f"the exclusion names no jobs: {reason}")
    waits = holds_within(10, lambda: nodes.holder() and client.job(second).status.reason == 13)
    expect(waits and bad in client.job(second).status.message, f"the job waits: {client.job(second).status.message}")
    return f"{bad}: {reason}"
