"""Videos of which tests know every frame, and files of them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image


def ramp(count: int, height: int = 32, width: int = 48) -> np.ndarray:
    """Flat grey frames whose level tells their index: 5 * index (count <= 51)."""
    levels = (5 * np.arange(count)).astype(np.uint8)
    return np.broadcast_to(levels[:, None, None, None], (count, height, width, 3)).copy()


def indices(frames: np.ndarray) -> list[int]:
    """Frame indices of a `ramp` after a lossy round trip."""
    return [round(float(frame.mean()) / 5) for frame in frames]


def noise(count: int = 6, height: int = 16, width: int = 20, channels: int = 3) -> np.ndarray:
    shape = (count, height, width, channels)
    return np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)


def images(folder: Path, names: list[str], size: tuple[int, int] = (8, 6)) -> Path:
    """A frame folder of flat images with levels 0, 10, 20, ... in the order of `names`."""
    folder.mkdir(parents=True)
    for index, name in enumerate(names):
        Image.new("RGB", size, (10 * index,) * 3).save(folder / name)
    return folder


def encoded(path: Path, frames: np.ndarray, change: Callable[[Any], None] = lambda stream: None,
            times: list[int] | None = None, codec: str = "libx264") -> Path:
    """A file of 25 frames per second; `times` in milliseconds if they are others."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=25)
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], "yuv420p"
        if codec != "libx264":  # which knows by itself how many bits its pictures need
            stream.bit_rate = 2_000_000
        change(stream)
        if times:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            if times:
                frame.pts, frame.time_base = times[number], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def half_transparent(path: Path, size: tuple[int, int], codec: str = "libvpx-vp9") -> Path:
    """Five red frames, of which the right half is hidden."""
    rgba = np.zeros((5, *size, 4), np.uint8)
    rgba[..., 0], rgba[:, :, : size[1] // 2, 3] = 200, 255
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=25)
        stream.height, stream.width, stream.pix_fmt = *size, "yuva420p"
        stream.options = {"auto-alt-ref": "0"}  # which opacity does not go with in VP8
        for picture in rgba:
            frame = av.VideoFrame.from_ndarray(picture, format="rgba")
            container.mux(stream.encode(frame.reformat(format="yuva420p")))
        container.mux(stream.encode())
    return path
