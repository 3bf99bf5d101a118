"""Several hosts for real: coordinator and two agents in network namespaces, TLS between them, cables that are pulled.

Everything is set up by the commands of docs/how-to/two-machines.md. Needs root and iproute2; where the kernel allows no
network namespaces the test is skipped (exit 77).
Usage: hosts_test.py FOLDER_OF_THE_PROGRAMS cables|certificates
"""

import json
import sys
from datetime import datetime, timezone

import hosts_lab
from hosts_lab import Lab, page
from hosts_network import NotAllowed

SKIPPED = 77
LIMIT = 860  # seconds, below ctest's
LOST_AFTER = 15  # seconds: the coordinator's default
STEPS_PER_EPOCH = 8
STALE = "simclr_coordinator_stale_writes_total"
JOB = """
name: {name}
kind: pretrain
resources: {{ranks: {ranks}, device: cpu}}
data: {{source: "synthetic:train=512,test=64", image_size: 32}}
augment: {{preset: cifar10}}
model: {{encoder: resnet18, width: 0.125, stem: cifar, head: {{hidden: 32, out: 16}}}}
train: {{epochs: {epochs}, global_batch: 64, precision: fp32, seed: 7}}
checkpoint: {{every_epochs: 1}}
"""


def submit(lab, name, ranks, epochs):
    (lab.home("laptop") / f"{name}.yaml").write_text(JOB.format(name=name, ranks=ranks, epochs=epochs), encoding="utf-8")
    lab.ctl("submit", "-f", f"{name}.yaml")


def runs_past_a_checkpoint(lab, name):
    """Waits until something would be lost, but not everything."""
    lab.await_job(name, lambda status: status["phase"] == "RUNNING" and status["step"] > STEPS_PER_EPOCH)


def await_worker(lab, name, state):
    lab.await_(lambda: lab.item("worker", name)["state"] == state, lambda: f"{name} is not {state}")


def assert_success(lab, name, attempt, epochs):
    status = lab.await_job(name, lambda status: status["phase"] in ("SUCCEEDED", "FAILED", "CANCELLED"))
    assert status["phase"] == "SUCCEEDED", status
    assert status["attempt"] == attempt, status
    assert status["step"] == status["total_steps"] == epochs * STEPS_PER_EPOCH, status
    assert (status["resumed_from_step"] > 0) == (attempt > 1), status
    newest = max(json.loads(lab.ctl("get", "checkpoints", name, "-o", "json"))["items"], key=lambda item: item["step"])
    assert (newest["attempt"], newest["step"]) == (attempt, status["total_steps"]), newest


def a_cut_shorter_than_the_lost_limit_restarts_nothing(lab):
    epochs = 8
    submit(lab, "short", ranks=2, epochs=epochs)
    runs_past_a_checkpoint(lab, "short")
    trainers = lab.trainers("short")
    assert len(trainers) == 2, trainers
    lab.network.unplug("node-2")
    await_worker(lab, "node-2", "unknown")
    lab.network.plug("node-2")
    lab.await_job("short", lambda status: status["step"] > 2 * STEPS_PER_EPOCH)
    assert lab.trainers("short") == trainers
    await_worker(lab, "node-2", "connected")
    assert_success(lab, "short", attempt=1, epochs=epochs)


def a_longer_cut_restarts_the_gang_and_its_zombie_is_refused(lab):
    epochs = 8
    submit(lab, "long", ranks=2, epochs=epochs)
    runs_past_a_checkpoint(lab, "long")
    zombie = lab.trainers("long", rank=1)
    lab.network.unplug("node-2")
    # One slot is left, the job needs two.
    lab.await_job("long", lambda status: status["phase"] == "QUEUED" and status["reason"] == "no-such-capacity")
    assert lab.item("worker", "node-2")["state"] == "lost"
    assert lab.trainers("long") == zombie, "rank 0 must have been stopped, rank 1 cannot have heard of it"
    refused = lab.metric("coordinator", 7401, STALE)
    lab.network.plug("node-2")
    lab.await_job("long", lambda status: status["attempt"] == 2)
    assert_success(lab, "long", attempt=2, epochs=epochs)
    assert not zombie & lab.trainers("long")
    assert lab.metric("coordinator", 7401, STALE) > refused
    assert "stale attempt" in lab.agent_log("node-2"), "what the zombie reported must be refused"


def a_job_goes_on_with_what_is_left_while_its_zombie_trains(lab):
    """One rank alone does not notice the cut: it goes on to train and to save, and nothing of that counts."""
    epochs = 12
    submit(lab, "alone", ranks=1, epochs=epochs)
    runs_past_a_checkpoint(lab, "alone")
    lost = lab.worker_of("alone")
    zombie = lab.trainers("alone")
    lab.network.unplug(lost)
    lab.await_job("alone", lambda status: status["attempt"] == 2 and status["phase"] == "RUNNING")
    assert lab.worker_of("alone") != lost
    checkpoints = f'{STALE}{{operation="checkpoint"}}'
    refused = lab.metric("coordinator", 7401, checkpoints)
    lab.network.plug(lost)
    lab.await_(lambda: lab.metric("coordinator", 7401, checkpoints) > refused, lambda: "no checkpoint of the zombie was refused")
    lab.await_(lambda: not zombie & lab.trainers("alone"), lambda: "the zombie still runs")
    assert_success(lab, "alone", attempt=2, epochs=epochs)


def a_gang_that_trains_needs_no_coordinator(lab):
    """Only the way between one node and the coordinator is cut, for longer than the lost limit."""
    submit(lab, "silent", ranks=2, epochs=1000)
    runs_past_a_checkpoint(lab, "silent")
    lab.network.separate("node-2", "coordinator")

    def silence():
        seen = datetime.fromisoformat(lab.item("worker", "node-2")["last_seen"].replace("Z", "+00:00"))
        return (datetime.now(timezone.utc) - seen).total_seconds()

    lab.await_(lambda: silence() > LOST_AFTER, lambda: "node-2 is heard all the time")
    step = lab.item("job", "silent")["status"]["step"]
    lab.await_job("silent", lambda status: status["step"] > step + STEPS_PER_EPOCH)
    assert lab.item("worker", "node-2")["state"] == "unknown"
    lab.network.rejoin("node-2", "coordinator")
    await_worker(lab, "node-2", "connected")
    status = lab.item("job", "silent")["status"]
    assert status["phase"] == "RUNNING" and status["attempt"] == 1, status
    lab.ctl("cancel", "silent")
    lab.await_job("silent", lambda status: status["phase"] == "CANCELLED")


def cables(lab):
    for scenario in (
        a_gang_that_trains_needs_no_coordinator,
        a_cut_shorter_than_the_lost_limit_restarts_nothing,
        a_longer_cut_restarts_the_gang_and_its_zombie_is_refused,
        a_job_goes_on_with_what_is_left_while_its_zombie_trains,
    ):
        print(f"--- {scenario.__name__}", flush=True)
        scenario(lab)


def certificates(lab):
    """A job outlives the change of the authority, after which the old one opens nothing."""
    epochs = 12
    submit(lab, "kept", ranks=2, epochs=epochs)
    before = (lab.home("laptop") / "pki" / "ca.crt").read_bytes()
    lab.type(page("certificate-rotation.md"))
    status = lab.await_job("kept", lambda status: status["phase"] == "SUCCEEDED")
    assert status["step"] == epochs * STEPS_PER_EPOCH and status["restarts"] == 0, status
    (lab.home("laptop") / "old.crt").write_bytes(before)
    lab.ctl("config", "set-context", "old", "--server", "10.77.0.1:7400", "--ca", "old.crt", "--token-file", "pki/token-alice")
    lab.ctl_fails("the context's CA", "--context", "old", "get", "workers")


def main(programs, what):
    hosts_lab.howto.give_up_after(LIMIT)
    up, down = page("two-machines.md").split("## 8. Stop")
    try:
        with Lab(programs) as lab:
            lab.type(up)
            {"cables": cables, "certificates": certificates}[what](lab)
            lab.type(down)
            assert lab.leaves_nothing(), "the page stops all that it starts"
    except NotAllowed as reason:
        print(f"skipped: no network namespaces here: {reason}")
        return SKIPPED
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
