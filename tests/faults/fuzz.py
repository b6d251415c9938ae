"""Broken files by the thousand, and a process that reads them one after the other.

Each case is a function of its number. `python fuzz.py FOLDER FIRST LAST` reads cases and prints a
line of JSON for each when it begins and when it has ended; who called it sees what was lost.
"""

from __future__ import annotations

import json
import random
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import hostile
import numpy as np
from mutations import MUTATIONS, mutated_zip
from PIL import Image

from dynpat.config import LangevinConfig, LearnConfig
from dynpat.datasets import flames
from dynpat.errors import DynpatError
from dynpat.masks import read_mask
from dynpat.videos import find_videos, read_video, read_videos, write_video

SHAPE = (20, 36, 48)  # of the videos, and what masks are read for
MEMORY = 6_000_000_000  # bytes of address space
OF_RUNS = 24_000_000_000  # the same where TensorFlow is loaded, which reserves more than it uses
SECONDS = 60.0  # of computing for a case; the slowest takes 11
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


def hostile_case(number: int, place: Path) -> str:
    """Make a file that is well made and wrong, and read it as a mask or a video."""
    rng = random.Random(number)
    place.mkdir(parents=True, exist_ok=True)
    if rng.random() < 0.6:
        path = rng.choice(hostile.OF_MASKS)(place, rng, SHAPE)
        return taken("mask", lambda: checked_mask(
            read_mask(path, SHAPE, invert=rng.random() < 0.2, dilate=rng.choice([0, 3])), SHAPE
        ))
    path = rng.choice(hostile.OF_VIDEOS)(place, rng, SHAPE)
    if rng.random() < 0.3:
        return taken("mask", lambda: checked_mask(read_mask(path, SHAPE), SHAPE))
    options: dict[str, Any] = rng.choice([
        {}, {"size": (9, 16_000), "frames": 2}, {"frames": 1}, {"start": 1}, {"fps": 1000.0},
        {"fps": 0.01}, {"start": 10**12}, {"frames": 10**12}, {"size": (10**6, 10**6)},
    ])  # fmt: skip
    return taken("video", lambda: checked(read_video(path, **options).frames))


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
        assert opened.chains([0]).ndim == 6
        video = np.zeros((1, *opened.config()["inputs"][0]["shape"]), np.float32)
        assert model(video).shape == (1,)

    return taken("run", read)


def main() -> None:
    folder, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    of_runs = (folder / "run").exists()
    resource.setrlimit(resource.RLIMIT_AS, 2 * (OF_RUNS if of_runs else MEMORY,))
    for number in range(first, last):
        print(json.dumps({"case": number}), flush=True)
        place = folder / f"place_{number}"
        # It ends the process, whatever library hangs; a busy machine does not count.
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            outcome = case(number, folder, place)
        except BaseException as error:
            outcome = f"LOST {type(error).__name__}: {error}"[:300]
        signal.setitimer(signal.ITIMER_PROF, 0)
        shutil.rmtree(place, ignore_errors=True)
        # Not `ru_maxrss`, which begins with the memory of the process that started this one.
        status = Path("/proc/self/status").read_text(encoding="ascii")
        peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
        print(json.dumps({"case": number, "outcome": outcome, "peak": peak}), flush=True)


def case(number: int, folder: Path, place: Path) -> str:
    """What came of a case: of run folders, or in turn of files, hostile files and settings."""
    if (folder / "run").exists():
        return run_case(number, folder / "run", place)
    if number % 10 == 9:
        return settings_case(number)
    if number % 10 in (2, 5, 8):
        return hostile_case(number, place)
    return read_case(number, folder / "corpus", place)


if __name__ == "__main__":
    main()
