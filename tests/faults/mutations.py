"""Ways to spoil the bytes of a file, each a function of a random number generator."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable

SIDES = (36, 48, 20)  # height, width and frames of the whole files, which become huge


def truncated(data: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def flipped(data: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    changed = bytearray(data)
    for _unused in range(rng.choice([1, 1, 4, 32, 256])):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def flipped_at_the_front(data: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    """Headers: sizes, counts, kinds."""
    changed = bytearray(data)
    for _unused in range(rng.choice([1, 2, 8])):
        changed[rng.randrange(min(len(changed), 200))] = rng.choice([0, 1, 127, 128, 255])
    return bytes(changed)


def spliced(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    other = rng.choice(others)
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


def emptied(data: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    start = rng.randrange(len(data))
    stop = min(len(data), start + rng.choice([4, 64, 1024]))
    return data[:start] + b"\0" * (stop - start) + data[stop:]


def repeated(data: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    start = rng.randrange(len(data))
    piece = data[start : start + rng.randrange(1, 500)]
    return data[:start] + piece * rng.randrange(2, 20) + data[start:]


def huge(data: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    """Sizes in the file become huge ones."""
    for size in SIDES:
        for order in ("big", "little"):
            for width in (2, 4):
                old = size.to_bytes(width, order)  # type: ignore[arg-type]
                new = rng.choice([16_000, 65_535]).to_bytes(width, order)  # type: ignore[arg-type]
                if rng.random() < 0.5:
                    data = data.replace(old, new, rng.randrange(1, 4))
    return data


def same(data: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    return data


MUTATIONS: list[Callable[[bytes, random.Random, list[bytes]], bytes]] = [
    truncated, flipped, flipped_at_the_front, spliced, emptied, repeated, huge, same,
]


def mutated_zip(data: bytes, rng: random.Random) -> bytes:
    """A zip, such as .keras and .npz, with the bytes of one entry changed and its sums right."""
    source, target = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    chosen = rng.choice(source.namelist())
    with zipfile.ZipFile(target, "w") as new:
        for entry in source.namelist():
            content = source.read(entry)
            if entry == chosen and content:
                content = rng.choice(MUTATIONS[:6])(content, rng, [b"{}", content])
            new.writestr(entry, content)
    return target.getvalue()
