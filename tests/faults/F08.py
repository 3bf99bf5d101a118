"""`device: auto` asks for a GPU only where a worker that is there has one."""

from fault_lab import expect, holds_within
from rpc_agent import Agent, slot
from rpc_client import job_pb2


def run(lab):
    client = lab.coordinator().client()
    gone = Agent(client, "gpu-node", [slot(0, device=job_pb2.DEVICE_CUDA)])
    gone.observe()
    gone.observe(leaving=True)
    here = Agent(client, "cpu-node", [slot(index) for index in range(4)])
    here.observe()
    job = client.submit("anywhere", device=job_pb2.DEVICE_AUTO)
    placed = holds_within(10, lambda: client.phase(job) != "QUEUED")
    expect(placed, f"four CPU slots are free, and after 10 s the job waits: {client.job(job).status.message!a}")
    return "the job runs on a CPU slot"
