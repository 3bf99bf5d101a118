"""What compose.yaml starts, started without containers: its script makes the secrets, the commands of coordinator and workers
run with folders in place of volumes, and a job of two ranks runs between them over mutual TLS.

Usage: run_test.py FOLDER_OF_THE_PROGRAMS     Needs PyYAML (the pinned tools have it)
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import compose_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from daemon import free_address  # noqa: E402
from waiting import wait_until  # noqa: E402

LIMIT_SECONDS = 90
JOB = """
name: two-ranks
kind: pretrain
resources: {ranks: 2}
data: {source: "synthetic:train=256,test=64", image_size: 32}
model: {encoder: resnet18, width: 0.125, stem: imagenet}
train: {epochs: 1, global_batch: 64, precision: fp32}
"""


class Containers:
    """The services as plain processes: container paths become folders below `root`, addresses become loopback."""

    def __init__(self, programs, root):
        self.programs, self.root = pathlib.Path(programs).resolve(), pathlib.Path(root)
        self.coordinator = free_address()
        self._processes = {}  # by service

    def make_secrets(self):
        script = compose_file.FOLDER / "distribute-secrets"
        subprocess.run([script, self.root / "secrets", f"{os.getuid()}:{os.getgid()}"], check=True)

    def start(self, name):
        service = compose_file.services()[name]
        program = self.programs / compose_file.program(service["build"]["target"])
        arguments = [self._argument(name, service, text) for text in service["command"]]
        with (self.root / f"{name}.log").open("w") as log:
            self._processes[name] = subprocess.Popen([program, *arguments], stdout=log, stderr=log)

    def _argument(self, name, service, text):
        flag, value = text.split("=", 1)
        if flag == "--address":
            value = "localhost"
        elif flag == "--http":
            value = "127.0.0.1:0"
        elif value in ("0.0.0.0:7400", "coordinator:7400"):
            value = self.coordinator
        elif flag == "--data-root":
            value = str(self.root)
        elif flag == "--trainer":
            value = str(self.programs / pathlib.PurePath(value).name)
        elif value.startswith("/"):
            value = str(self._host_path(name, service, value))
        return f"{flag}={value}"

    def _host_path(self, name, service, path):
        for target, source in compose_file.mounts(service).items():
            if path == target or path.startswith(target + "/"):
                folder = self.root / (f"secrets/{name}" if source.endswith("-secrets") else f"volumes/{source}")
                folder.mkdir(parents=True, exist_ok=True)
                return folder / path[len(target) :].lstrip("/")
        raise AssertionError(f"{name} mounts nothing at {path}")

    def ctl(self, *arguments):
        """simclrctl with the context that the service ctl gets."""
        config = (self.root / "secrets/ctl/config.yaml").read_text()
        config = config.replace("/etc/simclr", f"{self.root}/secrets/ctl").replace("coordinator:7400", self.coordinator)
        (self.root / "config.yaml").write_text(config)
        environment = {**os.environ, "SIMCLR_CONFIG": f"{self.root}/config.yaml"}
        command = [self.programs / compose_file.program("ctl"), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT_SECONDS + 30)

    def logs(self):
        return "".join(f"--- {path.name}\n{path.read_text()[-2000:]}" for path in self.root.glob("*.log"))

    def stop(self):
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Run(unittest.TestCase):
    programs = ""

    def setUp(self):
        self.containers = Containers(self.programs, self.enterContext(tempfile.TemporaryDirectory()))
        self.addCleanup(self.containers.stop)
        self.containers.make_secrets()

    def test_no_service_gets_the_key_of_another(self):
        keys = {
            name: sorted(path.name for path in (self.containers.root / "secrets" / name).glob("*.key"))
            for name in ("coordinator", "worker-1", "worker-2", "ctl")
        }
        wanted = {"coordinator": ["coordinator.key"], "worker-1": ["worker-1.key"], "worker-2": ["worker-2.key"], "ctl": []}
        self.assertEqual(keys, wanted)
        for path in (self.containers.root / "secrets").glob("[cw]*/*"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_a_second_run_changes_nothing(self):
        def contents():
            return {path: path.read_bytes() for path in (self.containers.root / "secrets").rglob("*") if path.is_file()}

        before = contents()
        self.containers.make_secrets()
        self.assertEqual(contents(), before)

    def test_a_job_runs_on_both_workers(self):
        for name in ("coordinator", "worker-1", "worker-2"):
            self.containers.start(name)

        def both_connected():
            listed = self.containers.ctl("get", "workers")
            return listed.returncode == 0 and listed.stdout.count(" connected ") == 2

        try:
            wait_until(both_connected, LIMIT_SECONDS, "both workers are connected")
        except AssertionError as error:
            self.fail(f"{error}\n{self.containers.logs()}")
        job_file = self.containers.root / "job.yaml"
        job_file.write_text(JOB)
        submitted = self.containers.ctl("submit", "-f", job_file)
        self.assertEqual(submitted.returncode, 0, submitted.stderr)
        waited = self.containers.ctl("wait", "two-ranks", "--for", "done", "--timeout", f"{LIMIT_SECONDS}s")
        self.assertEqual(waited.returncode, 0, waited.stdout + waited.stderr + self.containers.logs())
        job = json.loads(self.containers.ctl("get", "job", "two-ranks", "-o", "json").stdout)
        self.assertEqual({rank["worker"] for rank in job["status"]["placement"]}, {"worker-1", "worker-2"})


if __name__ == "__main__":
    Run.programs = sys.argv.pop(1)
    sys.exit(unittest.main(verbosity=2))
