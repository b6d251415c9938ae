"""The coloured reference: a Gaussian process seen through maps, fitted to observed videos.

A video I of grey levels is written in Gaussian coordinates y of its own shape,

    I = m + g(y)·Rᵀ,    y ~ N(0, S),

where m is the mean, R are the axes of the colours, and g is a monotone map of each value from the
quantiles of the standard normal distribution to the observed ones, so that every value is
distributed as it was observed. Where each place has maps of its own, the colours follow the
brightness as well (`dynpat.reference.colours`). S is stationary in space and time, has variance 1,
and is chosen so that g(y) has the observed correlations. Such a process is called a translation
process (Grigoriu, "Crossings of non-Gaussian translation processes", 1984).

Nothing is learned by gradients: `fit` measures quantiles and correlations, and `Coloured.draw`
makes new videos of any length, and of any size where all places share one map.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
from scipy.interpolate import CubicSpline

from dynpat.reference.colours import (
    GivenBrightness,
    brightness_axes,
    given_brightness,
    principal_axes,
)
from dynpat.reference.maps import (
    before_maps,
    between,
    frame_by_frame,
    hermite_series,
    inverse,
    maps_to,
    position_of,
)
from dynpat.reference.visible import spread_over

LAGS = (24, 24, 24)  # frames and pixels beyond which values count as unrelated
SOFT = 0.25  # of the lags: up to here correlations are as measured, beyond they fade out
CAUTION = 2.5  # power of the fading of cautious correlations, which starts at lag 0
GRAIN = 0.05  # noise on the observed before quantiles are taken, as a share of the spread
LEAST = 1e-2  # of the most pairs of values that tell of a lag, so many must
FLOOR = 1e-4  # of the mean of a spectrum: estimates of it may fall below zero


@dataclass(frozen=True)
class Coloured:
    """A coloured reference.

    Attributes
    ----------
    mean : ndarray
        (C,) or (H, W, C) float32 grey levels: m.
    axes : ndarray
        (C, C) float32: R; a colour in grey levels, less m, times R is one in principal axes.
    maps : ndarray
        (knots, 1, 1, C) or (knots, H, W, C) float32: g at `KNOTS`, in grey levels along the axes.
    correlations : ndarray
        (C, 2·lag+1 frames, 2·lag+1, 2·lag+1 pixels) float32: of y, at each lag, by axis.
    given : GivenBrightness or None
        How the colours follow the brightness; None if they are drawn independently of it.
    """

    mean: np.ndarray
    axes: np.ndarray
    maps: np.ndarray
    correlations: np.ndarray
    given: GivenBrightness | None = None

    def spectrum(self, shape: tuple[int, int, int]) -> np.ndarray:
        """The spectrum of S on a periodic grid of (T, H, W): (C, T, H, W // 2 + 1), mean 1."""
        lags = [size // 2 for size in self.correlations.shape[1:]]
        places = np.ix_(*(
            np.arange(-lag, lag + 1) % size for lag, size in zip(lags, shape, strict=True)
        ))
        spectra = []
        for correlation in self.correlations:
            grid = np.zeros(shape)
            np.add.at(grid, places, correlation)  # lags beyond half of a small grid meet
            power = scipy.fft.rfftn(grid).real
            power = np.maximum(power, FLOOR * power.mean()) if power.any() else np.ones_like(power)
            spectra.append(power / scipy.fft.irfftn(power, shape)[0, 0, 0])
        return np.stack(spectra).astype(np.float32)

    def draw(self, shape: tuple[int, int, int], seed: int) -> np.ndarray:
        """A new video of (T, H, W): (T, H, W, C) float32 in 0 … 255, periodic on all sides."""
        white = np.random.default_rng(seed).standard_normal((len(self.axes), *shape), np.float32)
        waves = scipy.fft.rfftn(white, axes=(1, 2, 3)) * np.sqrt(self.spectrum(shape))
        y = np.moveaxis(scipy.fft.irfftn(waves, shape, axes=(1, 2, 3)), 0, -1)
        return np.clip(self.to_grey(y), 0, 255)  # a neighbour's tails may lead beyond

    @frame_by_frame
    def to_grey(self, y: np.ndarray) -> np.ndarray:
        """Gaussian coordinates (…, H, W, C) to grey levels, float32."""
        values = between(self.maps, position_of(y))
        if self.given is not None:
            values = self.given.put_in(values, y)
        return np.asarray(values @ self.axes.T + self.mean)

    @frame_by_frame
    def to_gaussian(self, grey: np.ndarray) -> np.ndarray:
        """Grey levels (…, H, W, C) to Gaussian coordinates −3.2 … 3.2; 0 where nothing moves."""
        values = (grey.astype(np.float32) - self.mean) @ self.axes
        y = inverse(self.maps, values)
        if self.given is not None:  # the first coordinate is right, the others wait for it
            y = inverse(self.maps, self.given.take_out(values, y))
        return y


def fit(
    videos: np.ndarray, *, everywhere: bool = False, missing: np.ndarray | None = None,
    lags: Sequence[int] = LAGS, seed: int = 0, axes: np.ndarray | None = None,
    follow: bool = True, cautious: bool = False,
) -> Coloured:
    """Fit a coloured reference to observed videos.

    Parameters
    ----------
    videos : ndarray
        (N, T, H, W, C) grey levels.
    everywhere : bool
        Whether all places share one map (what looks alike everywhere), or each pixel has its own.
    missing : ndarray or None
        (N, T, H, W) bool, True where pixels are missing; they have no influence.
    lags : sequence of int
        Frames and pixels (down, across) beyond which values count as unrelated.
    seed : int
        Of the noise that spreads whole grey levels out.
    axes : ndarray or None
        (C, C) the axes of the colours; those of `axes_of` if left out.
    follow : bool
        Whether the colours follow the brightness, where each pixel has its own map.
    cautious : bool
        Whether correlations are rather too small than too large, and the more so the farther they
        reach (see `taper`). Draws need them as they are; a guess of what is missing is better if
        it trusts what is far less than a few frames seem to tell.
    """
    seen = np.ones(videos.shape[:4], bool) if missing is None else ~missing
    follow = follow and not everywhere and videos.shape[-1] > 1
    mean, deviation, count = _deviation(videos, seen, everywhere)
    if axes is None:
        axes = axes_of(np.tensordot(deviation, deviation, ((0, 1, 2, 3), (0, 1, 2, 3))), follow)
    values, spread = _spread_out(deviation @ axes, deviation, seen, count, everywhere, seed)
    given = None
    if follow:
        hidden = np.where(seen[..., np.newaxis], values, np.nan)
        y = inverse(maps_to(hidden[..., :1], spread[..., :1], everywhere), values[..., :1])
        given = given_brightness(values, y[..., 0], seen, spread)
        values = given.take_out(values, y)
        spread = _root_mean_square(values, seen, count)
    maps = maps_to(np.where(seen[..., np.newaxis], values, np.nan), spread, everywhere)
    lags = [min(lag, size - 1) for lag, size in zip(lags, videos.shape[1:4], strict=True)]
    window = _window(seen.shape[1:], everywhere)
    # What moves most counts most, here as in the correlations that are measured.
    importance = np.broadcast_to(spread.max(axis=-1) ** 2, maps.shape[1:3])
    latent = latent_correlations(
        values, seen, maps, window, importance, lags, None if cautious else spread, cautious
    )
    if missing is not None and not everywhere:
        mean = spread_over(mean, np.asarray(seen.any(axis=(0, 1))))
    return Coloured(
        np.asarray(mean, np.float32), np.asarray(axes, np.float32), np.asarray(maps, np.float32),
        np.asarray(latent, np.float32), given,
    )


def axes_of(covariance: np.ndarray, follow: bool) -> np.ndarray:
    """The axes of colours of a (C, C) covariance; the first is the brightness if others follow."""
    return brightness_axes(covariance) if follow else principal_axes(covariance)


def colour_covariance(
    videos: np.ndarray, everywhere: bool, missing: np.ndarray | None = None
) -> np.ndarray:
    """Of videos (N, T, H, W, C), (C, C): sums over all values that are seen, not means."""
    seen = np.ones(videos.shape[:4], bool) if missing is None else ~missing
    deviation = _deviation(videos, seen, everywhere)[1]
    return np.asarray(np.tensordot(deviation, deviation, ((0, 1, 2, 3), (0, 1, 2, 3))))


def latent_correlations(
    values: np.ndarray, seen: np.ndarray, maps: np.ndarray, window: np.ndarray,
    importance: np.ndarray, lags: Sequence[int], spread: np.ndarray | None = None,
    cautious: bool = False,
) -> list[np.ndarray]:
    """The correlations of y along each axis, from those of `values` (N, T, H, W, C).

    They are measured under a window (T, H, W). The maps count by the importance (H, W) of their
    place, and places that move unlike much are told apart by their `spread` (H, W, C).
    """
    series = hermite_series(maps)
    importance = importance / max(importance.sum(), np.finfo(np.float32).tiny)
    latent = []
    for axis in range(values.shape[-1]):
        share = 1.0 if spread is None else spread[..., axis] / np.max(spread[..., axis])
        observed = correlation(values[..., axis] * seen, seen, window, lags, share)
        powers = np.einsum("khw,hw->k", series[..., axis] ** 2, importance)
        latent.append(before_maps(observed, powers) * taper(lags, cautious))
    return latent


def _deviation(
    videos: np.ndarray, seen: np.ndarray, everywhere: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean of what is seen, the videos less it (0 where missing), and how many were seen."""
    over = (0, 1, 2, 3) if everywhere else (0, 1)
    weights = seen[..., np.newaxis].astype(np.float32)
    count = np.maximum(weights.sum(axis=over), 1)
    grey = np.where(seen[..., np.newaxis], videos, 0).astype(np.float32)
    mean = grey.sum(axis=over, dtype=np.float64) / count
    return mean, ((grey - mean) * weights).astype(np.float32), count


def _spread_out(
    values: np.ndarray, deviation: np.ndarray, seen: np.ndarray, count: np.ndarray,
    everywhere: bool, seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Values (N, T, H, W, C) with noise between whole grey levels, and their standard deviation.

    What stands still, of no `deviation`, keeps its level exactly.
    """
    rng = np.random.default_rng(seed)
    over = (0, 1, 2, 3) if everywhere else (0, 1)
    moving = np.any(deviation, axis=(*over, deviation.ndim - 1))
    dither = rng.random(values.shape, np.float32) - 0.5
    values = values + dither * moving[..., np.newaxis]
    spread = _root_mean_square(values, seen, count)
    values += np.float32(GRAIN) * spread * rng.standard_normal(values.shape, np.float32)
    return values, spread


def _root_mean_square(values: np.ndarray, seen: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Of values (N, T, H, W, C) that are seen, at each place; of all places if `count` is (C,)."""
    over = tuple(range(5 - count.ndim))
    squares = (values**2 * seen[..., np.newaxis]).sum(axis=over)
    return np.asarray(np.sqrt(squares / count) + np.finfo(np.float32).tiny)


def _window(shape: tuple[int, ...], everywhere: bool) -> np.ndarray:
    """Fades towards the ends, in time, and towards the borders where all places are alike."""
    faded = zip(shape, (True, everywhere, everywhere), strict=True)
    edges = [np.hanning(size + 2)[1:-1] if fade else np.ones(size) for size, fade in faded]
    return np.einsum("t,h,w->thw", *(np.float32(edge) for edge in edges))


def correlation(
    values: np.ndarray, seen: np.ndarray, window: np.ndarray, lags: Sequence[int],
    spread: np.ndarray | float = 1.0,
) -> np.ndarray:
    """The correlation of values (N, T, H, W) at each lag, (2·lag+1, …), 1 at lag 0.

    Under a window (T, H, W), and divided by that of the window itself, in which missing pixels are
    holes. Values are 0 where they are not seen. If some places move more than others, their
    `spread` (H, W), relative to the largest, is a part of the window that is divided by: otherwise
    a flame beside a still wall would seem to be less correlated than it is.
    """
    sizes = zip(window.shape, lags, strict=True)
    padded = [scipy.fft.next_fast_len(size + lag, True) for size, lag in sizes]

    def products(field: np.ndarray) -> np.ndarray:
        return np.asarray(scipy.fft.irfftn(np.abs(scipy.fft.rfftn(field, padded)) ** 2, padded))

    overlap = np.asarray(sum(products(window * spread * part) for part in seen))
    total = sum(products(window * part) for part in values)
    measured = total / np.maximum(overlap, LEAST * np.max(overlap))
    box = np.ix_(*(np.arange(-lag, lag + 1) for lag in lags))
    if not measured[0, 0, 0]:  # nothing moves: no value tells of another
        measured[0, 0, 0] = 1
    told = np.max(overlap[box], axis=(1, 2)) > LEAST * np.max(overlap)
    return _without_gaps(np.asarray(measured[box] / measured[0, 0, 0]), told)


def _without_gaps(correlations: np.ndarray, told: np.ndarray) -> np.ndarray:
    """Fill in lags in time of which no pair tells: odd ones, where every other frame is missing.

    `told` (t,) is True where pairs tell. Lags beyond the farthest of these stay as they are.
    """
    known = np.flatnonzero(told)
    gaps = np.flatnonzero(~told[: known[-1]])
    gaps = gaps[gaps > known[0]]
    if len(gaps):
        correlations[gaps] = CubicSpline(known, correlations[known])(gaps)
    return correlations


def taper(lags: Sequence[int], cautious: bool = False) -> np.ndarray:
    """Weights that end a correlation softly after its last lags, or, `cautious`, from the first."""
    far = [np.abs(np.arange(-lag, lag + 1)) / (lag + 1) for lag in lags]
    soft, power = (0.0, CAUTION) if cautious else (SOFT, 1.0)
    ending = [np.clip((share - soft) / (1 - soft), 0, 1) for share in far]
    weights = [(0.5 + 0.5 * np.cos(np.pi * end)) ** power for end in ending]
    return np.asarray(np.einsum("t,h,w->thw", *weights))
