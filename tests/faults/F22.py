"""A wall clock that jumps changes no order and forgets no request; no rank is a wildcard."""

from fault_lab import Red, expect, holds_within
from rpc_agent import Agent, training

_HOUR = 3600


def _times_after_a_stop(lab, environment, shift):
    """Of a job that is submitted by a clock of the future, and cancelled by the right one after a clean stop."""
    shift.write_text(str(_HOUR), encoding="ascii")
    coordinator = lab.coordinator("future", environment=environment)
    job = coordinator.client().submit("early")
    coordinator.stop()
    shift.write_text("0", encoding="ascii")
    client = lab.coordinator("future", environment=environment).client()
    client.call("JobService/CancelJob", job=job)
    status = client.job(job).status
    if status.ended_at.ToMicroseconds() < status.submitted_at.ToMicroseconds():
        return "after a clean stop a job ended before it was submitted"
    return ""


def _request_ids_after_a_jump(lab, environment, shift):
    shift.write_text("0", encoding="ascii")
    client = lab.coordinator("jump", environment=environment).client()
    job = client.submit("once", request_id="request-1")
    shift.write_text(str(25 * _HOUR), encoding="ascii")
    client.submit("other", request_id="request-2")
    if client.submit("once", request_id="request-1") != job:
        return "a jump of 25 h forgot a request id: its repetition made a second job"
    return ""


def _rank_that_is_none(lab):
    client = lab.coordinator("ranks").client()
    agent = Agent(client, "node-1")
    job = client.submit("gang")
    rank = agent.await_ranks()[0]
    agent.observe(ranks=[training(rank)])
    expect(holds_within(10, lambda: client.phase(job) == "RUNNING"), "the job does not run")
    return "" if agent.report_exit(rank, rank=-1) else "the exit of a rank -1 was taken"


def run(lab):
    shift = lab.directory / "clock"
    environment = {"LD_PRELOAD": str(lab.preload("shifted_clock")), "SHIFTED_CLOCK_FILE": str(shift)}
    faults = [
        _times_after_a_stop(lab, environment, shift),
        _request_ids_after_a_jump(lab, environment, shift),
        _rank_that_is_none(lab),
    ]
    if any(faults):
        raise Red("; ".join(filter(None, faults)))
    return "time stamps keep their order, the request id is known, rank -1 is refused"
