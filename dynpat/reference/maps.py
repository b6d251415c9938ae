"""Monotone maps from a standard normal distribution to the observed one: tables at knots."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.special import eval_hermitenorm
from scipy.stats import norm

KNOTS = np.linspace(-3.2, 3.2, 65)  # where the maps are given; between them they are linear
TERMS = 24  # of the series of a map in Hermite polynomials
NEIGHBOURS = 2  # pixels to each side whose values count as a pixel's own: frames are few
SMOOTHING = 1.5  # knots over which a map is smoothed, which bounds its slope
LEAST_RISE = 1e-6  # grey levels; what two knots differ by at least where values are divided by it
STEEPNESS = 1e-3  # grey levels by which a map rises from knot to knot at least

Owner = TypeVar("Owner")


def frame_by_frame(
    convert: Callable[[Owner, np.ndarray], np.ndarray],
) -> Callable[[Owner, np.ndarray], np.ndarray]:
    """Make a method that converts videos (…, H, W, C) convert one frame (H, W, C) after the other.

    Between its steps the values of a long video would take several times its own memory.
    """
    @wraps(convert)
    def converted(self: Owner, values: np.ndarray) -> np.ndarray:
        frames = values.reshape(-1, *values.shape[-3:])
        made = np.empty(frames.shape, np.float32)
        for number, frame in enumerate(frames):
            made[number] = convert(self, frame)
        return made.reshape(values.shape)

    return converted


def at(table: np.ndarray, index: np.ndarray) -> np.ndarray:
    """The rows `index` (…, H, W, C) of a table (knots, H, W, C), each place from its own column.

    Axes of length 1 stand for all places.
    """
    places = np.arange(table[0].size).reshape(table.shape[1:])
    return np.asarray(table.reshape(-1)[index * table[0].size + places])


def between(table: np.ndarray, position: np.ndarray) -> np.ndarray:
    """A table (knots, H, W, C) at positions (…, H, W, C), counted in knots, between them linear."""
    last = len(table) - 1
    position = np.clip(position, 0, last)
    below = np.minimum(position.astype(int), last - 1)
    low, high = at(table, below), at(table, below + 1)
    return np.asarray(low + (position - below) * (high - low))


def position_of(y: np.ndarray) -> np.ndarray:
    """Gaussian coordinates, counted in knots of a map."""
    return np.asarray((y - KNOTS[0]) / (KNOTS[1] - KNOTS[0]))


def inverse(maps: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The coordinates y (…, H, W, C) float32 at which maps (knots, H, W, C) have these values.

    They are at most 3.2 on either side, and 0 where a map is constant, because nothing moves there.
    """
    below = np.zeros(values.shape, int)
    for power in reversed(range(int(math.log2(len(KNOTS) - 1)))):  # a binary search in each map
        further = below + 2**power
        below = np.where(values >= at(maps, further), further, below)
    low, high = at(maps, below), at(maps, below + 1)
    share = np.clip((values - low) / np.maximum(high - low, LEAST_RISE), 0, 1)
    y = (below + share) * (KNOTS[1] - KNOTS[0]) + KNOTS[0]
    return np.asarray(np.where(maps[-1] - maps[0] > STEEPNESS, y, 0), np.float32)


def maps_to(values: np.ndarray, spread: np.ndarray, everywhere: bool) -> np.ndarray:
    """g at the knots, from values (N, T, H, W, C) with NaN where they are missing.

    A pixel's quantiles are those of its neighbourhood, each divided by its own `spread`, times the
    pixel's: a few frames tell a pixel's spread, but not the tails of its distribution.
    """
    shares = norm.cdf(KNOTS)
    if everywhere:
        maps = quantiles(values.reshape(-1, values.shape[-1]), shares)[:, np.newaxis, np.newaxis]
    else:
        height, width, channels = values.shape[2:]
        around = [(0, 0), (0, 0), (NEIGHBOURS, NEIGHBOURS), (NEIGHBOURS, NEIGHBOURS), (0, 0)]
        padded = np.pad(values / spread, around, mode="edge")
        size = 2 * NEIGHBOURS + 1
        maps = np.empty((len(KNOTS), height, width, channels))
        for row in range(height):  # a row at a time, for memory's sake
            near = np.lib.stride_tricks.sliding_window_view(padded[:, :, row : row + size], size, 3)
            near = near.transpose(0, 1, 2, 5, 3, 4).reshape(-1, width, channels)
            maps[:, row] = quantiles(near, shares) * spread[row]
    maps = gaussian_filter1d(maps, SMOOTHING, axis=0, mode="nearest")
    rise = STEEPNESS * np.arange(len(KNOTS))[:, np.newaxis, np.newaxis, np.newaxis]
    moving = np.abs(maps).max(axis=0) > STEEPNESS
    return np.asarray(np.maximum.accumulate(maps, axis=0) + rise * moving)


def quantiles(values: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Quantiles along the first axis of the values that are not NaN; 0 where there are none."""
    ordered = np.sort(values, axis=0)  # NaN last
    count = np.maximum(np.sum(~np.isnan(values), axis=0), 1)
    rank = shares.reshape(-1, *[1] * (values.ndim - 1)) * (count - 1)
    below = rank.astype(int)
    low = np.take_along_axis(ordered, below, axis=0)
    high = np.take_along_axis(ordered, np.minimum(below + 1, count - 1), axis=0)
    return np.nan_to_num(low + (rank - below) * (high - low))


def hermite_series(maps: np.ndarray, first: int = 1) -> np.ndarray:
    """Coefficients aₖ = E[g(Z)·Hₖ(Z)] / √k!, k = `first` … `TERMS`, of maps (knots, …).

    With them the correlation of g(y₁) and g(y₂) is Σ aₖ²·cᵏ / Σ aₖ², c that of y₁ and y₂ (Mehler).
    """
    points = np.linspace(-6, 6, 1201)
    density = norm.pdf(points) * (points[1] - points[0])
    # Between knots the maps are linear: the weights of a point's two knots carry its own.
    index = np.interp(points, KNOTS, np.arange(len(KNOTS)))
    below = np.minimum(index.astype(int), len(KNOTS) - 2)
    weights = np.zeros((TERMS + 1 - first, len(KNOTS)))
    for k, weight in enumerate(weights, start=first):
        values = density * eval_hermitenorm(k, points) / math.sqrt(math.factorial(k))
        np.add.at(weight, below, values * (1 - (index - below)))
        np.add.at(weight, below + 1, values * (index - below))
    return np.tensordot(weights, maps, axes=1)


def before_maps(observed: np.ndarray, powers: np.ndarray) -> np.ndarray:
    """The correlation that y must have for g(y) to have the observed one.

    Parameters
    ----------
    observed : ndarray
        Correlations, any shape, −1 … 1.
    powers : ndarray
        (K,) the squares aₖ² of the maps' series.
    """
    if not powers.any():
        return observed
    given = np.linspace(-1, 1, 401)
    after = np.polynomial.polynomial.polyval(given, np.concatenate([[0.0], powers / powers.sum()]))
    # Below zero the series of a skew map turns back: such correlations cannot be had.
    after = np.maximum.accumulate(after + 1e-9 * np.arange(len(given)))
    return np.interp(observed, after, given)
