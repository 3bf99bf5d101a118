"""The rendered commands of coordinator, worker and test pod run as they are on this machine, with the Secrets that
docs/how-to/kubernetes.md makes, and train a job on a mounted data set over TLS; a drain ends in time; a small /dev/shm is
refused.

Usage: run_test.py FOLDER_OF_THE_PROGRAMS      (exit 77: this machine refuses the namespaces that pods need)
"""

import base64
import copy
import fcntl
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

import chart
import sandbox
from chart import name, of_kind, the

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "howto"))
import howto  # noqa: E402

HOWTO = chart.REPOSITORY / "docs/how-to/kubernetes.md"
SKIPPED = 77
MIB = 1 << 20
VALUES = {
    "worker": {"device": "cpu", "slots": 2, "threadsPerSlot": 1, "memory": "2Gi", "cache": "64Mi", "shm": "128Mi",
               "drain": {"checkpointSeconds": 10, "marginSeconds": 5}},
}  # fmt: skip
JOB = """
name: %s
kind: pretrain
resources: {ranks: 2, device: cpu}
data: {source: "folder:/data/cifar10/train", image_size: 32}
augment: {preset: cifar10}
model: {encoder: resnet18, width: 0.25, head: {out: 32, hidden: 32}}
train: {epochs: %d, global_batch: 32}
"""


def type_howto(programs, folder):
    """Runs the commands of the how-to that need no cluster. Leaves my-values.yaml, secrets.yaml and pki/ in the folder."""
    environment = {**howto.environment(programs, "kubernetes"), "SIMCLR_DEPS": str(chart.TOOLS.parents[1])}
    terminal = howto.Terminal("laptop", folder, environment)
    for _, commands in howto.blocks(HOWTO.read_text(encoding="utf-8")):
        terminal.type(commands)
    terminal.close()


def pod_of(found, kind, suffix):
    """Spec of the pods of an object; claims of its own become volumes."""
    owner = the(found, kind, suffix)
    if kind == "Pod":
        return owner["spec"]
    spec = copy.deepcopy(owner["spec"]["template"]["spec"])
    for claim in owner["spec"].get("volumeClaimTemplates", []):
        own = claim["metadata"]["name"]
        spec["volumes"].append({"name": own, "persistentVolumeClaim": {"claimName": f"{own}-{name(owner)}-0"}})
    return spec


def is_ready(spec):
    """Whether the readiness probe of a pod gets 200."""
    (container,) = spec["containers"]
    probe = container["readinessProbe"]["httpGet"]
    port = next(port["containerPort"] for port in container["ports"] if port["name"] == probe["port"])
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}{probe['path']}", timeout=2).status == 200
    except (urllib.error.URLError, OSError):
        return False


def wait_until(condition, limit, what):
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit} s: {what}"
        threading.Event().wait(0.2)


class Cluster(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        type_howto(PROGRAMS, self.folder / "laptop")
        values = chart.merged(self.howto_values(), VALUES)
        self.found = chart.render(values)
        service = the(self.found, "Service", "-coordinator")
        host = f"{name(service)}.{chart.NAMESPACE}.svc.cluster.local"
        secrets = chart.objects((self.folder / "laptop/secrets.yaml").read_text())
        alice = copy.deepcopy(next(secret for secret in secrets if name(secret) == "simclr-test-token"))
        alice["metadata"]["name"] = "alice"
        alice["data"] = {"token": base64.b64encode((self.folder / "laptop/pki/token-alice").read_bytes()).decode()}
        self.node = sandbox.Node(self.folder, PROGRAMS, [*secrets, alice], of_kind(self.found, "ConfigMap"), [host])
        self.processes = []
        # The data set of the how-to's values.
        images = pathlib.Path(howto.__file__).with_name("make_images.py")
        subprocess.run([sys.executable, "-B", images, self.node.claim("cifar10"), "40"], check=True)

    def tearDown(self):
        for process in self.processes:
            process.kill()
            process.wait()

    def test_a_job_trains_and_everything_stops_as_it_should(self):
        try:
            self.tell_the_story()
        except BaseException:
            for log in sorted(self.folder.glob("*.log")):
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-4000:]}")
            raise

    def tell_the_story(self):
        coordinator = self.start("simclr-coordinator-0", pod_of(self.found, "StatefulSet", "-coordinator"))
        self.a_small_shared_memory_is_refused()
        worker = self.start("simclr-worker-0", pod_of(self.found, "StatefulSet", "-worker"))
        self.assertRegex(self.ctl(), r"coordinator \d+\.\d+")  # the test pod as it is
        self.assertIn("simclr-worker-0", self.ctl("get", "workers", "-o", "name"))
        self.assertIn("may not call", self.ctl("submit", "-f", self.job("first", 1), expected=4))
        self.ctl("submit", "-f", self.job("first", 1), "--wait", token="alice")
        self.assertTrue(list(self.node.claim("simclr-artifacts").glob("j-*/export/model.safetensors")))

        self.ctl("submit", "-f", self.job("second", 100000), token="alice")
        self.ctl("wait", "second", "--for=running", "--timeout=60s")
        self.assert_stops(worker, pod_of(self.found, "StatefulSet", "-worker"))
        self.assertRegex(self.ctl("get", "checkpoints", "second"), "a1-[0-9a-f]{8}-s")
        self.assert_stops(coordinator, pod_of(self.found, "StatefulSet", "-coordinator"))

    def a_small_shared_memory_is_refused(self):
        spec = pod_of(self.found, "StatefulSet", "-worker")
        next(volume for volume in spec["volumes"] if volume["name"] == "shm")["emptyDir"]["sizeLimit"] = "64Mi"
        process = self.node.start("simclr-worker-1", spec)
        self.assertNotEqual(process.wait(timeout=30), 0)
        self.assertIn("/dev/shm has 64 MiB, trainers need 128 MiB", self.node.log("simclr-worker-1").read_text())

    def assert_stops(self, process, spec):
        """SIGTERM is enough, within the pod's grace period."""
        process.terminate()
        self.assertEqual(process.wait(timeout=spec["terminationGracePeriodSeconds"]), 0)

    def start(self, pod, spec):
        process = self.node.start(pod, spec)
        self.processes.append(process)
        wait_until(lambda: process.poll() is not None or is_ready(spec), 60, f"{pod} is ready")
        self.assertIsNone(process.poll(), f"{pod} ended")
        if sandbox.has_other_users():
            self.assertEqual(pathlib.Path(f"/proc/{process.pid}").stat().st_uid, spec["securityContext"]["runAsUser"])
        return process

    def ctl(self, *arguments, token=None, expected=0):
        """Runs the test pod, with other arguments and another Secret for its token where they are given; its output."""
        spec = copy.deepcopy(pod_of(self.found, "Pod", "-test"))
        if arguments:
            spec["containers"][0]["args"] = list(arguments)
        if token:
            next(volume for volume in spec["volumes"] if volume["name"] == "token")["secret"]["secretName"] = token
        spec["containers"][0]["volumeMounts"].append({"name": "jobs", "mountPath": "/jobs", "readOnly": True})
        spec["volumes"].append({"name": "jobs", "persistentVolumeClaim": {"claimName": "jobs"}})
        log = self.node.log("simclr-test")
        log.unlink(missing_ok=True)
        status = self.node.start("simclr-test", spec).wait(timeout=180)
        self.assertEqual(status, expected, f"{arguments}: {log.read_text()}")
        return log.read_text()

    def job(self, job, epochs):
        (self.node.claim("jobs") / f"{job}.yaml").write_text(JOB % (job, epochs))
        return f"/jobs/{job}.yaml"

    def howto_values(self):
        return chart.yaml.safe_load((self.folder / "laptop/my-values.yaml").read_text())


def loopback_up():
    """A network namespace begins with its loopback down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14s", b"lo", 0x1, b""))  # SIOCSIFFLAGS, IFF_UP


if __name__ == "__main__":
    PROGRAMS = pathlib.Path(sys.argv[1]).resolve()
    if "--inside" not in sys.argv:
        if subprocess.run([*sandbox.namespaces(), "true"], capture_output=True).returncode != 0:
            print("skipped: this machine refuses mount, network or process namespaces")
            sys.exit(SKIPPED)
        sys.exit(subprocess.run([*sandbox.namespaces(), sys.executable, "-B", __file__, PROGRAMS, "--inside"]).returncode)
    loopback_up()
    unittest.main(argv=sys.argv[:1], verbosity=2, warnings="ignore")
