"""Floods a coordinator that has few file descriptors: health and new clients are served meanwhile and afterwards.

Usage: few_descriptors.py FOLDER_OF_THE_PROGRAMS

The listener of gRPC 1.51 stops accepting for good once accept() has failed for want of descriptors, so the coordinator has its own.
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
import urllib.request

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from rpc_client import Client  # noqa: E402
from waiting import wait_until  # noqa: E402

DESCRIPTORS = 200
FLOOD = 3 * DESCRIPTORS
START_S = 60


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


def live(endpoint):
    with urllib.request.urlopen(f"http://{endpoint['http']}/livez", timeout=10) as reply:
        return reply.status == 200


def flood(endpoint, connections):
    host, port = endpoint["grpc"].split(":")
    for number in range(FLOOD):
        connection = connections.enter_context(socket.create_connection((host, int(port)), timeout=10))
        if number % 2:
            connection.sendall(b"PRI")


def ask(endpoint):
    """A call on a connection of its own."""
    return Client(endpoint["grpc"]).call("ClusterService/GetStatus").pid


def main():
    programs = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder, coordinator(programs, folder) as endpoint:
        with contextlib.ExitStack() as connections:
            flood(endpoint, connections)
            assert live(endpoint), "health is answered beside the flood"
            assert ask(endpoint) == endpoint["pid"], "a client gets in beside the flood"
        assert ask(endpoint) == endpoint["pid"], "and after it"
        assert live(endpoint)
    print(f"{FLOOD} connections and {DESCRIPTORS} descriptors: health and clients are served")


if __name__ == "__main__":
    main()
