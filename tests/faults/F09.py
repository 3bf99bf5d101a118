"""Health is answered within a second, whatever number of connections are silent or slow, on whichever port."""

import resource
import socket
import time
import urllib.request

from fault_lab import expect

_MANY = 5000
_LIMIT = 1.0  # seconds
_MEMORY = 300 << 20  # bytes that connections may cost


def _health(coordinator):
    """Seconds until /livez has answered."""
    start = time.monotonic()
    with urllib.request.urlopen(f"http://{coordinator.http}/livez", timeout=60) as reply:
        expect(reply.status == 200, f"/livez answers {reply.status}")
    return time.monotonic() - start


def _connect(address, first):
    host, port = address.split(":")
    try:
        connection = socket.create_connection((host, int(port)), timeout=10)
        connection.sendall(first)
    except OSError:  # one that is refused is no burden
        return None
    return connection


def _flood(coordinator, address, count, words):
    """The longest wait for health while `count` connections are opened, each with the next of the words."""
    connections, longest = [], 0
    for number in range(count):
        connections.append(_connect(address, words[number % len(words)]))
        if number % 500 == 499 or number + 1 == count:
            longest = max(longest, _health(coordinator))
            expect(longest < _LIMIT, f"beside {number + 1} connections at {address} /livez took {longest:.1f} s")
    return connections, longest


def run(lab):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    many = min(_MANY, hard // 2 - 500)
    coordinator = lab.coordinator()
    floods = [_flood(coordinator, coordinator.http, 8, [b""])]
    before = coordinator.resident_bytes()
    floods.append(_flood(coordinator, coordinator.http, many, [b"", b"GET /metrics HTTP/1.1\r\nX-Slow: "]))
    floods.append(_flood(coordinator, coordinator.address, many, [b"", b"PRI * HTTP/2.0"]))
    start = time.monotonic()
    coordinator.client().call("JobService/ListJobs")
    answered = time.monotonic() - start
    expect(answered < 5 * _LIMIT, f"beside {many} connections a call took {answered:.1f} s")
    grown = coordinator.resident_bytes() - before
    expect(grown < _MEMORY, f"{2 * many} connections cost {grown >> 20} MiB")
    longest = max(longest for _, longest in floods)
    return f"beside 8, and {many} a port, /livez took at most {longest:.3f} s, a call {answered:.3f} s; {grown >> 20} MiB"
