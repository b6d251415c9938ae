"""Read image files of several pictures as videos: TIFF stacks, animated PNG and WebP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ImageSequence

from dynpat.errors import BadVideoError
from dynpat.videos.clips import Clip, DamagedError, Picture
from dynpat.videos.folders import FOLDER_FPS, IMAGE_ERRORS, to_rgb
from dynpat.videos.limits import opened_image
from dynpat.videos.notes import reason


@contextmanager
def open_stack(path: Path) -> Iterator[Clip]:
    """Open an image file of several pictures for streaming.

    Parameters
    ----------
    path : Path
        A TIFF, PNG or WebP file, or another that Pillow reads picture by picture.

    Yields
    ------
    Clip
        The opened video at the rate of its delays, or at 25 frames per second and not `timed`.

    Raises
    ------
    BadVideoError
        If the file cannot be read.
    """
    notes: list[str] = []
    with ExitStack() as opened:
        try:
            image = opened.enter_context(opened_image(path))
            image.load()  # WebP knows its delay only after loading
        except IMAGE_ERRORS as error:
            raise BadVideoError(
                f"'{path}' cannot be read ({reason(error)}); give another copy of it."
            ) from error
        delay = _delay(image)
        if not delay:
            notes.append(f"The file names no frame rate; {FOLDER_FPS:g} is assumed.")
        yield Clip(
            image.height, image.width, 1 / delay if delay else FOLDER_FPS,
            int(getattr(image, "n_frames", 1)), bool(delay), _pictures(image, path, notes), notes,
        )


def _pictures(image: Any, path: Path, notes: list[str]) -> Iterator[Picture]:
    """Yield picture after picture, each as an array, because the next replaces it in `image`."""
    time = 0.0
    try:
        for index, frame in enumerate(ImageSequence.Iterator(image)):
            array = to_rgb(frame, path, notes)
            yield Picture(f"picture {index}", time, partial(np.asarray, array))
            time += _delay(frame) or 1 / FOLDER_FPS
    except IMAGE_ERRORS as error:
        raise DamagedError(reason(error)) from error


def _delay(image: Any) -> float:
    """Return how long a picture is shown, in seconds; 0 if the file does not tell."""
    return float(image.info.get("duration", 0) or 0) / 1000
