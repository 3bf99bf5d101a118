"""An older state of an agent that comes late, on a connection of before, changes nothing."""

from fault_lab import expect, holds_within
from rpc_agent import Agent, Refused, training


def run(lab):
    client = lab.coordinator().client()
    agent = Agent(client, "node-1")
    job = client.submit("crossing")
    rank = agent.await_ranks()[0]
    agent.observe(ranks=[training(rank, step=10)])
    expect(holds_within(10, lambda: client.job(job).status.step == 10), "step 10 was not taken")
    old_session, older = agent.session, agent.observed([training(rank, step=100)])
    agent.connect()
    agent.observe(ranks=[training(rank, step=200)])
    expect(holds_within(10, lambda: client.job(job).status.step == 200), "step 200 was not taken")
    try:
        old_session.send(older)
        old_session.answer(5)
    except Refused:
        pass  # a session that was followed by another may be closed
    back = holds_within(2, lambda: client.job(job).status.step != 200)
    expect(not back, f"the job went back from step 200 to {client.job(job).status.step}")
    return "the job stays at step 200"
