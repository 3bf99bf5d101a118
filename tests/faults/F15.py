"""A coordinator that is away for a moment loses no submission, and a file of several jobs is submitted whole or not at all."""

import re
import socket
import threading

from fault_lab import expect

_JOB = "name: {}\ndata: {{source: 'synthetic:train=64,test=8'}}\n"
_AWAY = 0.8  # seconds; the waits before the first repetitions are random, up to 0.4 and 0.8


def _file(lab, *names):
    path = lab.directory / "jobs.yaml"
    path.write_text("---\n".join(_JOB.format(name) for name in names), encoding="utf-8")
    return path


def _names(client):
    return sorted(job.spec.name for job in client.call("JobService/ListJobs").jobs)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _half_of_a_file(lab):
    coordinator = lab.coordinator("whole", flags=["--max-open-jobs=2"])
    client = coordinator.client()
    client.submit("first")
    refused = lab.ctl(coordinator, "submit", "-f", _file(lab, "second", "third"))
    expect(refused.returncode != 0, "more jobs are submitted than there may be")
    expect(_names(client) == ["first"], f"of a file of two jobs that was refused, these were submitted: {_names(client)[1:]}")


def _a_moment_away(lab):
    """Several tries, as chance decides about the waits; one that comes through is enough."""
    address = f"127.0.0.1:{_free_port()}"
    coordinator = lab.coordinator("away", listen=address)
    file = _file(lab, "patient")
    for number in range(4):
        coordinator.kill()
        answer = []
        user = threading.Thread(target=lambda: answer.append(lab.ctl(coordinator, "submit", "-f", file, "-o", "name")))
        user.start()
        threading.Event().wait(_AWAY)
        coordinator = lab.coordinator("away", listen=address)
        user.join()
        if answer[0].returncode == 0:
            expect(_names(coordinator.client()) == ["patient"], f"submitted more than once: {_names(coordinator.client())}")
            return f"try {number + 1}"
    expect(False, f"a submission is given up at once: {answer[0].stderr.decode().strip()[:150]}")
    return ""


def _what_to_repeat(lab):
    coordinator = lab.coordinator("gone")
    coordinator.kill()
    file = _file(lab, "again")
    said = lab.ctl(coordinator, "submit", "-f", file).stderr.decode()
    found = re.search(r"simclrctl submit -f \S+ --request-id (\S+)", said)
    expect(found, f"nothing says how to repeat the request: {said.strip()[:150]}")
    coordinator = lab.coordinator("gone")
    for _ in range(2):
        done = lab.ctl(coordinator, "submit", "-f", file, "--request-id", found[1])
        expect(done.returncode == 0, done.stderr.decode())
    expect(_names(coordinator.client()) == ["again"], "the repeated request made two jobs")


def run(lab):
    _half_of_a_file(lab)
    tries = _a_moment_away(lab)
    _what_to_repeat(lab)
    return f"all or none; a submission waits for a coordinator that is away ({tries}); the command to repeat is named"
