"""An agent that was replaced stays replaced, also after the coordinator was started anew."""

from fault_lab import expect, holds_within
from rpc_agent import Agent, Refused, training


def _answer(agent):
    """"" where the agent is served."""
    agent.connect()
    try:
        agent.observe()
    except Refused as refusal:
        return str(refusal)
    return ""


def _replace(client):
    """An agent and the one that came after it under its name."""
    first = Agent(client, "node-1")
    first.observe()
    first.session.close()
    second = Agent(client, "node-1")
    expect(holds_within(15, lambda: _answer(second) == ""), "nobody may take the name of an agent that has gone")
    return first, second


def run(lab):
    coordinator = lab.coordinator()
    client = coordinator.client()
    first, second = _replace(client)
    job = client.submit("held")
    rank = second.await_ranks()[0]
    second.observe(ranks=[training(rank)])
    expect(holds_within(10, lambda: client.phase(job) == "RUNNING"), "the job of the second agent does not run")
    coordinator.kill()
    client = lab.coordinator().client()
    first.client = second.client = client
    early = _answer(first)
    second.connect()
    try:
        second.observe(ranks=[training(rank, step=2)])
        late = ""
    except Refused as refusal:
        late = str(refusal)
    expect(early != "", f"the replaced agent is served again; the one that replaced it: {late or 'served'}; its job: {client.phase(job)}")
    expect(late == "", f"the agent that replaced it is refused: {late}")
    expect(client.phase(job) == "RUNNING" and client.job(job).status.attempt == 1, f"its job is {client.phase(job)}")
    return f"refused: {early}"
