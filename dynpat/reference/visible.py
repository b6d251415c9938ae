"""Means and spreads of the observed pixels, where some are missing: only what is seen counts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

Axes = tuple[int, ...] | None


def moments(
    videos: np.ndarray, which: Iterable[int], axes: Axes, missing: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over `axes` of some of the videos.

    One video is in memory at a time.

    Parameters
    ----------
    videos : ndarray
        (N, T, H, W, C) grey levels.
    which : iterable of int
        The numbers of the videos that count.
    axes : tuple of int or None
        The axes over which means are taken, the first among them; None is all.
    missing : ndarray or None
        (N, T, H, W) bool, True where pixels have no influence. A pixel that is never seen takes
        the moments of its nearest neighbours that are.

    Returns
    -------
    mean, spread : ndarray
        Both float64, of the shape that the axes leave.
    """
    if missing is None:
        return _moments_of_all(videos, which, axes)
    count, mean, squares = np.float64(0), np.float64(0), np.float64(0)
    for video in which:
        seen = np.broadcast_to(~missing[video : video + 1, ..., np.newaxis], (1, *videos.shape[1:]))
        one = np.where(seen, videos[video : video + 1], 0).astype(np.float64)
        number = seen.sum(axis=axes)
        own = one.sum(axis=axes) / np.maximum(number, 1)
        # Chan, Golub and LeVeque (1983), with a count of each place's own.
        share = number / np.maximum(count + number, 1)
        step = own - mean
        squares = squares + ((one - own) ** 2 * seen).sum(axis=axes) + step**2 * count * share
        mean, count = mean + step * share, count + number
    spread = np.sqrt(squares / np.maximum(count, 1))
    if np.ndim(count) == 3:
        known = np.min(count, axis=-1) > 0
        mean, spread = spread_over(mean, known), spread_over(spread, known)
    return np.asarray(mean), np.asarray(spread)


def _moments_of_all(
    videos: np.ndarray, which: Iterable[int], axes: Axes
) -> tuple[np.ndarray, np.ndarray]:
    count, mean, squares = 0, np.float64(0), np.float64(0)  # Chan, Golub and LeVeque (1983)
    for video in which:
        one = np.asarray(videos[video : video + 1], np.float64)
        own = one.mean(axis=axes)
        step = own - mean
        squares = squares + one.var(axis=axes) + step**2 * count / (count + 1)
        count += 1
        mean = mean + step / count
    return np.asarray(mean), np.sqrt(squares / count)


def spread_over(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Give unknown places the mean of their nearest neighbours that are known, ring by ring.

    Parameters
    ----------
    values : ndarray
        (H, W, C); what stands at unknown places does not matter.
    known : ndarray
        (H, W) bool; if it is False everywhere, the values are returned as they are.

    Returns
    -------
    ndarray
        (H, W, C) float64.
    """
    values, known = np.array(values, np.float64), known.copy()
    while known.any() and not known.all():
        padded = np.pad(np.where(known[..., np.newaxis], values, 0), ((1, 1), (1, 1), (0, 0)))
        weight = np.pad(known.astype(float), 1)
        around = [(slice(y, y + known.shape[0]), slice(x, x + known.shape[1]))
                  for y in range(3) for x in range(3)]
        weights = np.sum([weight[place] for place in around], axis=0)
        sums = np.sum([padded[place] for place in around], axis=0)
        grown = ~known & (weights > 0)
        values[grown] = sums[grown] / weights[grown][:, np.newaxis]
        known |= grown
    return values
