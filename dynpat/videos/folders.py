"""Frame folders: one image file for each frame, read natively or with Pillow."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ImageOps, UnidentifiedImageError

from dynpat.errors import BadVideoError
from dynpat.videos.clips import Clip, Picture
from dynpat.videos.files import without_alpha
from dynpat.videos.finding import frame_files
from dynpat.videos.limits import opened_image
from dynpat.videos.model import ENDINGS_SENTENCE
from dynpat.videos.native import bad_image, read_native
from dynpat.videos.notes import note_once, reason
from dynpat.videos.profiles import in_srgb

FOLDER_FPS = 25.0  # images have no rate; 25 is the rate of the videos in the papers

_ORIENTATION = 0x0112  # the EXIF tag in which cameras store which side is up

# All errors that Pillow raises on broken or hostile images.
IMAGE_ERRORS = (
    UnidentifiedImageError, OSError, ValueError, IndexError,
    EOFError, SyntaxError, TypeError, OverflowError,
)  # fmt: skip


@contextmanager
def open_folder(folder: Path) -> Iterator[Clip]:
    """Open a frame folder for streaming.

    Parameters
    ----------
    folder : Path
        A folder that directly contains the frames as images.

    Yields
    ------
    Clip
        The opened video: its pictures are the images in natural order, at 25 frames per second.

    Raises
    ------
    BadVideoError
        If the folder has no image, or the first image cannot be read.
    """
    try:
        files = frame_files(folder)
    except OSError as error:
        raise BadVideoError(
            f"'{folder}' cannot be read ({reason(error)}); check its permissions."
        ) from error
    if not files:
        raise BadVideoError(
            f"'{folder}' is a folder without frames in it; {ENDINGS_SENTENCE}. "
            "Give a video file or a folder that directly holds the frames."
        )
    notes = told_of_names([path.name for path in files])
    height, width = _image_size(files[0], notes)
    yield Clip(height, width, FOLDER_FPS, len(files), False, _pictures(files, notes), notes)


def told_of_names(names: Sequence[str]) -> list[str]:
    """Return notes on oddities in the names of frames, given in their order."""
    notes = []
    endings = sorted({Path(name).suffix.lower() for name in names})
    if len(endings) > 1:
        notes.append(
            f"The folder holds {' and '.join(endings)} pictures; all are frames, in the order of "
            "their names."
        )
    numbers = [re.fullmatch(r"(.*?)([0-9]+)", Path(name).stem) for name in names]
    if all(numbers) and len({found[1] for found in numbers if found}) == 1:
        counted = [int(found[2]) for found in numbers if found]
        steps = [after - before for before, after in itertools.pairwise(counted)]
        if steps and min(steps) > 0 and len(set(steps)) > 1:
            first = next(n for n, step in zip(counted, steps, strict=False) if step > min(steps))
            missing = (counted[-1] - counted[0]) // min(steps) + 1 - len(counted)
            notes.append(
                f"{missing} numbers between the first and the last frame are not there, from "
                f"{first + min(steps)} on; the frames follow each other as if nothing were missing."
            )
    return notes


def _pictures(files: list[Path], notes: list[str]) -> Iterator[Picture]:
    """Yield one picture for each image file; a file is opened only when its picture is loaded."""
    for index, path in enumerate(files):
        yield Picture(
            name=f"'{path.name}'",
            time=index / FOLDER_FPS,
            load=lambda path=path: read_image(path, notes),  # type: ignore[misc]
        )


def _image_size(path: Path, notes: list[str]) -> tuple[int, int]:
    """Return (height, width) of an image in pixels, from its header alone if possible."""
    native = read_native(path, notes)
    if native is not None:
        return native.shape[0], native.shape[1]
    try:
        with opened_image(path) as image:
            return image.height, image.width
    except IMAGE_ERRORS as error:
        raise _bad_image(path, error) from error


def _bad_image(path: Path, error: BaseException) -> BadVideoError:
    if isinstance(error, UnidentifiedImageError):
        return BadVideoError(
            f"'{path}' is not an image that can be read; replace it or remove it from the folder."
        )
    return bad_image(path, error)


def read_image(path: Path, notes: list[str]) -> np.ndarray:
    """Read one frame.

    Parameters
    ----------
    path : Path
        A PNG, JPEG, BMP, WebP, TIFF, AVIF, JPEG 2000, PNM, OpenEXR or Radiance HDR file.
    notes : list of str
        A list that gets a sentence for everything that was changed.

    Returns
    -------
    ndarray
        `uint8` (H, W, 3), upright; transparent parts over black; 16-bit greys scaled to 8 bit.

    Raises
    ------
    BadVideoError
        If the file is no image, is damaged, or has grey levels without a known range.
    """
    native = read_native(path, notes)
    if native is not None:
        return native
    try:
        with opened_image(path) as image:
            if getattr(image, "n_frames", 1) > 1:
                note_once(notes, f"Only the first picture of '{path.name}' is used.")
            image = in_srgb(image, notes)
            upright = ImageOps.exif_transpose(image)
            if image.getexif().get(_ORIENTATION, 1) != 1:
                note_once(notes, "Rotated or mirrored as the images ask.")
            return to_rgb(upright, path, notes)
    except IMAGE_ERRORS as error:
        raise _bad_image(path, error) from error


def to_rgb(image: Any, path: Path, notes: list[str]) -> np.ndarray:
    """Convert a Pillow image of any mode to `uint8` (H, W, 3)."""
    if image.mode.startswith("I"):
        grey = _eight_bit(np.asarray(image), path)
        note_once(notes, "16-bit grey levels were scaled to 8 bit.")
        return np.repeat(grey[..., None], 3, axis=2)
    if image.mode == "F":
        raise BadVideoError(
            f"'{path}' holds fractional grey levels whose range is not known; "
            "save the frames with 8 or 16 bit per channel."
        )
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        return without_alpha(np.asarray(image.convert("RGBA")), notes)
    return np.asarray(image.convert("RGB"))


def _eight_bit(levels: np.ndarray, path: Path) -> np.ndarray:
    """Scale levels 0..65535 (H, W) to 0..255; Pillow's own conversion would cut them off."""
    if levels.min() < 0 or levels.max() > 65535:
        raise BadVideoError(
            f"'{path}' holds 32-bit grey levels; save the frames with 8 or 16 bit per channel."
        )
    return ((levels.astype(np.uint32) + 128) // 257).astype(np.uint8)
