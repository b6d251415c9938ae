"""Let draws move as fast as what is visible does, also far from it.

A Gaussian process has the right mean square of the changes from frame to frame. Where crests are
sharp and the rest is smooth, its mean |change|, which is what one sees, is then too large: up to
1.7 times. So its waves are weighed by how fast they are, until the mean |change| of a draw is that
of the visible pixels. Close to visible pixels nothing is scaled as a whole, and so a draw far from
them neither fades to the mean nor hurries.

Videos are (T, H, W, C) grey levels, masks (T, H, W) bool with True = missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from scipy.optimize import brentq

from dynpat.reference.translation import Coloured
from dynpat.restoration.neighbourhoods import Neighbourhood

LAGS = (1, 2, 3, 4)  # frames between two that are compared; the first with enough pairs counts
FEWEST = 500  # pairs of visible pixels
SLOWEST, FASTEST = 6.0, -0.7  # between which the pace is sought
ROUNDS = 2  # draws that are made to find it
STILL = 1e-3  # grey levels a frame below which nothing moves
NEAR = 0.03  # a motion as near to the right one as this stays as it is


class Given(Protocol):
    """What of `dynpat.restoration.conditional.Conditional` is needed here."""

    @property
    def process(self) -> Coloured: ...
    @property
    def parts(self) -> tuple[Neighbourhood, ...]: ...
    @property
    def video(self) -> np.ndarray: ...
    @property
    def missing(self) -> np.ndarray: ...
    def unconditional(self, seed: int, pace: float) -> np.ndarray: ...


def paced(spectrum: np.ndarray, pace: float, width: int) -> np.ndarray:
    """A spectrum (t, y, x // 2 + 1) of mean 1 with fast waves weakened, again of mean 1.

    Parameters
    ----------
    spectrum : ndarray
        Of a grid (t, y, x), float32.
    pace : float
        0 changes nothing; above it fast waves are weaker, below it stronger.
    width : int
        x, columns of the grid.
    """
    if not pace:
        return spectrum
    weighed = spectrum * _gain(len(spectrum), pace)[:, np.newaxis, np.newaxis]
    return np.asarray(weighed / _rows(weighed, width).mean(), np.float32)


def right_pace(given: Given, seed: int) -> float:
    """The pace at which draws of `given` have the mean |change| of its visible pixels."""
    missing = given.missing
    shown = ~missing
    lag = next((n for n in LAGS if np.sum(shown[n:] & shown[:-n]) >= FEWEST), None)
    if lag is None:
        return 0.0
    pairs = shown[lag:] & shown[:-lag]

    def motion(video: np.ndarray) -> float:
        return float(np.abs(video[lag:] - video[:-lag])[pairs].mean())

    wanted, pace = motion(given.video), 0.0
    waves = _speeds(given)
    for _ in range(ROUNDS):
        drawn = given.process.to_grey(given.unconditional(seed, pace))
        had = motion(np.clip(drawn, 0, 255))
        if min(wanted, had) < STILL or abs(had / wanted - 1) < NEAR:
            break
        pace = _changing(waves, lag, _change(waves, lag, pace) * wanted / had)
    return pace


def _change(waves: Sequence[np.ndarray], lag: int, pace: float) -> float:
    """The root mean square change of y over a lag, from how strong waves of each speed are."""
    squares = []
    for row in waves:
        power, speed = row * _gain(len(row), pace), 2 * np.pi * np.arange(len(row)) / len(row)
        squares.append(float((power * (2 - 2 * np.cos(lag * speed))).sum() / power.sum()))
    return float(np.sqrt(np.mean(squares)))


def _changing(waves: Sequence[np.ndarray], lag: int, goal: float) -> float:
    """The pace at which y changes by `goal`, or the nearest to it that there is."""
    if _change(waves, lag, SLOWEST) >= goal:
        return SLOWEST
    if _change(waves, lag, FASTEST) <= goal:
        return FASTEST
    return float(brentq(lambda pace: _change(waves, lag, pace) - goal, FASTEST, SLOWEST))


def _gain(frames: int, pace: float) -> np.ndarray:
    """What the waves of each speed are multiplied by, (t,)."""
    return np.exp(-2 * pace * (1 - np.cos(2 * np.pi * np.arange(frames) / frames)))


def _rows(spectrum: np.ndarray, width: int) -> np.ndarray:
    """The mean of a half spectrum over all waves of each speed, (t,), as the whole one has it."""
    twice = 2 * spectrum.sum(axis=(1, 2), dtype=np.float64) - spectrum[..., 0].sum(axis=1)
    if width % 2 == 0:
        twice -= spectrum[..., -1].sum(axis=1)
    return np.asarray(twice / (spectrum.shape[1] * width))


def _speeds(given: Given) -> Sequence[np.ndarray]:
    """How strong waves of each speed are in each part, along the axis of the most grey levels."""
    axis = int(np.ptp(given.process.maps, axis=0).mean(axis=(0, 1)).argmax())
    return [_rows(part.spectrum[axis], part.grid[2]) for part in given.parts]
