"""What the scenes share: checks of the options, noise textures, and anti-aliased shapes."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt

from dynpat.errors import BadOptionError

Array = npt.NDArray[np.float64]
Video = npt.NDArray[np.uint8]

SMALLEST_SIDE = 8
SLOPE = 1.6  # of noise: how fast the amplitude falls with frequency; larger is smoother


def _is_integer(value: Any) -> bool:
    """Return whether `value` is a whole number (a bool is not: it is a slip of the caller)."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def check_options(frames: Any, size: Any, seed: Any) -> tuple[int, int, int, int]:
    """Check the options that every scene takes.

    Parameters
    ----------
    frames : int
        The number of frames, at least 1.
    size : pair of int
        The height and width in pixels, each at least 8.
    seed : int
        The seed, at least 0.

    Returns
    -------
    tuple of int
        Frames, height, width, seed.

    Raises
    ------
    BadOptionError
        If one of them is not a whole number or is out of range.
    """
    if not _is_integer(frames) or frames < 1:
        raise BadOptionError(
            f"frames of an embedded video must be a whole number of at least 1, got {frames!r}: "
            "ask for 1 frame or more"
        )
    pair = isinstance(size, Sequence) and not isinstance(size, str) and len(size) == 2
    if not pair or not all(_is_integer(side) and side >= SMALLEST_SIDE for side in size):
        raise BadOptionError(
            "size of an embedded video must be a pair (height, width) of whole numbers of at "
            f"least {SMALLEST_SIDE} pixels, got {size!r}: ask for ({SMALLEST_SIDE}, "
            f"{SMALLEST_SIDE}) or larger"
        )
    if not _is_integer(seed) or seed < 0:
        raise BadOptionError(
            f"seed of an embedded video must be a whole number of at least 0, got {seed!r}: "
            "give 0 or a positive number"
        )
    return int(frames), int(size[0]), int(size[1]), int(seed)


def to_bytes(image: Array) -> Video:
    """Round an image with values 0..1 to grey levels 0..255; the shape stays."""
    return np.asarray(np.clip(image, 0.0, 1.0) * 255.0 + 0.5, dtype=np.uint8)


def smoothstep(low: float, high: float, value: Array) -> Array:
    """Return 0 below `low`, 1 above `high`, and a smooth ramp between; the shape stays."""
    ramp = np.clip((value - low) / (high - low), 0.0, 1.0)
    return np.asarray(ramp * ramp * (3.0 - 2.0 * ramp))


def grid(height: int, width: int) -> tuple[Array, Array]:
    """Return the rows and columns of the pixel centres as two arrays of shape (H, W)."""
    rows, columns = np.mgrid[0:height, 0:width]
    return rows + 0.5, columns + 0.5


def noise_tile(rng: np.random.Generator, side: int, scale: float) -> Array:
    """Draw a periodic tile of fractal noise.

    Parameters
    ----------
    rng : Generator
        Source of the randomness.
    side : int
        Side of the tile in texels.
    scale : float
        Size of the largest features, in texels.

    Returns
    -------
    ndarray of float, shape (side, side)
        Noise with mean 0 and standard deviation 1.
    """
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :])
    amplitude = (1.0 + (frequency * scale) ** 2) ** (-SLOPE / 2.0 - 0.5)
    amplitude[0, 0] = 0.0
    spectrum = np.fft.rfft2(rng.standard_normal((side, side))) * amplitude
    tile = np.fft.irfft2(spectrum, s=(side, side))
    return np.asarray(tile / tile.std())


def sample_tile(tile: Array, rows: Array, columns: Array) -> Array:
    """Read a periodic square tile between its texels, bilinearly.

    Parameters
    ----------
    tile : ndarray, shape (N, N)
        The tile; N must be a power of two, which makes wrapping a bit mask.
    rows, columns : ndarray of float, same shape
        Where to read, in texels; any range, because the tile repeats.

    Returns
    -------
    ndarray of float, shape of `rows`
    """
    last = tile.shape[0] - 1
    row, column = np.floor(rows), np.floor(columns)
    down, right = rows - row, columns - column
    r0 = row.astype(np.int64) & last
    c0 = column.astype(np.int64) & last
    r1, c1 = (r0 + 1) & last, (c0 + 1) & last
    top = tile[r0, c0] * (1.0 - right) + tile[r0, c1] * right
    bottom = tile[r1, c0] * (1.0 - right) + tile[r1, c1] * right
    return np.asarray(top * (1.0 - down) + bottom * down)


def capsule(
    rows: Array,
    columns: Array,
    start: Sequence[float] | Array,
    end: Sequence[float] | Array,
    radius: tuple[float, float],
) -> Array:
    """Return the distance in pixels to a limb with round ends.

    Parameters
    ----------
    rows, columns : ndarray, shape (H, W)
        Pixel centres.
    start, end : pair of float
        The two ends as (row, column).
    radius : pair of float
        The radius in pixels at the start and at the end; it changes evenly between them.

    Returns
    -------
    ndarray of float, shape (H, W)
        Negative inside, positive outside.
    """
    along_r, along_c = float(end[0] - start[0]), float(end[1] - start[1])
    length = max(along_r**2 + along_c**2, 1e-12)
    off_r, off_c = rows - start[0], columns - start[1]
    part = np.clip((off_r * along_r + off_c * along_c) / length, 0.0, 1.0)
    distance = np.hypot(off_r - part * along_r, off_c - part * along_c)
    return np.asarray(distance - (radius[0] + (radius[1] - radius[0]) * part))


def cover(distance: Array) -> Array:
    """Turn a distance in pixels into coverage 0..1: one pixel of anti-aliasing."""
    return np.asarray(np.clip(0.5 - distance, 0.0, 1.0))


def paint(image: Array, coverage: Array, colour: Sequence[float] | Array) -> None:
    """Paint a colour over an image in place.

    Parameters
    ----------
    image : ndarray, shape (H, W, 3)
        Changed in place.
    coverage : ndarray, shape (H, W)
        0 leaves a pixel as it is, 1 replaces it.
    colour : three floats, or ndarray of shape (H, W, 3)
        Red, green and blue, 0..1.
    """
    image += coverage[..., None] * (np.asarray(colour) - image)
