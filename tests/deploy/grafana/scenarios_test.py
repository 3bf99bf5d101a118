"""Something goes wrong on a real cluster, and the panels that should show it do.

Usage: scenarios_test.py FOLDER_OF_THE_PROGRAMS [KilledWorker | StarvedLoader | CollapsedRun]...
"""

import pathlib
import struct
import sys
import tempfile
import unittest
import zlib

import grafana
import prometheus

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from local_cluster import LocalCluster  # noqa: E402
from waiting import wait_until  # noqa: E402

LIMIT_SECONDS = 120

QUICK = """
name: quick
kind: pretrain
resources: {ranks: %(ranks)d, device: cpu}
data: {source: "%(source)s", image_size: 32, loader_threads: 1}
augment: {%(augment)s}
model: {encoder: resnet18, width: 0.125, stem: imagenet, head: {out: 64, hidden: 64}}
loss: {temperature: 0.2}
optimizer: {kind: sgd, lr: 0.05, scaling: none, warmup_epochs: 0}
train: {epochs: 1000, global_batch: 64, precision: fp32, seed: 1}
checkpoint: {every_epochs: 1, keep: 1}
"""


def png(side, grey):
    """An image of one colour."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes([grey]) * side) * side
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Scenario(unittest.TestCase):
    """A cluster and a Prometheus of its own for each test."""

    programs = ""
    workers = 1

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.cluster = self.enterContext(LocalCluster(self.programs, self.folder, self.workers))
        self.server = self.enterContext(prometheus.Prometheus(self.folder / "prometheus", self.cluster.targets()))

    def start(self, **differences):
        """Submits a job that never ends by itself and returns its id once it runs."""
        values = {"ranks": 1, "source": "synthetic:train=512,test=64", "augment": "preset: cifar10", **differences}
        job_file = self.folder / "job.yaml"
        job_file.write_text(QUICK % values)
        (job,) = self.cluster.submit(job_file)
        self.cluster.await_job(job, "running", LIMIT_SECONDS)
        return job

    def shown(self, uid, title, **chosen):
        """What the panel shows now: numbers by their labels, as a text such as "job_id=j-1 rank=0"."""
        numbers = {}
        for target in grafana.panel(uid, title)["targets"]:
            expression = grafana.substituted(target["expr"], {name: [value] for name, value in chosen.items()})
            for labels, number in self.server.newest(expression).items():
                numbers[" ".join(f"{name}={value}" for name, value in labels)] = number
        return numbers

    def await_shown(self, uid, title, condition, **chosen):
        """Until condition(numbers) holds for what the panel shows."""
        last = {}

        def holds():
            last.clear()
            last.update(self.shown(uid, title, **chosen))
            return condition(last)

        wait_until(holds, LIMIT_SECONDS, f"'{title}' moves; it shows {last}")


class KilledWorker(Scenario):
    workers = 3

    def test_fleet_shows_it(self):
        job = self.start(ranks=2)
        self.await_shown("simclr-fleet", "Workers by state", lambda shown: shown.get("state=connected") == 3)
        self.await_shown("simclr-run", "Loss", bool, job_id=job)
        self.assertLess(max(self.shown("simclr-fleet", "Heartbeat age").values()), 15)
        self.assertEqual(sum(self.shown("simclr-fleet", "Restarts").values()), 0)

        killed = self.cluster.kill_worker_of(job)
        self.await_shown("simclr-fleet", "Heartbeat age", lambda shown: shown.get(f"worker={killed}", 0) > 5)
        self.await_shown("simclr-fleet", "Workers by state", lambda shown: shown["state=unknown"] + shown["state=lost"] == 1)
        self.await_shown("simclr-fleet", "Restarts", lambda shown: sum(shown.values()) > 0)
        self.await_shown("simclr-fleet", "Workers by state", lambda shown: shown["state=lost"] == 1)
        self.await_shown("simclr-run", "Attempts", lambda shown: max(shown.values()) == 2, job_id=job)


class StarvedLoader(Scenario):
    workers = 2

    def test_performance_shows_it(self):
        fed = self.start()
        self.await_shown("simclr-performance", "Waiting for data", bool, job_id=fed)
        # Images of many pixels, blurred, for a network that looks at few.
        starved = self.start(source="synthetic:train=512,test=64,size=512", augment="preset: imagenet")
        self.await_shown(
            "simclr-performance", "Waiting for data", lambda shown: max(shown.values(), default=0) > 0.5, job_id=starved
        )
        self.assertGreater(self.most("Waiting for data", starved), self.most("Waiting for data", fed))
        self.assertGreater(self.most("Images a second", fed), self.most("Images a second", starved))

    def most(self, title, job):
        return max(self.shown("simclr-performance", title, job_id=job).values())


class CollapsedRun(Scenario):
    workers = 2

    def test_run_shows_it(self):
        healthy = self.start()
        self.await_shown("simclr-run", "Collapse", lambda shown: shown and min(shown.values()) > 0.3, job_id=healthy)
        images = self.folder / "images" / "grey"
        images.mkdir(parents=True)
        for number in range(256):
            (images / f"{number}.png").write_bytes(png(32, 128))
        collapsed = self.start(source=f"folder:{images.parent}", augment="preset: none")
        self.await_shown("simclr-run", "Collapse", lambda shown: shown and max(shown.values()) < 0.1, job_id=collapsed)
        self.await_shown("simclr-run", "Effective rank", lambda shown: shown and max(shown.values()) < 2, job_id=collapsed)
        self.assertGreater(min(self.shown("simclr-run", "Collapse", job_id=healthy).values()), 0.1)


if __name__ == "__main__":
    prometheus.require()
    Scenario.programs = sys.argv.pop(1)
    unittest.main()
