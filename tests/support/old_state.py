"""A coordinator's database of schema version 1, which every version opens, without running a coordinator."""

import pathlib
import sqlite3

from rpc_client import event_pb2, job_pb2

_SCHEMA = pathlib.Path(__file__).with_name("schema_1.sql").read_text(encoding="utf-8")
# What a coordinator fills in where a job file says nothing.
_DEFAULTS = {
    "data": {"source": "synthetic:train=64,test=8", "image_size": 224, "limit_per_class": 0, "holdout": 0, "max_bad_share": 0.01, "cache_bytes": 0},
    "augment": {
        "preset": job_pb2.AUGMENT_PRESET_IMAGENET,
        "strength": 1,
        "crop": {"enabled": True, "min_area": 0.08, "max_area": 1, "min_aspect": 0.75, "max_aspect": 4 / 3, "interpolation": 1},
        "flip": {"probability": 0.5},
        "jitter": {"probability": 0.8, "brightness": 0.8, "contrast": 0.8, "saturation": 0.8, "hue": 0.2},
        "grayscale": {"probability": 0.2},
        "blur": {"probability": 0.5, "min_sigma": 0.1, "max_sigma": 2},
    },
    "model": {"encoder": "resnet50", "width": 1, "stem": 1, "norm": 1, "zero_init_gamma": True, "head": {"kind": 1, "layers": 2, "out": 128}},
    "loss": {"kind": 1, "temperature": 0.1},
    "optimizer": {"kind": 1, "lr": 0.3, "scaling": 1, "warmup_epochs": 10, "schedule": 1, "weight_decay": 1e-6, "momentum": 0.9},
    "train": {"epochs": 100, "global_batch": 256, "precision": 1, "seed": 0},
    "checkpoint": {"every_epochs": 1, "every_minutes": 10, "keep": 2},
    "schedule": {"priority": 0, "max_restarts": 3},
}
_START = 1_767_225_600  # seconds since 1970 of the first job


def _record(number):
    """A job of one rank that succeeded: old-0, old-1, ..."""
    at, job_id = _START + 60 * number, f"j-{(_START + 60 * number) * 1000:012x}-aaaa"
    exit_record = {"rank": 0, "failure": job_pb2.FAILURE_CLASS_SUCCESS, "step": 4, "total_steps": 4, "at": {"seconds": at + 30}}
    summary = {"attempt": 1, "placed_at": {"seconds": at}, "running_at": {"seconds": at + 1}, "ended_at": {"seconds": at + 30}}
    spec = {"name": f"old-{number}", "kind": job_pb2.JOB_KIND_PRETRAIN, "resources": {"ranks": 1, "device": job_pb2.DEVICE_CPU}, **_DEFAULTS}
    status = {"phase": job_pb2.PHASE_SUCCEEDED, "failure": job_pb2.FAILURE_CLASS_SUCCESS, "attempt": 1, "step": 4, "total_steps": 4}
    times = {"submitted_at": {"seconds": at}, "ended_at": {"seconds": at + 30}, "phase_since": {"seconds": at + 30}}
    return event_pb2.JobRecord(
        job={"id": job_id, "owner": "ann", "spec": spec, "status": {**status, **times}},
        spec_hash="0" * 64,
        revision=number + 1,
        attempts=[
            {
                "summary": {**summary, "ended_by": job_pb2.FAILURE_CLASS_SUCCESS, "culprit_rank": -1, "step": 4},
                "ranks": [{"rank": 0, "worker": "node-1", "incarnation": 1, "slot": 0}],
                "device": job_pb2.DEVICE_CPU,
                "nonce": f"{number:016x}",
                "exits": [exit_record],
            }
        ],
        checkpoints=[
            {"job_id": job_id, "attempt": 1, "step": 4, "path": f"{job_id}/checkpoints/a1-s4", "bytes": 1000, "digest": f"{number:064x}"}
        ],
    )


def ended_jobs(count):
    """Records of jobs that succeeded, in submit order."""
    return [_record(number) for number in range(count)]


def write_state(directory, records):
    """A data directory that holds these records."""
    directory.mkdir(parents=True)
    snapshot = event_pb2.StateSnapshot(revision=len(records), jobs=records)
    with sqlite3.connect(directory / "state.db") as database:
        database.executescript(_SCHEMA)
        database.execute("INSERT INTO snapshots VALUES (?, ?)", (snapshot.revision, snapshot.SerializeToString()))
    database.close()
