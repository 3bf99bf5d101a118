"""Floods a coordinator that has few file descriptors, and expects /livez to fail soon after, so that a supervisor restarts it.

Usage: deaf_listener.py FOLDER_OF_THE_PROGRAMS

gRPC 1.51 stops accepting for good once accept() has failed for want of descriptors, also when they are free again. A coordinator
started anew on the same directory must be well.
"""

import contextlib
import json
import os
import pathlib
import resource
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from waiting import wait_until  # noqa: E402

DESCRIPTORS = 60
FLOOD = 2 * DESCRIPTORS
START_S, LIMIT_S = 60, 100


@contextlib.contextmanager
def coordinator(programs, folder):
    """A coordinator with few descriptors; gives its endpoint file's content."""
    endpoint = f"{folder}/endpoint.json"
    if os.path.exists(endpoint):
        os.remove(endpoint)
    flags = {"data-dir": f"{folder}/data", "artifacts": f"{folder}/artifacts", "endpoint-file": endpoint}
    command = [f"{programs}/simclr-coordinator", "--listen=127.0.0.1:0", "--http=127.0.0.1:0"]
    command += [f"--{name}={value}" for name, value in flags.items()]
    process = subprocess.Popen(
        command, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    )
    try:
        wait_until(lambda: os.path.exists(endpoint), START_S, "the coordinator serves")
        with open(endpoint, encoding="utf-8") as file:
            yield json.load(file)
    finally:
        process.terminate()
        process.wait()


def fetch(endpoint, path):
    """(status, body)"""
    try:
        with urllib.request.urlopen(f"http://{endpoint['http']}{path}", timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def flood(endpoint):
    host, port = endpoint["grpc"].split(":")
    with contextlib.ExitStack() as connections:
        for _ in range(FLOOD):
            connections.enter_context(socket.create_connection((host, int(port)), timeout=10))


def main():
    programs = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        with coordinator(programs, folder) as endpoint:
            assert fetch(endpoint, "/livez")[0] == 200, "a new coordinator is live"
            flood(endpoint)
            wait_until(lambda: fetch(endpoint, "/livez")[0] == 503, LIMIT_S, "/livez fails after the flood")
            assert "restart the coordinator" in fetch(endpoint, "/livez")[1]
            assert "\nsimclr_listener_selfcheck_failures_total 0\n" not in fetch(endpoint, "/metrics")[1]
        with coordinator(programs, folder) as endpoint:
            assert fetch(endpoint, "/livez")[0] == 200, "the next one is live"
    print("/livez tells of a listener that went deaf")


if __name__ == "__main__":
    main()
