"""Colours: the axes along which they are measured, and how they follow the brightness.

Bright flames are white, dim ones are red. A process that draws brightness and colour independently
of each other makes blue and purple specks of them. So the first axis can be the brightness, with a
map of its own, while along each other axis k a value is

    v_k = a_k(y₁) + b_k(y₁)·g_k(y_k),

where y₁ is the Gaussian coordinate of the brightness, a_k the mean of v_k at that brightness, and
b_k its spread there, relative to its spread at all of them. Each place has tables of both, measured
in its neighbourhood: fire differs from the pot that reflects it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from dynpat.reference.maps import KNOTS, between, position_of

EVERY = 4  # a knot of these tables is every fourth knot of the maps
LUMINANCE = (0.299, 0.587, 0.114)  # of red, green and blue (ITU-R BT.601)
REACH = 3.0  # pixels, the standard deviation of the weights of a neighbourhood
BINS_REACH = 0.7  # knots, that of the weights of neighbouring levels of brightness
PRIOR = 20.0  # values by which the picture as a whole counts beside a neighbourhood
NARROWEST = 0.02  # least variance given the brightness, of 1: what all values have


@dataclass(frozen=True)
class GivenBrightness:
    """The tables a and b of all axes but the first.

    Attributes
    ----------
    mean : numpy.ndarray
        (knots, H, W, C − 1) float32 grey levels: a at every fourth of `KNOTS`.
    spread : numpy.ndarray
        (knots, H, W, C − 1) float32, about 1: b at the same knots.
    """

    mean: np.ndarray
    spread: np.ndarray

    def put_in(self, values: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Values (…, H, W, C) with colours that follow the brightness at coordinates y."""
        mean, spread = self._at(y)
        return np.concatenate([values[..., :1], mean + spread * values[..., 1:]], axis=-1)

    def take_out(self, values: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The inverse of `put_in`: what of the colours the brightness does not tell."""
        mean, spread = self._at(y)
        return np.concatenate([values[..., :1], (values[..., 1:] - mean) / spread], axis=-1)

    def _at(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        position = position_of(y[..., :1]) / EVERY
        return between(self.mean, position), between(self.spread, position)


def principal_axes(covariance: np.ndarray) -> np.ndarray:
    """The principal axes of colours of a (C, C) covariance: (C, C) float32, the widest first."""
    return np.asarray(np.linalg.eigh(covariance)[1][:, ::-1], np.float32)


def brightness_axes(covariance: np.ndarray) -> np.ndarray:
    """Axes of which the first is the brightness, the others the principal ones across it.

    They are (C, C) float32 and orthonormal.
    """
    channels = len(covariance)
    first = np.array(LUMINANCE if channels == len(LUMINANCE) else np.ones(channels))
    first = first / np.linalg.norm(first)
    # The last left singular vectors of a column span what is orthogonal to it.
    across = np.linalg.svd(first[:, np.newaxis])[0][:, 1:]
    others = across @ np.linalg.eigh(across.T @ covariance @ across)[1][:, ::-1]
    return np.asarray(np.column_stack([first, others]), np.float32)


def given_brightness(
    values: np.ndarray, y: np.ndarray, seen: np.ndarray, spread: np.ndarray
) -> GivenBrightness:
    """Measure how colours follow the brightness.

    Parameters
    ----------
    values : numpy.ndarray
        (N, T, H, W, C) grey levels along the axes, less their mean.
    y : numpy.ndarray
        (N, T, H, W) Gaussian coordinates of the brightness.
    seen : numpy.ndarray
        (N, T, H, W) bool, False where a pixel is missing; it has no influence.
    spread : numpy.ndarray
        (H, W, C) standard deviations of `values`.
    """
    levels = len(KNOTS[::EVERY])
    level = np.clip(np.rint(position_of(y) / EVERY).astype(int), 0, levels - 1)
    level = np.where(seen, level, levels)
    units = values[..., 1:] / spread[..., 1:]
    count, first, second = (
        np.empty((levels, *spread.shape[:2], spread.shape[-1] - 1)) for _ in range(3)
    )
    for number in range(levels):
        chosen = (level == number)[..., np.newaxis]
        count[number] = chosen.sum(axis=(0, 1))
        first[number] = np.sum(units, axis=(0, 1), where=chosen)
        second[number] = np.sum(units**2, axis=(0, 1), where=chosen)
    whole_mean, whole_square = _over_the_picture(count, first, second, spread[..., :1] ** 2)
    area = 4 * np.pi * REACH**2  # pixels that count as one neighbourhood
    count, first, second = (
        area * gaussian_filter(part, (BINS_REACH, REACH, REACH, 0), mode="nearest")
        for part in (count, first, second)
    )
    mean = (first + PRIOR * whole_mean) / (count + PRIOR)
    variance = (second + PRIOR * whole_square) / (count + PRIOR) - mean**2
    return GivenBrightness(
        np.asarray(mean * spread[..., 1:], np.float32),
        np.asarray(np.sqrt(np.maximum(variance, NARROWEST)), np.float32),
    )


def _over_the_picture(
    count: np.ndarray, first: np.ndarray, second: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and mean square at each level of brightness, (knots, 1, 1, C − 1).

    What moves most counts most. A level that nobody has is as the nearest that somebody has.
    """
    weight = weight / max(float(weight.mean()), np.finfo(np.float32).tiny)
    # So wide a kernel has no zeros: where nobody is, the nearest are all that counts.
    total, first, second = (
        gaussian_filter1d(
            np.sum(part * weight, axis=(1, 2), keepdims=True), BINS_REACH, axis=0, mode="nearest",
            truncate=len(count) / BINS_REACH,
        )
        for part in (count, first, second)
    )
    total = np.maximum(total, np.finfo(np.float64).tiny)
    return first / total, second / total
