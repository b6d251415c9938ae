"""Find out what works on this machine, by trying it."""

from __future__ import annotations

import base64
import io
import os
import platform
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from PIL import Image

from dynpat.devices import BFLOAT16_FLAGS, cpu_flags, load_tensorflow
from dynpat.errors import DynpatError
from dynpat.videos import native, read_video, write_video

# This is an OpenEXR file of 2×2 pixels of 0.25, in half precision, not compressed.
TINY_EXR = (
    "di8xAQIAAABjaGFubmVscwBjaGxpc3QANwAAAEIAAQAAAAAAAAABAAAAAQAAAEcAAQAAAAAAAAABAAAAAQAAAFIA"
    "AQAAAAAAAAABAAAAAQAAAABjb21wcmVzc2lvbgBjb21wcmVzc2lvbgABAAAAAGRhdGFXaW5kb3cAYm94MmkAEAAA"
    "AAAAAAAAAAAAAQAAAAEAAABkaXNwbGF5V2luZG93AGJveDJpABAAAAAAAAAAAAAAAAEAAAABAAAAbGluZU9yZGVy"
    "AGxpbmVPcmRlcgABAAAAAHBpeGVsQXNwZWN0UmF0aW8AZmxvYXQABAAAAAAAgD9zY3JlZW5XaW5kb3dDZW50ZXIA"
    "djJmAAgAAAAAAAAAAAAAAHNjcmVlbldpbmRvd1dpZHRoAGZsb2F0AAQAAAAAAIA/AEkBAAAAAAAAXQEAAAAAAAAA"
    "AAAADAAAAAA0ADQANAA0ADQANAEAAAAMAAAAADQANAA0ADQANAA0"
)
PACKAGES = ("tensorflow", "keras", "numpy", "click", "rich", "av", "Pillow", "Jinja2")


@dataclass(frozen=True)
class Finding:
    """The result of trying one thing."""

    name: str
    works: bool
    detail: str
    remedy: str = ""
    needed: bool = True


def examine() -> list[Finding]:
    """Try everything that dynpat uses: what it needs, and what is only good to have."""
    return [
        Finding("system", True, f"{platform.platform()}, Python {platform.python_version()}, "
                f"{os.cpu_count()} CPU cores"),
        *(_package(name) for name in PACKAGES),
        _devices(),
        _precision(),
        *(_codec(ending) for ending in (".mp4", ".gif", ".npy")),
        _tensorflow_io(),
        _writable(Path.cwd()),
    ]


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, "not installed", f"pip install {name}")


def _devices() -> Finding:
    tf = load_tensorflow()
    devices = [device.name for device in tf.config.list_physical_devices()]
    total = tf.reduce_sum(tf.ones((8, 8)) @ tf.ones((8, 8)))
    return Finding("devices", float(total) == 512.0, ", ".join(devices),
                   "Reinstall tensorflow: a product of matrices came out wrong.")


def _precision() -> Finding:
    flags = sorted(cpu_flags() & set(BFLOAT16_FLAGS))
    if load_tensorflow().config.list_physical_devices("GPU"):
        return Finding("bfloat16", True, "GPU present; chosen by its compute capability")
    return Finding("bfloat16", bool(flags), ", ".join(flags) or "this CPU has no bfloat16 products",
                   "float32 is used; learning takes two to three times as long.", needed=False)


def _codec(ending: str) -> Finding:
    """Write a tiny video and read it back."""
    video = np.zeros((4, 16, 16, 3), np.uint8)
    video[2:] = 200
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"tiny{ending}"
        try:
            write_video(path, video, 25)
            back = np.load(path) if ending == ".npy" else read_video(path).frames
        except DynpatError as error:
            return Finding(f"{ending} files", False, str(error), "pip install --upgrade av")
    right = bool(back.shape == video.shape and np.abs(back.astype(int) - video).max() < 16)
    return Finding(f"{ending} files", right, "written and read back" if right else
                   f"read back as {back.shape}", "pip install --upgrade av")


def _tensorflow_io() -> Finding:
    """Find out which native decoders read a tiny file of their kind."""
    remedy = f"Frames in {' and '.join(native.ALONE)} are not read without it: {native.REMEDY}."
    decoders = native.decoders()
    if not decoders.available:
        return Finding("tensorflow-io", False, f"does not load ({decoders.why})", remedy, False)
    tiny, failed = tiny_images(), []
    with tempfile.TemporaryDirectory() as folder:
        for ending, data in tiny.items():
            path = Path(folder) / f"tiny{ending}"
            path.write_bytes(data)
            try:
                native.read_native(path, [])
            except DynpatError:
                failed.append(ending)
    read = [ending for ending in tiny if ending not in failed]
    return Finding("tensorflow-io", not failed, f"native decoders read {', '.join(read)}",
                   f"{', '.join(failed)} failed: {native.REMEDY}.", False)


def tiny_images() -> dict[str, bytes]:
    """Return a picture of 2×2 pixels in each format of the native decoders, by its ending."""
    made = {
        ".pnm": b"P6 2 2 255 " + bytes(range(0, 120, 10)),
        ".hdr": b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 2 +X 2\n" + 4 * b"\x80\x40\x20\x81",
        ".exr": base64.b64decode(TINY_EXR),
    }
    picture = Image.fromarray(np.full((2, 2, 3), 90, np.uint8))
    for ending, name in ((".tif", "TIFF"), (".jp2", "JPEG2000"), (".avif", "AVIF")):
        buffer = io.BytesIO()
        try:
            picture.save(buffer, name)
        except (OSError, KeyError):  # an older Pillow cannot write it
            continue
        made[ending] = buffer.getvalue()
    return made


def _writable(folder: Path) -> Finding:
    works = _succeeds(lambda: tempfile.TemporaryFile(dir=folder).close())
    return Finding("writing here", works, str(folder), "Go to a folder of yours, or give --out.",
                   needed=False)


def _succeeds(action: Callable[[], object]) -> bool:
    try:
        action()
    except OSError:
        return False
    return True
