"""Broken files by the thousand, and a process that reads them one after the other.

Each case is a function of its number. `python fuzz.py FOLDER FIRST LAST` reads cases and prints a
line of JSON for each when it begins and when it has ended; who called it sees what was lost.
"""

from __future__ import annotations

import io
import json
import random
import resource
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from dynpat.config import LangevinConfig, LearnConfig
from dynpat.datasets import flames
from dynpat.errors import DynpatError
from dynpat.masks import read_mask
from dynpat.videos import find_videos, read_video, read_videos, write_video

SHAPE = (20, 36, 48)  # of the videos, and what masks are read for
MEMORY = 6_000_000_000  # bytes of address space
CONTAINERS = {
    "a.mp4": "libx264", "a.mov": "mpeg4", "a.avi": "mpeg4", "a.mkv": "libx264", "a.mpg":
    "mpeg1video", "a.webm": "libvpx", "b.mkv": "ffv1",
}  # fmt: skip
ODD = ("b.mp4", "ten.mp4", "one.mp4", "tiny.mp4", "late.mkv", "slow.mkv", "field.mp4", "alpha.mkv")


def make_corpus(folder: Path) -> None:
    """Whole files of every kind that is read."""
    folder.mkdir(parents=True)
    frames = flames(SHAPE[0], SHAPE[1:], seed=0)
    for name, codec in CONTAINERS.items():
        encode(folder / name, frames, codec)
    encode(folder / "b.mp4", frames[:, :35, :47], "libx264", "yuv444p")
    encode(folder / "ten.mp4", frames, "libx264", "yuv420p10le")
    encode(folder / "one.mp4", frames[:1], "libx264")
    encode(folder / "tiny.mp4", frames[:, :1, :1], "libx264", "yuv444p")
    encode(folder / "late.mkv", frames, "libx264", first=-7)
    encode(folder / "slow.mkv", frames, "libx264", uneven=True)
    encode(folder / "field.mp4", frames, "libx264", options={"flags": "+ildct+ilme"})
    encode(folder / "alpha.mkv", frames, "ffv1", "bgra")
    write_video(folder / "a.gif", frames, 25)
    write_video(folder / "frames", frames[:6], 25)
    pictures = [Image.fromarray(frame) for frame in frames[:2]]
    for ending in ("png", "jpg", "bmp", "webp", "tif", "gif"):
        pictures[0].save(folder / f"picture.{ending}")
    pictures[0].convert("P").save(folder / "palette.png")
    pictures[0].convert("RGBA").save(folder / "alpha.png")
    Image.fromarray(frames[0, ..., 0].astype(np.uint16) * 257).save(folder / "deep.png")
    Image.fromarray(frames[0, ..., 0].astype(np.float32)).save(folder / "float.tif")
    mask = np.zeros(SHAPE, bool)
    mask[:, 5:20, 7:30] = True
    np.save(folder / "mask.npy", mask)
    np.savez(folder / "mask.npz", masks=mask)
    np.savez_compressed(folder / "small.npz", mask=mask.astype(np.float32))
    Image.fromarray(mask[0]).save(folder / "mask.png")
    write_video(folder / "mask.mp4", mask[..., None].repeat(3, -1) * np.uint8(255), 25)
    from scipy.io import savemat

    savemat(folder / "mask.mat", {"masks": mask.transpose(1, 2, 0).astype(np.uint8)})


def encode(
    path: Path, frames: np.ndarray, codec: str, pixels: str = "yuv420p", first: int = 0,
    uneven: bool = False, options: dict[str, str] | None = None,
) -> None:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=25, options=options or {})
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], pixels
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            picture = picture.reformat(format=pixels)
            picture.pts = first + (number * number if uneven else number)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


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
    for size in (SHAPE[1], SHAPE[2], SHAPE[0]):
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
ENDINGS = (
    ".mp4", ".avi", ".mkv", ".mpg", ".gif", ".png", ".jpg", ".tif", ".bmp", ".webp", ".npy",
    ".npz", ".mat", ".txt", "",
)  # fmt: skip


def read_case(number: int, corpus: Path, place: Path) -> str:
    """Make case `number` in the folder `place` and read it; what came of it, in a word or two."""
    rng = random.Random(number)
    names = sorted(path.name for path in corpus.iterdir() if path.is_file())
    others = [(corpus / name).read_bytes() for name in names]
    name = rng.choice(names)
    mutation = rng.choice(MUTATIONS)
    data = mutation((corpus / name).read_bytes(), rng, others)
    ending = rng.choice(ENDINGS) if rng.random() < 0.1 else Path(name).suffix
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"case{ending}"
    path.write_bytes(data)
    if "mask" in name or rng.random() < 0.1:
        shape = SHAPE if rng.random() < 0.8 else (rng.randrange(1, 40), 36, 48)
        return taken("mask", lambda: checked_mask(
            read_mask(path, shape, invert=rng.random() < 0.2, dilate=rng.choice([0, 0, 3])), shape
        ))
    source = place if ending in (".png", ".jpg", ".bmp", ".webp", ".tif") else path
    if source == place and rng.random() < 0.5:
        shutil.copy(corpus / "picture.png", place / "case0.png")
    options: dict[str, Any] = rng.choice([
        {}, {}, {"size": (20, 24)}, {"frames": 5}, {"frames": 4, "start": 3}, {"fps": 10.0},
        {"grey": True}, {"at_most": 7}, {"pixels": 900},
    ])  # fmt: skip
    if rng.random() < 0.1:
        return taken("videos", lambda: [
            checked(video.frames) for video in read_videos(find_videos(place), **{
                name: value for name, value in options.items() if name in ("size", "grey")
            })
        ])
    return taken("video", lambda: checked(read_video(source, **options).frames))


def taken(kind: str, read: Callable[[], object]) -> str:
    try:
        read()
    except DynpatError as error:
        text = str(error)
        assert 20 < len(text) < 1500 and "Traceback" not in text, text
        return f"{kind} refused"
    return f"{kind} read"


def checked(frames: np.ndarray) -> None:
    assert frames.dtype == np.uint8 and frames.ndim == 4, (frames.dtype, frames.shape)
    assert frames.size and frames.shape[-1] in (1, 3), frames.shape


def checked_mask(mask: np.ndarray, shape: tuple[int, ...]) -> None:
    assert mask.dtype == bool and mask.shape == shape and mask.any() and not mask.all()


def settings_case(number: int) -> str:
    """Settings of any kind and value make a config that is checked, or one sentence."""
    rng = random.Random(number)
    kind = rng.choice([LangevinConfig, LearnConfig])
    names = list(kind.__dataclass_fields__)
    values = [0, -1, 1, 2**40, 0.5, 1e-300, float("nan"), float("inf"), None, "many", [], True]
    given = {rng.choice(names): rng.choice(values) for _ in range(rng.randrange(1, 4))}
    from dynpat.config import from_dict

    return taken("settings", lambda: from_dict(kind, given))


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


def run_case(number: int, run: Path, place: Path) -> str:
    """A run folder of which one file is broken: opened, its model loaded, its chains read."""
    from dynpat.runs.folder import Run

    rng = random.Random(number)
    shutil.copytree(run, place, dirs_exist_ok=True)
    files = [path for path in sorted(place.rglob("*")) if path.is_file() and (
        path.suffix in (".json", ".jsonl", ".keras") or "checkpoints" in path.parts)]
    path = rng.choice(files)
    data = path.read_bytes()
    if path.suffix == ".keras" and rng.random() < 0.7:
        path.write_bytes(mutated_zip(data, rng))
    else:
        path.write_bytes(rng.choice(MUTATIONS[:6])(data, rng, [data, b"{}", b"\0" * 64]))

    def read() -> None:
        opened = Run.open(place)
        model = opened.load_model()
        assert opened.chains().ndim == 6
        video = np.zeros((1, *opened.config()["inputs"][0]["shape"]), np.float32)
        assert model(video).shape == (1,)

    return taken("run", read)


def main() -> None:
    folder, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    if not (folder / "run").exists():  # TensorFlow reserves more than it uses
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for number in range(first, last):
        print(json.dumps({"case": number}), flush=True)
        place = folder / f"place_{number}"
        try:
            if (folder / "run").exists():
                outcome = run_case(number, folder / "run", place)
            elif number % 10 == 9:
                outcome = settings_case(number)
            else:
                outcome = read_case(number, folder / "corpus", place)
        except BaseException as error:
            outcome = f"LOST {type(error).__name__}: {error}"[:300]
        shutil.rmtree(place, ignore_errors=True)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"case": number, "outcome": outcome, "peak": peak}), flush=True)


if __name__ == "__main__":
    main()
