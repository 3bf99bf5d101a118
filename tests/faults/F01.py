"""Odd messages of an agent are refused or survived: none ends the coordinator, now or at its next start."""

from fault_lab import Red, expect, holds_within
from rpc_agent import Agent, Refused, slot, training
from rpc_client import worker_pb2


def _answer(agent, **fields):
    """"" where the agent was taken."""
    try:
        agent.observe(**fields)
    except Refused as refusal:
        return str(refusal)
    return ""


def _restart(lab, coordinator, name):
    coordinator.kill()
    again = lab.try_coordinator(name)
    return again, "it starts again" if again.ready else f"no start after it: {again.end()}"


def _slot_twice(lab):
    coordinator = lab.coordinator("twice")
    client = coordinator.client()
    refusal = _answer(Agent(client, "odd", [slot(0), slot(0)]))
    job = client.submit("gang", ranks=2)
    # It may have been given the job: then the coordinator gets the time to die of it.
    if not refusal:
        holds_within(5, lambda: not coordinator.alive())
    if not coordinator.alive():
        end = coordinator.end()
        raise Red(f"a slot twice was taken, and the coordinator ended ({end}); {_restart(lab, coordinator, 'twice')[1]}")
    good = Agent(client, "good", [slot(0), slot(1)])
    ranks = good.await_ranks()
    expect({rank.job_id for rank in ranks} == {job} and len(ranks) == 2, "the job is not placed on the sound agent")
    again, words = _restart(lab, coordinator, "twice")
    expect(again.ready, words)
    expect(again.client().job(job).status.attempt == 1, "the job is not as it was before the restart")
    return f"a slot twice: {refusal or 'survived'}"


def _others(client):
    """Each says one thing that no real agent says."""
    stranger = worker_pb2.DesiredRank(job_id="j-000000000000-aaaa", attempt=1, rank=0)
    return {
        "absurd indices": _answer(Agent(client, "indices", [slot(-1), slot(2**31 - 1)])),
        "an unknown word": _answer(Agent(client, "words", [slot(0, device=99)])),
        "3 MiB of text": _answer(Agent(client, "text", [slot(0, name="x" * (3 << 20))])),
        "control characters": _answer(Agent(client, "control\x1b[2J\n", [slot(0)])),
        "a rank twice": _answer(Agent(client, "ranks", [slot(0)]), ranks=[training(stranger), training(stranger)]),
    }


def run(lab):
    seen = _slot_twice(lab)
    coordinator = lab.coordinator("others")
    client = coordinator.client()
    answers = _others(client)
    client.submit("pair", ranks=2)
    expect(not holds_within(1, lambda: not coordinator.alive()), f"the coordinator ended after {answers}")
    again, words = _restart(lab, coordinator, "others")
    expect(again.ready, f"{words} ({answers})")
    return "; ".join([seen, *(f"{what}: {answer[:60] or 'taken'}" for what, answer in answers.items())])
