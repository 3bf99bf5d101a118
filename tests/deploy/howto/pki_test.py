"""Certificates of deploy/pki/make-certificates, tried with the real coordinator, worker and simclrctl.

Usage: pki_test.py FOLDER_OF_THE_PROGRAMS
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import howto

PROGRAMS = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/release/bin").resolve()
MAKE = howto.REPOSITORY / "deploy" / "pki" / "make-certificates"
LIMIT = 60


def make(folder, *arguments):
    return subprocess.run([MAKE, folder, *arguments], capture_output=True, text=True)


class Certificates(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.pki = self.folder / "pki"
        self.made(self.pki, "--coordinator", "127.0.0.1", "--worker", "node-1", "--worker", "node-2", "--token", "op:operator", "--token", "eve:viewer")

    def made(self, *arguments):
        done = make(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)

    def start(self, *command):
        """Starts a program whose log is returned; it ends with the test."""
        log = self.folder / f"{len(list(self.folder.iterdir()))}.log"
        with open(log, "w", encoding="utf-8") as file:
            process = subprocess.Popen(list(map(str, command)), stdout=file, stderr=file)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        return log

    def tls(self, pki, name, ca=None):
        return ["--tls-ca", (ca or pki) / "ca.crt", "--tls-cert", pki / f"{name}.crt", "--tls-key", pki / f"{name}.key"]

    def start_coordinator(self):
        endpoint = self.folder / "endpoint.json"
        log = self.start(
            PROGRAMS / "simclr-coordinator", "--data-dir", self.folder / "state", "--artifacts", self.folder / "artifacts",
            "--listen", "0.0.0.0:0", "--http", "127.0.0.1:0", "--endpoint-file", endpoint, "--tokens", self.pki / "tokens",
            *self.tls(self.pki, "coordinator"),
        )  # fmt: skip
        self.assertTrue(howto.await_condition(endpoint.exists, LIMIT), log.read_text(encoding="utf-8"))
        self.server = json.loads(endpoint.read_text(encoding="utf-8"))["grpc"].replace("0.0.0.0", "127.0.0.1")

    def start_worker(self, name, tls, server=None):
        return self.start(
            PROGRAMS / "simclr-worker", "--name", name, "--coordinator", server or self.server, "--dir", self.folder / name,
            "--artifacts", self.folder / "artifacts", "--slots", 1, "--http", "127.0.0.1:0", "--trainer", "/bin/true", *tls,
        )  # fmt: skip

    def ctl(self, *arguments, ca=None, token="op"):
        environment = {**os.environ, "SIMCLR_CONFIG": str(self.folder / "config.yaml")}
        context = ["--server", self.server, "--ca", (ca or self.pki) / "ca.crt", "--token-file", self.pki / f"token-{token}"]
        for command in (["config", "set-context", "c", *context], arguments):
            done = subprocess.run([PROGRAMS / "simclrctl", *command], env=environment, capture_output=True, text=True)
        return done

    def says(self, log, words):
        self.assertTrue(howto.await_condition(lambda: words in log.read_text(encoding="utf-8"), LIMIT), log.read_text(encoding="utf-8"))

    def workers(self):
        return self.ctl("get", "workers", "-o", "name").stdout.split()

    def test_coordinator_workers_and_people_talk(self):
        self.start_coordinator()
        self.start_worker("node-1", self.tls(self.pki, "node-1"))
        self.assertTrue(howto.await_condition(lambda: self.workers() == ["node-1"], LIMIT))
        self.assertEqual(self.ctl("get", "jobs", token="eve").returncode, 0)
        job = self.folder / "job.yaml"
        job.write_text("name: x\nkind: pretrain\ndata: {source: 'synthetic:train=64,test=8'}\n", encoding="utf-8")
        self.assertEqual(self.ctl("submit", "-f", job).returncode, 0)
        self.assertEqual(self.ctl("cancel", "x", token="eve").returncode, 4)

    def test_another_authority_is_refused_on_either_side(self):
        other = self.folder / "other"
        self.made(other, "--coordinator", "127.0.0.1", "--worker", "node-1")
        self.start_coordinator()
        self.says(self.start_worker("node-1", self.tls(other, "node-1", ca=self.pki)), "session with the coordinator ended")
        self.assertEqual(self.ctl("get", "jobs", ca=other).returncode, 5)
        self.assertEqual(self.workers(), [])

    def test_another_name_is_refused(self):
        self.start_coordinator()
        self.says(self.start_worker("node-2", self.tls(self.pki, "node-1")), "cannot report for node-2")
        by_other_name = self.server.replace("127.0.0.1", "127.0.0.2")  # an address of this machine that the certificate has not
        self.says(self.start_worker("node-1", self.tls(self.pki, "node-1"), by_other_name), "its certificate does not name that address")
        self.assertEqual(self.workers(), [])

    def test_what_is_there_is_kept_and_secrets_are_secret(self):
        before = {path.name: path.read_bytes() for path in self.pki.iterdir()}
        self.made(self.pki, "--coordinator", "127.0.0.1", "--worker", "node-1", "--worker", "node-3", "--token", "op:operator")
        after = {path.name: path.read_bytes() for path in self.pki.iterdir()}
        self.assertEqual({name: after[name] for name in before}, before)
        self.assertEqual(set(after) - set(before), {"node-3.crt", "node-3.key"})
        for path in self.pki.iterdir():
            if path.suffix != ".crt":
                self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_bad_names_are_refused(self):
        for arguments in (["--worker", "a b"], ["--worker", "coordinator"], ["--token", "x:root"], ["--days", "0"], ["--bogus", "1"]):
            done = make(self.folder / "fresh", *arguments)
            self.assertEqual(done.returncode, 1, arguments)
            self.assertIn("[make-certificates]", done.stderr)
            self.assertFalse((self.folder / "fresh").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
