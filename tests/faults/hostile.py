"""Files that are well made and wrong: what no flipped byte leads to, each a function of a seed."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import av.error
import h5py
import numpy as np
from PIL import Image

Shape = tuple[int, int, int]  # of the video, (T, H, W)
Maker = Callable[[Path, random.Random, Shape], Path]


def header(shape: tuple[int, ...], descr: str = "|b1", order: str = "False") -> bytes:
    """The head of an .npy file that declares an array, without its numbers."""
    text = f"{{'descr': {descr!r}, 'fortran_order': {order}, 'shape': {shape}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def declared_array(place: Path, rng: random.Random, _: Shape) -> Path:
    """Sizes beyond memory, negative and of other kinds, with a few bytes behind them."""
    shape = rng.choice([
        (10**6, 10**6), (2**62,), (2**40, 4, 4), (0, 0), (), (-1, 3), (3, -5, 8), (10**30,),
        (20, 36, 48), (1, 1, 1, 1, 1), (20, 36, 48, 0),
    ])  # fmt: skip
    descr = rng.choice(["|b1", "<f8", "|O", "<U9", "<c16", "<M8[s]", "|V7", "x", ">i8", "<f2"])
    data = header(shape, descr, rng.choice(["False", "True", "None"]))
    path = place / rng.choice(["m.npy", "m.npz", "m.mat"])
    path.write_bytes(data + rng.randbytes(rng.choice([0, 7, 1728, 34560])))
    return path


def wrong_mask(place: Path, rng: random.Random, shape: Shape) -> Path:
    """Arrays of each wrong kind, size, number of axes and set of values."""
    t, h, w = shape
    sizes = rng.choice([
        shape, (h, w), (w, h), (t, h, w, 3), (t, h, w, 7), (t + 1, h, w), (1, h, w), (h, w, t),
        (t, 1, 1), (1, 1), (h,), (), (0, h, w), (t, h, 16_000), (2, t, h, w, 1),
    ])  # fmt: skip
    kind = rng.choice([np.bool_, np.uint8, np.int8, np.float16, np.float64, np.complex64, object,
                       np.dtype("U3"), np.dtype("M8[s]"), np.uint64, np.longdouble])
    value = rng.choice([0, 1, 255, -1, 0.5, np.nan, np.inf, -np.inf, 1e300, 2**63])
    array = np.zeros(sizes, np.float64)
    if rng.random() < 0.7 and array.size:
        array.flat[: max(1, array.size // rng.choice([2, 9]))] = value
    else:
        array[...] = value
    with np.errstate(all="ignore"):
        try:
            array = array.astype(kind)
        except (TypeError, ValueError, OverflowError):
            array = array.astype(object)
    return saved(place, array, rng)


def saved(place: Path, array: np.ndarray, rng: random.Random) -> Path:
    ending = rng.choice([".npy", ".npz", ".mat", ".h5.mat"])
    if array.dtype == object and array.size > 10_000:
        ending = ".npy"  # the other writers take minutes
    path = place / f"m{ending}"
    names = rng.choice([["mask"], ["masks"], ["a"], ["a", "b"], ["mask", "masks"], ["ä/../b"]])
    if ending == ".npy":
        np.save(path, array, allow_pickle=True)
    elif ending == ".npz":
        np.savez_compressed(path, **dict.fromkeys(names, array))
    elif ending == ".h5.mat" and array.dtype.kind in "biufc":
        with h5py.File(path, "w") as file:
            for name in names:
                file[name.replace("/", "_")] = array.T
    else:
        from scipy.io import savemat

        savemat(path, {"mask" if rng.random() < 0.7 else "other": array})
    return path


def odd_hdf5(place: Path, rng: random.Random, shape: Shape) -> Path:
    """Links, groups, references and arrays without end in a MATLAB file of version 7.3."""
    path = place / "m.mat"
    with h5py.File(path, "w") as file:
        kind = rng.randrange(6)
        if kind == 0:
            file["mask"] = h5py.ExternalLink("/etc/passwd", "x")
        elif kind == 1:
            file["mask"] = h5py.SoftLink("/mask")
        elif kind == 2:
            file.create_dataset("mask", (10**6, 10**6, 9), "u1", chunks=(64, 64, 1))
        elif kind == 3:
            file.create_group("mask")["mask"] = np.ones(shape[::-1], np.uint8)
        elif kind == 4:
            file.create_dataset("mask", (3,), h5py.ref_dtype)
        else:
            file.create_dataset("mask", data=["text"] * 3, dtype=h5py.string_dtype())
    return path


def odd_archive(place: Path, rng: random.Random, shape: Shape) -> Path:
    """Archives with entries that climb, that come twice, that are no arrays, or that are bombs."""
    path, content = place / "m.npz", io.BytesIO()
    np.save(content, np.ones(shape, bool))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        kind = rng.randrange(6)
        if kind == 0:
            archive.writestr("../../mask.npy", content.getvalue())
        elif kind == 1:
            archive.writestr("mask.npy", b"no array")
        elif kind == 2:
            archive.writestr("mask", content.getvalue())
        elif kind == 3:
            archive.writestr("mask.npy", header((10**5, 10**5), "<f8") + b"\0" * 10**6)
        elif kind == 4:
            for number in range(300):
                archive.writestr(f"{number}.npy", content.getvalue()[:200])
        else:
            with archive.open("mask.npy", "w") as entry:
                entry.write(header((20, 36, 48, 9000), "|u1"))
                for _ in range(40):
                    entry.write(b"\0" * 10**6)
    return path


def odd_picture(place: Path, rng: random.Random, shape: Shape) -> Path:
    """Frame folders of one pixel, 16,000 wide, of many modes and sizes, or of one frame."""
    sizes = [(1, 1), (16_000, 2), (2, 16_000), (shape[2], shape[1]), (shape[2] + 1, shape[1])]
    folder = place / "frames"
    folder.mkdir()
    first = rng.choice(sizes)
    for number in range(rng.choice([1, 2, 5])):
        size = first if rng.random() < 0.8 else rng.choice(sizes)
        mode = rng.choice(["RGB", "L", "1", "P", "RGBA", "I;16", "I", "LA", "CMYK", "F"])
        ending = {"CMYK": "tif", "F": "tif", "I": "tif"}.get(mode, rng.choice(["png", "tif"]))
        picture = Image.new(mode, size, rng.choice([0, 1]))
        picture.save(folder / f"{number}.{ending}", compress_level=1)
    return folder


def odd_video(place: Path, rng: random.Random, shape: Shape) -> Path:
    """Videos of one frame, one pixel or 16,000 pixels, with times that jump, repeat or go back."""
    height, width = rng.choice([(2, 2), (2, 4096), (2, 15_998), (shape[1], shape[2]), (1, 1)])
    count = rng.choice([1, 2, 9])
    codec, pixels, ending = rng.choice([
        ("ffv1", "bgr0", "mkv"), ("mpeg4", "yuv420p", "avi"), ("libx264", "yuv444p", "mp4"),
        ("rawvideo", "rgb24", "avi"), ("gif", "rgb8", "gif"), ("png", "rgb24", "mov"),
    ])  # fmt: skip
    times: list[Any] = sorted(rng.sample(range(-500, 10**6), count))
    if rng.random() < 0.3:
        times = [0] * count
    path = place / f"v.{ending}"
    try:
        with av.open(str(path), "w") as container:
            rate = rng.choice([1, 25, 1000, 30_000])
            stream: Any = container.add_stream(codec, rate=rate)
            stream.height, stream.width, stream.pix_fmt = height, width, pixels
            for time in times:
                levels = np.full((height, width, 3), rng.randrange(256), np.uint8)
                frame = av.VideoFrame.from_ndarray(levels, format="rgb24").reformat(format=pixels)
                frame.pts = time
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    except (av.error.FFmpegError, OSError, ValueError):  # refused by the encoder
        path.touch()
    return path


def misnamed(place: Path, rng: random.Random, _: Shape) -> Path:
    """Playlists, scripts, links, pipes and texts under the names of videos and masks."""
    path = place / f"v.{rng.choice(['mp4', 'mkv', 'gif', 'npy', 'npz', 'mat', 'png', 'avi'])}"
    kind = rng.randrange(8)
    texts = [
        b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n",
        b"ffconcat version 1.0\nfile /etc/passwd",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='1e9' height='1e9'/>", b"%!PS\n(a) print",
        b"GIF89a" + b"\xff" * 7, b"RIFF\xff\xff\xff\xffAVI LIST", b"",
    ]  # fmt: skip
    if kind < 7:
        path.write_bytes(texts[kind])
    else:
        path.symlink_to(rng.choice(["nowhere", path.name, "/etc/passwd", "/proc/self/mem"]))
    return path


OF_MASKS: tuple[Maker, ...] = (declared_array, wrong_mask, wrong_mask, odd_hdf5, odd_archive)
OF_VIDEOS: tuple[Maker, ...] = (odd_picture, odd_video, misnamed)
