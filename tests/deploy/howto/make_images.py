"""Makes small pictures as people bring them: class folders with train and test splits, PNG and JPEG, gray and colour.

Usage: make_images.py FOLDER IMAGES_PER_CLASS
"""

import base64
import pathlib
import random
import struct
import sys
import zlib

CLASSES = ("cat", "dog", "fox")
GRAY_JPEG = base64.b64decode(  # 16 x 16 pixels
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5mo"
    "q6T/wAALCAAQABABAREA/8QAFQABAQAAAAAAAAAAAAAAAAAABAX/xAAXEAADAQAAAAAAAAAAAAAAAAAAAwRh/9oACAEBAAA/AJipsFqmwWqbBipsP//Z"
)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, rows):
    """Of 8-bit RGB rows."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def picture(rng, kind):
    """Stripes whose direction tells the class, in random colours and sizes."""
    width, height = rng.randint(24, 40), rng.randint(24, 40)
    colours = [bytes(rng.randrange(256) for _ in range(3)) for _ in range(2)]
    across = ((1, 0), (0, 1), (1, 1))[kind]
    stripe = lambda x, y: colours[(x * across[0] + y * across[1]) // 4 % 2]  # noqa: E731
    return png(width, height, [b"".join(stripe(x, y) for x in range(width)) for y in range(height)])


def main(folder, count):
    rng = random.Random(1)
    for split, images in (("train", count), ("test", max(count // 4, 4))):
        for kind, name in enumerate(CLASSES):
            target = pathlib.Path(folder) / split / name
            target.mkdir(parents=True)
            for number in range(images - 1):
                (target / f"{number:04}.png").write_bytes(picture(rng, kind))
            (target / "gray.jpg").write_bytes(GRAY_JPEG)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
