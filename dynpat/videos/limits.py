"""Limits against small files that grow without bound when they are decoded.

Whoever trusts a file raises them in the environment: they are about a machine, not about a run.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from dynpat.errors import BadOptionError, BadVideoError

PIXELS, MOST_PIXELS = "DYNPAT_MAX_PIXELS", 100_000_000  # of one picture, three times 8K
BYTES, MOST_BYTES = "DYNPAT_MAX_BYTES", 2_000_000_000  # of one video in memory


def most(variable: str) -> int:
    """The limit that an environment variable sets, or its default.

    Raises
    ------
    BadOptionError
        The variable holds no whole number from 1 on.
    """
    text = os.environ.get(variable)
    if text is None:
        return {PIXELS: MOST_PIXELS, BYTES: MOST_BYTES}[variable]
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
        With what to do for a file that is trusted.
    """
    if height * width > most(PIXELS):
        raise BadVideoError(
            f"'{path}' has pictures of {width}x{height} pixels, and {most(PIXELS):,} are the most "
            f"that is decoded (set {PIXELS}={height * width} if you trust it); shrink them."
        )


@contextmanager
def opened_image(path: Path) -> Iterator[Any]:
    """An image whose header is read, its pixels not; raises as `require_pixels` and Pillow do."""
    with warnings.catch_warnings():
        # Pillow has a limit of its own, which would warn of what is allowed here.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        known, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            image = Image.open(path)
        finally:
            Image.MAX_IMAGE_PIXELS = known
    with image:
        require_pixels(path, image.height, image.width)
        yield image
