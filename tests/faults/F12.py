"""Opening a large data set slowly is no hang; standing still while it is opened is one, by the limit of the job."""

from fault_lab import expect, holds_within
from rpc_agent import Agent, job_pb2, training, worker_pb2

_OPENING = worker_pb2.ACTIVITY_OPENING_DATA


def _opens(agent, rank, seconds, **more):
    """The ranks that it still is to run, after it opened its data for a while without an end."""
    return agent.observe(ranks=[training(rank, step=0, activity=_OPENING, started=False, since_progress={"seconds": seconds}, **more)]).ranks


def run(lab):
    client = lab.coordinator().client()
    agent = Agent(client, "node-1")
    agent.observe()
    job = client.submit("slow")
    rank = agent.await_ranks()[0]
    given_up = holds_within(3, lambda: not _opens(agent, rank, 900))
    expect(not given_up, f"it was ended while it opened its data for 15 min: {client.job(job).status.message}")
    listed = {"files_listed": 120000, "bytes_read": 5000000}
    told = "files_listed" in worker_pb2.ObservedRank.DESCRIPTOR.fields_by_name
    expect(told and holds_within(3, lambda: _opens(agent, rank, 1, **listed) and "120000 files" in client.job(job).status.message),
           f"the progress is not shown: {client.job(job).status.message}")  # fmt: skip
    expect("limits" in job_pb2.JobSpec.DESCRIPTOR.fields_by_name, "a job cannot set its limits")
    client.call("JobService/CancelJob", job=job)
    expect(holds_within(10, lambda: agent.observe() and client.phase(job) == "CANCELLED"), f"it is {client.phase(job)}")
    hasty = client.submit("hasty", limits={"data": {"seconds": 5}})
    rank = agent.await_ranks()[0]
    ended = holds_within(10, lambda: not _opens(agent, rank, 6))
    expect(ended, "a job with limits.data of 5 s is not ended after 6 s without progress")
    attempt = client.job(hasty).status.attempts[0]
    expect(attempt.ended_by == job_pb2.FAILURE_CLASS_HANG and "limits.data" in attempt.message, f"it ended so: {attempt}")
    return f"opened for 15 min; then: {attempt.message}"
