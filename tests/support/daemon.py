"""Prometheus and its like as processes of a test."""

import socket
import subprocess
import urllib.request

from waiting import wait_until


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


class Daemon:
    """A program that answers /-/ready at its address, from its construction to stop(). `log` is a path."""

    def __init__(self, command, address, log):
        with log.open("w") as output:
            self._process = subprocess.Popen(list(map(str, command)), stdout=output, stderr=output)
        self._address, self._log = address, log

    def await_ready(self):
        wait_until(self._is_ready, 60, f"{self._log.name} is ready")

    def _is_ready(self):
        assert self._process.poll() is None, self._log.read_text()
        try:
            with urllib.request.urlopen(f"http://{self._address}/-/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
