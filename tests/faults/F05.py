"""The log of a rank that runs is read whole, and its last lines at once, though it is long."""

import hashlib
import time

from fault_lab import expect, holds_within

# Lines of 64 bytes; then it goes on as a trainer does.
_TRAINER = """#!/bin/sh
[ "$1" = --build ] && exit 1
exec 2>&1
awk 'BEGIN { for (i = 1; i <= 100000; i++) printf "line %058d\\n", i }'
touch "$0.wrote"
exec sleep 600
"""
_BYTES = 100_000 * 64
_QUICK = 5  # seconds


def run(lab):
    trainer = lab.directory / "trainer"
    trainer.write_text(_TRAINER, encoding="ascii")
    trainer.chmod(0o755)
    coordinator = lab.coordinator()
    lab.worker(coordinator, "node-1", trainer)
    coordinator.client().submit("talkative")
    expect(holds_within(30, (lab.directory / "trainer.wrote").exists), "the trainer did not start")

    begin = time.monotonic()
    tail = lab.ctl(coordinator, "logs", "talkative", "--tail", "5").stdout
    took = time.monotonic() - begin
    whole = lab.ctl(coordinator, "logs", "talkative").stdout
    wanted = b"".join(b"line %058d\n" % number for number in range(1, 100_001))
    seen = f"logs --tail 5: {len(tail)} bytes in {took:.2f} s; logs: {len(whole)} of {_BYTES} bytes"
    expect(tail == wanted[-5 * 64 :] and took < _QUICK, seen)
    expect(hashlib.sha256(whole).digest() == hashlib.sha256(wanted).digest(), seen)
    return seen
