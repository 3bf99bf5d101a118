"""After a restore, nothing that an attempt of before brings gets into the attempt that has its number now."""

import shutil

from fault_lab import expect
from rpc_agent import Agent, training


def run(lab):
    coordinator = lab.coordinator()
    job = coordinator.client().submit("restored")
    coordinator.stop()
    data, backup = coordinator.directory / "data", lab.directory / "backup"
    shutil.copytree(data, backup)
    coordinator = lab.coordinator()
    agent = Agent(coordinator.client(), "node-1")
    before = agent.await_ranks()[0]
    agent.observe(ranks=[training(before)])
    expect(agent.commit(before, step=100) == "", "the first checkpoint is refused")
    coordinator.kill()

    shutil.rmtree(data)
    shutil.copytree(backup, data)
    client = lab.coordinator().client()
    agent.client = client
    agent.connect()
    now = agent.await_ranks()[0]
    expect(now.nonce != before.nonce, "both attempts have one nonce")
    agent.observe(ranks=[training(now)])
    late = agent.commit(before, step=500)
    steps = [checkpoint.step for checkpoint in client.call("JobService/ListCheckpoints", job=job).checkpoints]
    expect(late != "" and 500 not in steps, f"attempt {before.attempt} of before the restore committed step 500 to attempt {now.attempt} of after it")
    expect(agent.commit(now, step=10) == "", "the checkpoint of the present attempt is refused")
    return f"refused: {late}"
