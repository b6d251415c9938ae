"""The class of videos, and the sizes and names that users write."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dynpat.errors import BadOptionError

VIDEO_ENDINGS = (
    ".mp4", ".m4v", ".mov", ".avi", ".webm", ".mkv", ".mpg", ".mpeg", ".gif",
)  # fmt: skip
IMAGE_ENDINGS = (
    ".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".avif", ".jp2", ".pnm", ".ppm",
    ".pgm", ".exr", ".hdr",
)  # fmt: skip

ENDINGS_SENTENCE = (
    f"videos ({', '.join(VIDEO_ENDINGS)}) and folders of frames ({', '.join(IMAGE_ENDINGS)}) "
    "are read"
)


@dataclass(frozen=True)
class Video:
    """A video in memory.

    Attributes
    ----------
    frames : ndarray
        Grey levels 0..255, `uint8` of shape (T, H, W, C); C is 3 (red, green, blue) or 1 (grey).
    fps : float
        The frames per second.
    name : str
        The name of the file without its ending, or the name of the frame folder.
    label : str
        The subfolder below the searched root that contains the video; "" at the top level.
    source : Path
        The file or frame folder.
    notes : tuple of str
        One sentence for everything that was changed: resized, trimmed, resampled, rotated.

    Examples
    --------
    >>> from dynpat.videos import as_videos
    >>> as_videos(np.zeros((10, 32, 48, 3), np.uint8), fps=25.0)[0].frames.shape
    (10, 32, 48, 3)
    """

    frames: np.ndarray
    fps: float
    name: str
    label: str
    source: Path
    notes: tuple[str, ...]


def parse_size(text: str) -> tuple[int, int]:
    """Read a picture size as users write it.

    Parameters
    ----------
    text : str
        "100" for a square, or width and height in pixels as in "200x150".

    Returns
    -------
    tuple of int
        The height and width in pixels.

    Raises
    ------
    BadOptionError
        If the text is neither of the two, or a side is zero.

    Examples
    --------
    >>> parse_size("200x150")
    (150, 200)
    """
    match = re.fullmatch(r"\s*([0-9]{1,6})(?:\s*[xX×]\s*([0-9]{1,6}))?\s*", text)
    if match is None or int(match[1]) == 0 or (match[2] is not None and int(match[2]) == 0):
        raise BadOptionError(
            f"'{text}' is not a size; give one number such as 100, "
            "or width and height such as 200x150."
        )
    width = int(match[1])
    height = width if match[2] is None else int(match[2])
    return height, width


def size_text(height: int, width: int) -> str:
    """Return a picture size as users write it: width x height, in pixels."""
    return f"{width}x{height}"


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key that puts "frame2" before "frame10".

    Parameters
    ----------
    text : str
        A file name.

    Returns
    -------
    tuple
        Runs of digits compare as numbers, everything between as lower-case text. The text itself
        comes last, so that "a" and "A" or "1" and "01" have one fixed order.
    """
    parts = re.split(r"([0-9]+)", text)
    keys = [(0, int(part), "") if part.isdecimal() else (1, 0, part.lower()) for part in parts]
    return (*keys, (2, 0, text))


def in_order(names: list[str]) -> list[str]:
    """Return names of files in the order that a person means.

    It is the order of `natural_key`, except for names that contain decimal numbers in even steps
    ("t0.25", "t0.5", "t0.75"): these are ordered by the numbers.
    """
    ordered = sorted(names, key=natural_key)
    found = [re.fullmatch(r"(.*?)([0-9]+)\.([0-9]+)(\.[A-Za-z]\w*)", name) for name in ordered]
    parts = [one for one in found if one]
    if len(parts) < max(len(names), 3) or len({(one[1], one[4]) for one in parts}) > 1:
        return ordered
    whole = [int(one[2]) * 10**9 + int(one[3]) for one in parts]
    if _even(whole) or len({len(one[3]) for one in parts}) == 1:
        return ordered  # as for "shot1.9" and "shot1.10", or if both orders agree
    values = {one[0]: float(f"{one[2]}.{one[3]}") for one in parts}
    by_value = sorted(names, key=lambda name: (values[name], name))
    return by_value if _even([values[name] for name in by_value]) else ordered


def _even(numbers: list[int] | list[float]) -> bool:
    """Return whether numbers rise in even steps, except for rounding."""
    steps = [after - before for before, after in itertools.pairwise(numbers)]
    return min(steps) > 0 and max(steps) < 1.1 * min(steps)


def fitted_size(height: int, width: int, pixels: int) -> tuple[int, int]:
    """Return (height, width) in the same proportion with about `pixels` pixels, each side even."""
    scale = (pixels / (height * width)) ** 0.5
    return max(2, 2 * round(height * scale / 2)), max(2, 2 * round(width * scale / 2))
