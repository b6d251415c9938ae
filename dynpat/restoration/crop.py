"""Work on a part of a large video at a small size, and put the result back without a seam."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from dynpat.masks import shrink_mask
from dynpat.videos import to_levels
from dynpat.videos.model import fitted_size, size_text
from dynpat.videos.resizing import resized, resized_visible

CONTEXT = 0.5  # width of the surroundings, as a share of the smaller side of the missing part
HARDLY = 1.15  # times the pixels it may have, a part still keeps its size: shrinking blurs it
LEAST_CONTEXT = 16  # the smallest width of the surroundings, in pixels
BICUBIC = Image.Resampling.BICUBIC
FEATHER = 6.0  # number of pixels over which a step at the border is evened out


@dataclass(frozen=True)
class Crop:
    """A part of a video, shrunk for work.

    Attributes
    ----------
    frames : ndarray
        The whole video, (T, H, W, C) uint8.
    mask : ndarray
        True where the whole video has a missing pixel, (T, H, W) bool.
    place : tuple of slice
        The rows and columns of the part.
    working_frames : ndarray
        The frames of the part, at the working size.
    working_mask : ndarray
        The mask of the part, at the working size.
    """

    frames: np.ndarray
    mask: np.ndarray
    place: tuple[slice, slice]
    working_frames: np.ndarray
    working_mask: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """The height and width of the part, in pixels of the whole video."""
        rows, columns = self.place
        return (rows.stop - rows.start, columns.stop - columns.start)

    @property
    def note(self) -> str:
        part = size_text(*self.size)
        whole, working = size_text(*self.mask.shape[1:]), size_text(*self.working_mask.shape[1:])
        return f"Works on {part} of {whole} pixels around the mask, at {working}."

    def paste(self, recovered: np.ndarray) -> np.ndarray:
        """Return the whole video with its missing pixels from `recovered` (T, h, w, C), uint8.

        All other pixels are bit-equal. If shrinking and enlarging left a step at the border of the
        missing region, the step is evened out inside.
        """
        result = self.frames.copy()
        rows, columns = self.place
        for number in np.flatnonzero(self.mask.any(axis=(1, 2))):
            missing = self.mask[number, rows, columns]
            known = self.frames[number, rows, columns].astype(np.float32)
            made = resized(recovered[number], self.size, BICUBIC)
            if made.shape[:2] != recovered.shape[1:3]:
                made += _taken_up(known - made, missing)
            result[number, rows, columns][missing] = to_levels(made)[missing]
        return result


def crop_around(
    frames: np.ndarray, mask: np.ndarray, size: tuple[int, int] | None, pixels: int,
    apart: bool = True,
) -> Crop:
    """Return the part of a video around all its missing pixels, at a working size.

    Parameters
    ----------
    frames : ndarray
        The video, (T, H, W, C) uint8.
    mask : ndarray
        True where a pixel is missing, (T, H, W) bool.
    size : tuple of int or None
        The working size (height, width); None keeps the part's own, unless that is
        much larger than `pixels`.
    pixels : int
        The number of pixels to which a part shrinks that has over a seventh more.
    apart : bool
        Whether missing pixels have no influence on visible ones when the part shrinks, as they had
        in runs of earlier versions.

    Returns
    -------
    Crop
        The part.
    """
    used = [np.asarray(mask.any(axis=(0, axis))) for axis in (2, 1)]
    smaller = min(int(np.ptp(np.flatnonzero(edge))) + 1 for edge in used)
    around = max(LEAST_CONTEXT, round(CONTEXT * smaller))
    rows, columns = (_span(edge, around) for edge in used)
    edges = (rows.stop - rows.start, columns.stop - columns.start)
    if size is None:
        size = edges if math.prod(edges) <= HARDLY * pixels else fitted_size(*edges, pixels)
    part, missing = frames[:, rows, columns], mask[:, rows, columns]
    if size == edges:
        return Crop(frames, mask, (rows, columns), part, missing)
    shrunk = np.stack([
        to_levels(
            resized_visible(frame, hidden, size, BICUBIC) if apart and hidden.any()
            else resized(frame, size, BICUBIC)
        )
        for frame, hidden in zip(part, missing, strict=True)
    ])
    return Crop(frames, mask, (rows, columns), shrunk, shrink_mask(missing, size))


def _span(used: np.ndarray, around: int) -> slice:
    """Return the rows (or columns) that are used, with `around` more on both sides."""
    numbers = np.flatnonzero(used)
    return slice(max(0, int(numbers[0]) - around), min(len(used), int(numbers[-1]) + 1 + around))


def _taken_up(step: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Return what to add inside so that the border has no step; it fades with the distance."""
    known = (~missing).astype(np.float32)
    near = gaussian_filter(known, FEATHER / 2)
    spread = np.stack(
        [gaussian_filter(step[..., c] * known, FEATHER / 2) for c in range(step.shape[-1])], axis=-1
    )
    mean = spread / np.maximum(near, 1e-3)[..., np.newaxis]
    fade = np.clip(2 * near, 0, 1)[..., np.newaxis]  # `near` is ½ at a straight border
    return np.asarray(mean * fade)
