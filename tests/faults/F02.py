"""An exit whose log ends in bytes that are no UTF-8 is reported, with these bytes escaped."""

from fault_lab import expect, holds_within

_TRAINER = """#!/bin/sh
printf 'cannot read caf\\351.png\\n' >&2
exit 1
"""
_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")


def run(lab):
    trainer = lab.directory / "trainer"
    trainer.write_text(_TRAINER, encoding="ascii")
    trainer.chmod(0o755)
    coordinator = lab.coordinator()
    lab.worker(coordinator, "node-1", trainer)
    client = coordinator.client()
    job = client.submit("latin", schedule={"max_restarts": 0})
    ended = holds_within(30, lambda: client.phase(job) in _ENDED)
    status = client.job(job).status
    log = (lab.directory / "node-1/worker.log").read_text(errors="replace")
    torn = next((line for line in log.splitlines() if "torn" in line), "")
    expect(ended, f"the trainer exited, the job is {client.phase(job)} after 30 s; the agent: {torn}")
    expect("caf\\xe9.png" in status.message, f"the message is {status.message!a}")
    return f"{client.phase(job)}: {status.message!a}"
