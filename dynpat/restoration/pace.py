"""Let draws move as fast as what is visible does, and be as sharp, also far from it.

A Gaussian process has the right mean square of the changes from frame to frame. Where crests are
sharp and the rest is smooth, its mean |change|, which is what one sees, is then too large: up to
1.7 times. In space, its steepest slopes are not those of what is visible either. So its waves are
weighed by how fast and by how fine they are, until a draw has the mean |change| and the edges of
the visible pixels. Close to visible pixels nothing is scaled as a whole, and so a draw far from
them neither fades to the mean nor hurries.

Videos are (T, H, W, C) grey levels, masks (T, H, W) bool with True = missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.optimize import brentq

from dynpat.reference.spectra import pairs
from dynpat.reference.translation import Coloured
from dynpat.restoration.neighbourhoods import Neighbourhood

LAGS = (1, 2, 3, 4)  # frames between two that are compared; the first with enough pairs counts
FEWEST = 500  # pairs of visible pixels, and slopes between such
FAST = (-0.7, 6.0)  # between which the weight of fast waves is sought
FINE = (-0.25, 1.0)  # the same of fine waves
ROUNDS = 3  # draws that are made to find them
ANY = 0  # the seed of these draws
STILL = 1e-3  # grey levels a frame, or a pixel, below which nothing moves or has edges
NEAR = 0.03  # a motion or sharpness as near to the right one as this stays as it is
EDGE = 95  # percent of the slopes that are less steep than what counts as an edge


@dataclass(frozen=True)
class Pace:
    """How the waves of a process are weighed.

    Attributes
    ----------
    fast : float
        0 changes nothing; above it fast waves are weaker, below it stronger.
    fine : float
        The same of waves that are short in space.
    """

    fast: float = 0.0
    fine: float = 0.0


UNPACED = Pace()


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
    def unconditional(self, seed: int, pace: Pace) -> np.ndarray: ...


def paced(spectrum: np.ndarray, pace: Pace, width: int) -> np.ndarray:
    """A spectrum (t, y, x // 2 + 1) of mean 1 with waves weighed by `pace`, again of mean 1.

    Parameters
    ----------
    spectrum : ndarray
        Of a grid (t, y, x), float32.
    pace : Pace
        The weights of fast and of fine waves.
    width : int
        x, columns of the grid.
    """
    if pace == UNPACED:
        return spectrum
    fast = np.exp(-pace.fast * _speed(len(spectrum))).astype(np.float32)
    fine = np.exp(-pace.fine * _fineness(spectrum.shape[1], width)).astype(np.float32)
    weighed = spectrum * fast[:, np.newaxis, np.newaxis] * fine
    strength = (weighed.sum(axis=0, dtype=np.float64) * pairs(width)).sum()
    waves = len(spectrum) * spectrum.shape[1] * width
    return np.asarray(weighed * np.float32(waves / strength))


def right_pace(given: Given) -> Pace:
    """The pace at which draws of `given` have the motion and the edges of its visible pixels."""
    shown = ~given.missing
    lag = next((n for n in LAGS if np.sum(shown[n:] & shown[:-n]) >= FEWEST), None)
    slopes = shown[:, 1:, 1:] & shown[:, :-1, 1:] & shown[:, 1:, :-1]
    fast = fine = None
    if lag is not None:
        both = shown[lag:] & shown[:-lag]
        fast = _Search(lambda video: _motion(video, lag, both), given.video,
                       _fast_waves(given, lag), FAST)
    if np.sum(slopes) >= FEWEST:
        fine = _Search(lambda video: _edges(video, slopes), given.video, _fine_waves(given), FINE)
    searches = [search for search in (fast, fine) if search]
    pace = UNPACED
    for _ in range(ROUNDS if searches else 0):
        drawn = np.clip(given.process.to_grey(given.unconditional(ANY, pace)), 0, 255)
        if all([search.near(drawn) for search in searches]):
            break
        pace = Pace(fast.found if fast else 0.0, fine.found if fine else 0.0)
    return pace


@dataclass
class _Waves:
    """Waves of one part of the picture: how strong they are, and what their weight does.

    A weight w multiplies the strength by exp(−w·slowed); the mean square change of y, from frame to
    frame or from pixel to pixel, is the mean of `changes`.
    """

    strength: np.ndarray
    slowed: np.ndarray
    changes: np.ndarray

    def mean_change(self, weight: float) -> float:
        weighed = self.strength * np.exp(-weight * self.slowed)
        return float((weighed * self.changes).sum() / weighed.sum())


class _Search:
    """Looks for the weight at which a figure of draws is that of the visible pixels."""

    def __init__(
        self, figure: Callable[[np.ndarray], float], video: np.ndarray, waves: Sequence[_Waves],
        bounds: tuple[float, float],
    ) -> None:
        self.figure, self.waves, self.bounds = figure, waves, bounds
        self.wanted, self.found = figure(video.astype(np.float32)), 0.0

    def near(self, drawn: np.ndarray) -> bool:
        """Whether a draw is as it should be; if not, take from it how y has to change."""
        had = self.figure(drawn)
        if min(had, self.wanted) < STILL or abs(had / self.wanted - 1) < NEAR:
            return True
        self.found = self._weight_for(self._change(self.found) * self.wanted / had)
        return False

    def _change(self, weight: float) -> float:
        return float(np.sqrt(np.mean([own.mean_change(weight) for own in self.waves])))

    def _weight_for(self, goal: float) -> float:
        """The weight at which y changes by `goal`, or the nearest to it that there is."""
        least, most = self.bounds
        if self._change(most) >= goal:
            return most
        if self._change(least) <= goal:
            return least
        return float(brentq(lambda weight: self._change(weight) - goal, least, most))


def _motion(video: np.ndarray, lag: int, both: np.ndarray) -> float:
    """The mean |change| over a lag, where both pixels are visible."""
    return float(np.abs(video[lag:] - video[:-lag])[both].mean())


def _edges(video: np.ndarray, slopes: np.ndarray) -> float:
    """The steepness of edges: the slope that few are above, where three neighbours are visible."""
    grey = video.mean(axis=-1)
    down, across = grey[:, 1:, 1:] - grey[:, :-1, 1:], grey[:, 1:, 1:] - grey[:, 1:, :-1]
    return float(np.percentile(np.hypot(down, across)[slopes], EDGE))


def _fast_waves(given: Given, lag: int) -> list[_Waves]:
    """How strong waves of each speed are in each part, along the axis of the most grey levels."""
    axis, found = _main_axis(given), []
    for part in given.parts:
        power = part.spectrum[axis]
        strength = (power.sum(axis=1, dtype=np.float64) * pairs(part.grid[2])).sum(axis=1)
        found.append(_Waves(strength, _speed(len(power)), _speed(len(power), lag)))
    return found


def _fine_waves(given: Given) -> list[_Waves]:
    """How strong waves of each length are in each part, likewise."""
    axis, found = _main_axis(given), []
    for part in given.parts:
        strength = part.spectrum[axis].sum(axis=0, dtype=np.float64) * pairs(part.grid[2])
        fineness = _fineness(part.grid[1], part.grid[2])
        found.append(_Waves(strength, fineness, fineness))
    return found


def _main_axis(given: Given) -> int:
    return int(np.ptp(given.process.maps, axis=0).mean(axis=(0, 1)).argmax())


def _speed(frames: int, lag: int = 1) -> np.ndarray:
    """The mean square change over a lag of a wave of variance 1, of each speed, (t,)."""
    return np.asarray(2 - 2 * np.cos(2 * np.pi * lag * np.arange(frames) / frames))


def _fineness(height: int, width: int) -> np.ndarray:
    """The same from pixel to pixel, down and across, of each wave in space: (y, x // 2 + 1)."""
    return _speed(height)[:, np.newaxis] + _speed(width)[: width // 2 + 1]
