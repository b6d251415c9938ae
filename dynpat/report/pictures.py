"""Videos and still pictures as data of a page, and what is drawn from them."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image

from dynpat.videos import to_levels

MOST_PIXELS = 12_000_000  # of one sheet; larger videos are shrunk for the page
SHOWN = 300  # the least width of the widest video of a player on the page, in pixels
QUALITY = 90  # of WebP compression, 0 to 100
STRIP_FRAMES = 8
MOST_FILTERS = 48
GAP = 2  # width of the grey gap between parts of a picture, in pixels


@dataclass(frozen=True)
class Panel:
    """A video as one sheet of all its frames, row by row, which the page plays."""

    caption: str
    sheet: str
    frames: int
    columns: int
    width: int
    height: int


@dataclass(frozen=True)
class Player:
    """Panels that play in step, all enlarged alike."""

    title: str
    fps: float
    panels: list[Panel]

    @property
    def enlarged(self) -> int:
        """How many pixels of the page a pixel of the videos takes on each side."""
        return max(1, math.ceil(SHOWN / max(panel.width for panel in self.panels)))

    @property
    def columns(self) -> str:
        """The widths of panels side by side for a CSS grid, which enlarges all alike."""
        return " ".join(f"minmax(0, {panel.width}fr)" for panel in self.panels)


@dataclass(frozen=True)
class Picture:
    """A still picture with a sentence about it."""

    title: str
    meaning: str
    source: str
    shown: int


def panel(caption: str, video: np.ndarray) -> Panel:
    """Make a panel of a video (T, H, W, C) of grey levels."""
    video = _colours(video)
    count, height, width = video.shape[:3]
    factor = math.sqrt(MOST_PIXELS / (count * height * width))
    if factor < 1:
        height, width = max(1, int(height * factor)), max(1, int(width * factor))
        video = np.stack([_fitted(frame, height, width) for frame in video])
        caption = f"{caption} (shrunk for this page)"
    columns = math.ceil(math.sqrt(count * height / width))
    rows = -(-count // columns)
    sheet = np.zeros((rows, columns, height, width, 3), np.uint8)
    sheet.reshape(-1, height, width, 3)[:count] = video
    sheet = sheet.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, 3)
    return Panel(caption, _data(sheet, "webp"), count, columns, width, height)


def strip(titled: Mapping[str, np.ndarray]) -> Picture:
    """Make a picture of some frames of each video, with a row for each video."""
    rows = []
    height, width = next(iter(titled.values())).shape[1:3]
    for video in titled.values():
        numbers = np.linspace(0, len(video) - 1, STRIP_FRAMES).astype(int)
        frames = [_fitted(frame, height, width) for frame in _colours(video[numbers])]
        rows.append(joined(frames, axis=1))
    picture = joined(rows, axis=0)
    return Picture(
        "Frames", f"From top to bottom: {', '.join(titled)}.", _data(picture, "webp"),
        max(960, picture.shape[1]),
    )


def slices(titled: Mapping[str, np.ndarray]) -> Picture:
    """Make a picture of one row of pixels over time (down) of each video, which shows motion.

    The row is the one in which most of the first video changes.
    """
    first = next(iter(titled.values()))
    changes = [  # of one frame after the other, because a video may be large
        np.abs(np.subtract(after, before, dtype=np.float32)).mean(axis=(1, 2))
        for before, after in pairwise(first)
    ]
    row = int(np.mean(changes, axis=0).argmax())
    frames = min(len(video) for video in titled.values())
    parts = []
    for video in titled.values():
        at = min(row * video.shape[1] // first.shape[1], video.shape[1] - 1)
        parts.append(_colours(video[:frames, at : at + 1])[:, 0])
    picture = joined(parts, axis=1)
    return Picture(
        "One row of pixels over time",
        f"Row {row}, time runs down; from left to right: {', '.join(titled)}. Still things are "
        "upright stripes, moving ones slant, and what flickers is ragged.",
        _data(picture, "png"), picture.shape[1] * max(1, 900 // picture.shape[1]),
    )


def filters(kernel: np.ndarray) -> np.ndarray:
    """Return the filters of a first layer, (T, H, W, C, filters), as a moving picture of tiles."""
    kernel = np.moveaxis(kernel, -1, 0)[:MOST_FILTERS].astype(np.float32)
    kernel = kernel[..., :3] if kernel.shape[-1] >= 3 else kernel[..., :1]
    largest = np.abs(kernel).max(axis=(1, 2, 3, 4), keepdims=True)
    tiles = _colours(128 + 127 * kernel / np.maximum(largest, 1e-12))
    columns = math.ceil(math.sqrt(2 * len(tiles)))
    while len(tiles) % columns:
        tiles = np.concatenate([tiles, np.full_like(tiles[:1], 128)])
    tiles = np.pad(tiles, [(0, 0), (0, 0), (0, GAP), (0, GAP), (0, 0)], constant_values=128)
    count, frames, height, width, _ = tiles.shape
    grid = tiles.reshape(count // columns, columns, frames, height, width, 3)
    return grid.transpose(2, 0, 3, 1, 4, 5).reshape(frames, -1, columns * width, 3)


def _colours(video: np.ndarray) -> np.ndarray:
    """Return a video as uint8 with three channels."""
    levels = to_levels(video)
    return np.repeat(levels, 3, axis=-1) if levels.shape[-1] == 1 else levels


def _fitted(frame: np.ndarray, height: int, width: int) -> np.ndarray:
    if frame.shape[:2] == (height, width):
        return frame
    return np.asarray(Image.fromarray(frame).resize((width, height), Image.Resampling.BOX))


def joined(parts: Sequence[np.ndarray], axis: int, gap: int = GAP) -> np.ndarray:
    """Join uint8 pictures or videos along an axis, with a grey gap between them."""
    shape = list(parts[0].shape)
    shape[axis] = gap
    between = np.full(shape, 128, np.uint8)
    spaced = [piece for part in parts for piece in (part, between)][:-1]
    return np.concatenate(spaced, axis=axis)


def _data(picture: np.ndarray, kind: str) -> str:
    """Return a picture (H, W, 3) uint8 as a URL that contains its data."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind, quality=QUALITY)
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
