"""Small pictures, whole and damaged, and a training job that reads them."""

import os
import random
import struct
import zlib

JOB = """name: t
kind: pretrain
resources: {{device: cpu}}
data: {{source: "folder:{folder}", image_size: 32, max_bad_share: {bad}}}
augment: {{preset: cifar10}}
model: {{encoder: resnet18, width: 0.125, stem: imagenet, head: {{out: 16, hidden: 16}}}}
optimizer: {{warmup_epochs: 0}}
train: {{epochs: {epochs}, global_batch: 16, precision: fp32, seed: 7}}
schedule: {{max_restarts: 0}}
"""
_SIDE = 24


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(seed):
    pixels = random.Random(seed)
    rows = b"".join(b"\0" + pixels.randbytes(3 * _SIDE) for _ in range(_SIDE))
    head = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def fill(folder, count, damaged=()):
    """`count` pictures, and a damaged one under each of the names (bytes)."""
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{number:04}.png").write_bytes(png(number))
    for name in damaged:
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:
            file.write(png(0)[:50])
