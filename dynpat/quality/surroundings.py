"""Compare filled-in pixels with what is visible around them, where no truth is known.

Videos are (T, H, W, C) grey levels, masks (T, H, W) bool with True = missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter

from dynpat.quality.metrics import slopes

REACH = 8  # pixels from a missing one to the farthest that still counts as around it
FEWEST = 50  # values on each side; with fewer nothing is measured
LAGS = (1, 2, 3, 4)  # frames between two that are compared; the first with enough pairs counts
SHARPEST = 95  # percentile of the gradients that are compared
STILL = 0.05  # grey levels below which the surroundings are no measure


@dataclass(frozen=True)
class Surroundings:
    """How filled-in pixels are beside those around them; None if it cannot be measured.

    Attributes
    ----------
    motion : float or None
        Their mean |temporal difference| over that of the surroundings: 1 is alike.
    edges : float or None
        The 95th percentile of their |spatial gradient| over that of the surroundings: 1 is alike.
    """

    motion: float | None
    edges: float | None


def beside_surroundings(filled: np.ndarray, missing: np.ndarray) -> Surroundings:
    """Compare the motion and the edges of filled-in pixels with those around them.

    Around them are the visible pixels of the same frames that are at most 8 rows and columns away;
    if there are too few, because whole frames are missing, all visible pixels of the video are.

    Parameters
    ----------
    filled : ndarray
        The video with its missing pixels filled in, (T, H, W, C) grey levels.
    missing : ndarray
        True where a pixel was missing, (T, H, W) bool.
    """
    video = filled.astype(np.float32)
    around = maximum_filter(missing, size=(1, 2 * REACH + 1, 2 * REACH + 1)) & ~missing
    motion, edges = (
        next((found for where in (around, ~missing)
              if (found := measure(video, missing, where)) is not None), None)
        for measure in (_motion, _edges)
    )
    return Surroundings(motion, edges)


def _motion(video: np.ndarray, missing: np.ndarray, around: np.ndarray) -> float | None:
    """Return the ratio of mean |changes|; a change of which one end is missing is a filled one."""
    for lag in LAGS:
        filled, shown = missing[lag:] | missing[:-lag], around[lag:] & around[:-lag]
        if min(np.count_nonzero(filled), np.count_nonzero(shown)) >= FEWEST:
            change = np.abs(video[lag:] - video[:-lag]).mean(axis=-1)
            return _ratio(float(change[filled].mean()), float(change[shown].mean()))
    return None


def _edges(video: np.ndarray, missing: np.ndarray, around: np.ndarray) -> float | None:
    """Return the ratio of the sharpest gradients; those across the border of the mask are none."""
    gradients = slopes(video)
    filled, shown = (
        of[:, :-1, :-1] & of[:, 1:, :-1] & of[:, :-1, 1:] for of in (missing, around)
    )
    if min(np.count_nonzero(filled), np.count_nonzero(shown)) < FEWEST:
        return None
    ours, theirs = (float(np.percentile(gradients[where], SHARPEST)) for where in (filled, shown))
    return _ratio(ours, theirs)


def _ratio(ours: float, theirs: float) -> float | None:
    return ours / theirs if theirs >= STILL else None
