"""A slow disk holds up what must be durable, and neither heartbeats nor questions."""

import threading
import time

from fault_lab import Skipped, expect
from rpc_agent import Agent
from rpc_client import grpc

_DELAY = 1.0  # seconds a sync
_LIMIT = 0.5  # for an answer, on a busy machine
_WINDOW = 8


def _submit_until(client, end):
    number = 0
    while time.monotonic() < end:
        number += 1
        try:
            client.submit(f"load-{number}")
        except grpc.RpcError:
            return


def _slowest(action, end):
    slowest = 0
    while time.monotonic() < end:
        start = time.monotonic()
        action()
        slowest = max(slowest, time.monotonic() - start)
        threading.Event().wait(0.02)
    return slowest


def run(lab):
    delay = lab.directory / "delay"
    try:
        library = lab.preload("slow_sync")
    except (OSError, ValueError) as error:
        raise Skipped(f"no compiler: {error}") from error
    coordinator = lab.coordinator(environment={"LD_PRELOAD": str(library), "SLOW_SYNC_FILE": str(delay)})
    agent = Agent(coordinator.client(), "node-1")
    agent.observe()
    delay.write_text(str(int(_DELAY * 1000)), encoding="ascii")
    end = time.monotonic() + _WINDOW
    load = threading.Thread(target=_submit_until, args=(coordinator.client(), end))
    load.start()
    waits = {}
    questions = coordinator.client()
    asking = threading.Thread(
        target=lambda: waits.update(list=_slowest(lambda: questions.call("JobService/ListJobs"), end)))  # fmt: skip
    asking.start()
    waits["heartbeat"] = _slowest(agent.observe, end)
    asking.join()
    load.join()
    seen = ", ".join(f"{what} {wait:.2f} s" for what, wait in sorted(waits.items()))
    expect(all(wait < _LIMIT for wait in waits.values()), f"with syncs of {_DELAY} s the slowest answers take: {seen}")
    return f"slowest answers: {seen}"
