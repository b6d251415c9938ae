"""What a video is inside dynpat, and the sizes that users write."""

from __future__ import annotations

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
    frames : numpy.ndarray
        Grey levels 0..255, `uint8` of shape (T, H, W, C); C is 3 (red, green, blue) or 1 (grey).
    fps : float
        Frames per second.
    name : str
        Stem of the file's name, or the name of the frame folder.
    label : str
        Subfolder below the searched root that holds the video; "" at the top level.
    source : pathlib.Path
        The file or frame folder.
    notes : tuple of str
        One sentence for everything that was changed: resized, trimmed, resampled, rotated.
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
        (height, width) in pixels.

    Raises
    ------
    BadOptionError
        The text is neither of the two, or a side is zero.
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
    """Name a picture size as users write it: width x height, in pixels."""
    return f"{width}x{height}"


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts "frame2" before "frame10".

    Parameters
    ----------
    text : str
        A file name.

    Returns
    -------
    tuple
        Runs of digits compare as numbers, everything between as lower-case text. The text
        itself comes last, so that "a" and "A" or "1" and "01" keep one fixed order.
    """
    parts = re.split(r"([0-9]+)", text)
    keys = [(0, int(part), "") if part.isdecimal() else (1, 0, part.lower()) for part in parts]
    return (*keys, (2, 0, text))


def fitted_size(height: int, width: int, pixels: int) -> tuple[int, int]:
    """(height, width) in the same proportion with about `pixels` pixels, each side even."""
    scale = (pixels / (height * width)) ** 0.5
    return max(2, 2 * round(height * scale / 2)), max(2, 2 * round(width * scale / 2))
