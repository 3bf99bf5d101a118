"""Addresses that are none, a data set in place of a job file, and a port that was taken meanwhile are told from what is right."""

import json
import os
import resource
import socket
import subprocess

from fault_lab import Red

_ADDRESS_SPACE = 4_000_000_000  # bytes


def _serves(lab, listen, http):
    """Whether a coordinator with these addresses goes on; it is ended then."""
    endpoints = lab.directory / "endpoints"
    endpoints.unlink(missing_ok=True)
    command = [lab.programs / "simclr-coordinator", "--data-dir", lab.directory / "data", "--artifacts", lab.directory / "artifacts"]
    command += ["--listen", listen, "--http", http, "--endpoint-file", endpoints]
    try:
        subprocess.run(command, capture_output=True, timeout=3, check=False)
    except subprocess.TimeoutExpired:
        return True
    return False


def _addresses(lab):
    cases = [
        ("127.0.0.1:99999", "127.0.0.1:0", False), ("127.0.0.1", "127.0.0.1:0", False),
        ("127.0.0.1:0", "47401", False), ("127.0.0.1:0", "[::1]:0", socket.has_ipv6),
    ]  # fmt: skip
    for listen, http, right in cases:
        if _serves(lab, listen, http) != right:
            yield f"--listen {listen} --http {http} is {'refused' if right else 'served'}"


def _large_job_file(lab):
    """Sparse, and larger than the memory that the command may have."""
    path = lab.directory / "photos.tar"
    with path.open("wb") as file:
        file.truncate(30 << 30)
    done = subprocess.run(
        [lab.programs / "simclrctl", "submit", "-f", path], capture_output=True, timeout=60, check=False,
        env={**os.environ, "SIMCLR_CONFIG": str(lab.directory / "none")},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE)),
    )  # fmt: skip
    if done.returncode < 0 or b"bad_alloc" in done.stderr or b"photos.tar" not in done.stderr:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        yield f"a job file of 30 GB ends simclrctl with {done.returncode} {last}"


def _taken_port(lab):
    directory = lab.directory / "local"
    environment = {**os.environ, "SIMCLR_CONFIG": str(lab.directory / "local.yaml")}

    def local(*arguments):
        command = [lab.programs / "simclrctl", "local", *arguments, "--dir", directory]
        return subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False)

    up = ("up", "--workers", "1", "--slots", "1", "--trainer", "/bin/true")
    try:
        first = local(*up)
        assert first.returncode == 0, first.stderr.decode()
        local("down")
        port = int(json.loads((directory / "cluster.json").read_text(encoding="utf-8"))["address"].rpartition(":")[2])
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", port))
            other.listen()
            second = local(*up)
        if second.returncode != 0:
            yield f"local up on a port that was taken: exit {second.returncode} {second.stderr.decode().strip().splitlines()[-1][:160]}"
    finally:
        local("down")


def run(lab):
    lab.directory.mkdir(exist_ok=True)
    faults = [*_addresses(lab), *_large_job_file(lab), *_taken_port(lab)]
    if faults:
        raise Red("\n".join(faults))
    return "addresses and the job file are refused, local up serves on another port"
