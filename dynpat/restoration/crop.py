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

CONTEXT = 0.5  # of the smaller side of what is missing: what is learned from around it
LEAST_CONTEXT = 16  # pixels
FEATHER = 6.0  # pixels over which a step at the border is taken up


@dataclass(frozen=True)
class Crop:
    """A part of a video, shrunk for work.

    Attributes
    ----------
    frames, mask
        The whole video (T, H, W, C) uint8 and what is missing of it (T, H, W) bool.
    place
        Rows and columns of the part.
    working_frames, working_mask
        The part at the working size.
    """

    frames: np.ndarray
    mask: np.ndarray
    place: tuple[slice, slice]
    working_frames: np.ndarray
    working_mask: np.ndarray

    @property
    def note(self) -> str:
        part = size_text(*(edge.stop - edge.start for edge in self.place))
        whole, working = size_text(*self.mask.shape[1:]), size_text(*self.working_mask.shape[1:])
        return f"Works on {part} of {whole} pixels around the mask, at {working}."

    def paste(self, recovered: np.ndarray) -> np.ndarray:
        """The whole video with its missing pixels from `recovered` (T, h, w, C), uint8.

        All other pixels are bit-equal. Where shrinking and enlarging again left a step at the
        border of the missing region, it is taken up gradually inside.
        """
        result = self.frames.copy()
        rows, columns = self.place
        size = (rows.stop - rows.start, columns.stop - columns.start)
        for number in np.flatnonzero(self.mask.any(axis=(1, 2))):
            missing = self.mask[number, rows, columns]
            known = self.frames[number, rows, columns].astype(np.float32)
            made = _resized(recovered[number], size)
            if made.shape[:2] != recovered.shape[1:3]:
                made += _taken_up(known - made, missing)
            result[number, rows, columns][missing] = to_levels(made)[missing]
        return result


def crop_around(
    frames: np.ndarray, mask: np.ndarray, size: tuple[int, int] | None, pixels: int
) -> Crop:
    """The part of a video around what is missing in any frame, at a working size.

    Parameters
    ----------
    frames, mask
        (T, H, W, C) uint8, (T, H, W) bool.
    size
        (height, width) to work at; if None, the part's own, or about `pixels` if that is larger.
    """
    used = [np.asarray(mask.any(axis=(0, axis))) for axis in (2, 1)]
    smaller = min(int(np.ptp(np.flatnonzero(edge))) + 1 for edge in used)
    around = max(LEAST_CONTEXT, round(CONTEXT * smaller))
    rows, columns = (_span(edge, around) for edge in used)
    edges = (rows.stop - rows.start, columns.stop - columns.start)
    if size is None:
        size = edges if math.prod(edges) <= pixels else fitted_size(*edges, pixels)
    part, missing = frames[:, rows, columns], mask[:, rows, columns]
    if size == edges:
        return Crop(frames, mask, (rows, columns), part, missing)
    shrunk = np.stack([_resized(frame, size) for frame in part])
    return Crop(
        frames, mask, (rows, columns), to_levels(shrunk),
        shrink_mask(missing, size),
    )


def _span(used: np.ndarray, around: int) -> slice:
    """The rows (or columns) that are used, and so many around them."""
    numbers = np.flatnonzero(used)
    return slice(max(0, int(numbers[0]) - around), min(len(used), int(numbers[-1]) + 1 + around))


def _resized(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W, C) to (height, width, C) float32."""
    height, width = size
    images = (Image.fromarray(channel.astype(np.float32)) for channel in np.moveaxis(frame, -1, 0))
    channels = [
        np.asarray(image.resize((width, height), Image.Resampling.BICUBIC)) for image in images
    ]
    return np.stack(channels, axis=-1)


def _taken_up(step: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """What to add inside so that the border has no step, fading with the distance from it."""
    known = (~missing).astype(np.float32)
    near = gaussian_filter(known, FEATHER / 2)
    spread = np.stack(
        [gaussian_filter(step[..., c] * known, FEATHER / 2) for c in range(step.shape[-1])], axis=-1
    )
    mean = spread / np.maximum(near, 1e-3)[..., np.newaxis]
    fade = np.clip(2 * near, 0, 1)[..., np.newaxis]  # near is a half at a straight border
    return np.asarray(mean * fade)
