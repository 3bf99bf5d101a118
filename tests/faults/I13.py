"""Control characters of names reach no terminal and forge no line of a log."""

from fault_lab import Skipped, expect, holds_within
from pictures import JOB, fill

_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
_FORGED = b"2026-01-01T00:00:00.000Z ERROR made up.png"
_NAMES = (b"x\x1b[2J\x1b[31mred.png", b"line\n" + _FORGED, b"tab\tcr\rx.png")


def _faults(text):
    raw = [name for name, byte in (("an escape", b"\x1b"), ("a carriage return", b"\r")) if byte in text]
    return raw + ["a forged line"] * any(line.startswith(_FORGED[:24]) for line in text.splitlines())


def run(lab):
    if not lab.has("simclr-trainer"):
        raise Skipped("these programs have no simclr-trainer")
    fill(lab.directory / "set/a", 20, _NAMES)
    coordinator = lab.coordinator()
    worker = lab.worker(coordinator, "node-1")
    lab.submit(coordinator, JOB.format(folder=lab.directory / "set", bad=0.9, epochs=5))
    client = coordinator.client()
    ended = holds_within(90, lambda: client.phase("t") in _ENDED)
    expect(ended, f"the job is {client.phase('t')}")
    texts = {
        "logs": lab.ctl(coordinator, "logs", "t", "--rank", "0").stdout,
        "describe": lab.ctl(coordinator, "describe", "job", "t").stdout,
        "the agent's log": worker.log(),
        "the coordinator's log": coordinator.log(),
    }
    faults = [f"{', '.join(_faults(text))} in {where}" for where, text in texts.items() if _faults(text)]
    expect(not faults, "; ".join(faults))
    expect(any(b"red.png" in text for text in texts.values()), "nobody names the damaged picture")
    return "escaped wherever they are named"
