"""What works on this machine: tried, not guessed."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from dynpat.devices import BFLOAT16_FLAGS, cpu_flags, load_tensorflow, silenced_stderr
from dynpat.errors import DynpatError
from dynpat.videos import read_video, write_video

PACKAGES = ("tensorflow", "keras", "numpy", "click", "rich", "av", "Pillow", "Jinja2")


@dataclass(frozen=True)
class Finding:
    """One thing that was tried."""

    name: str
    works: bool
    detail: str
    remedy: str = ""
    needed: bool = True


def examine() -> list[Finding]:
    """Try everything that dynpat uses; what it needs and what is merely good to have."""
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
    """Its native library loads beside few versions of TensorFlow only."""
    remedy = ("No command needs it yet. To try it: pip install 'dynpat[tfio]' on Linux with "
              "Python 3.12 or older.")
    if sys.platform != "linux" or sys.version_info >= (3, 13):
        return Finding("tensorflow-io", False, "has no build for this platform", remedy, False)
    try:
        with silenced_stderr():
            image = import_module("tensorflow_io").experimental.image
            image.decode_pnm(b"P5 1 1 255 \x07", dtype="uint8")
    except Exception as error:  # any failure of a foreign library is a finding
        return Finding("tensorflow-io", False, f"{type(error).__name__}: does not load", remedy,
                       needed=False)
    return Finding("tensorflow-io", True, "native decoders load")


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
