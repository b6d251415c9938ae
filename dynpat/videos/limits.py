"""Limits against small files that grow without bound when they are decoded.

Users who trust a file raise the limits in environment variables, because limits depend on the
machine and not on the run.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from PIL import Image

from dynpat.errors import BadOptionError, BadVideoError

PIXELS, MOST_PIXELS = "DYNPAT_MAX_PIXELS", 100_000_000  # pixels of one picture, three times 8K
BYTES, MOST_BYTES = "DYNPAT_MAX_BYTES", 2_000_000_000  # bytes of one video in memory
_OPENING = Lock()  # Pillow's limit and Python's warnings are one for all threads
# Two tiny frames that lie a day apart can be repeated without end, and need little memory.
FRAMES, MOST_FRAMES = "DYNPAT_MAX_FRAMES", 1_000_000  # frames of one video, eleven hours of 25 a s


def most(variable: str) -> int:
    """Return the limit that an environment variable sets, or its default.

    Raises
    ------
    BadOptionError
        If the variable is not a whole number from 1 on.
    """
    text = os.environ.get(variable)
    if text is None:
        return {PIXELS: MOST_PIXELS, BYTES: MOST_BYTES, FRAMES: MOST_FRAMES}[variable]
    if not text.isdecimal() or int(text) < 1:
        raise BadOptionError(
            f"The environment's {variable}={text!r} is no limit; set a whole number, such as "
            "200000000, or unset it."
        )
    return int(text)


def require_pixels(path: Path, height: int, width: int) -> None:
    """Refuse a picture that is too large to be decoded.

    Raises
    ------
    BadVideoError
        If it has too many pixels; the message says how to read a file that is trusted.
    """
    if height * width > most(PIXELS):
        raise BadVideoError(
            f"'{path}' has pictures of {width}x{height} pixels, and {most(PIXELS):,} are the most "
            f"that is decoded (set {PIXELS}={height * width} if you trust it); shrink them."
        )


def require_frames(path: Path, count: int) -> None:
    """Refuse a video of too many frames, however small they are.

    Raises
    ------
    BadVideoError
        If there are too many; the message says how to read a file that is trusted.
    """
    if count > most(FRAMES):
        raise BadVideoError(
            f"'{path}' would have more than {most(FRAMES):,} frames ({count:,} or more); give "
            f"--frames, a lower --fps, or set {FRAMES} to more."
        )


@contextmanager
def opened_image(path: Path) -> Iterator[Any]:
    """Give an image whose header is read but whose pixels are not.

    Raises
    ------
    BadVideoError
        If the picture is too large, as in `require_pixels`; Pillow raises errors of its own.
    """
    with _OPENING, warnings.catch_warnings():
        # Pillow has a limit of its own and would warn of pictures that are allowed here.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        known, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            image = Image.open(path)
        finally:
            Image.MAX_IMAGE_PIXELS = known
    with image:
        require_pixels(path, image.height, image.width)
        yield image
