"""The coloured reference: a Gaussian process seen through maps, fitted to observed videos.

A video I of grey levels is written in Gaussian coordinates y of its own shape,

    I = m + g(y)·Rᵀ,    y ~ N(0, S),

where m is the mean, R are the principal axes of the colours, and g is a monotone map of each value
from the quantiles of the standard normal distribution to the observed ones, so that every value is
distributed as it was observed. S is stationary in space and time, has variance 1, and is chosen so
that g(y) has the observed correlations. Such a process is called a translation process (Grigoriu,
"Crossings of non-Gaussian translation processes", 1984).

Nothing is learned by gradients: `fit` measures quantiles and correlations, and `Coloured.draw`
makes new videos of any length, and of any size where all places share one map.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
from scipy.ndimage import gaussian_filter1d
from scipy.special import eval_hermitenorm
from scipy.stats import norm

KNOTS = np.linspace(-3.2, 3.2, 65)  # where the maps are given; between them they are linear
TERMS = 24  # of the series of a map in Hermite polynomials
LAGS = (24, 24, 24)  # frames and pixels beyond which values count as unrelated
NEIGHBOURS = 2  # pixels to each side whose values count as a pixel's own: frames are few
GRAIN = 0.05  # noise on the observed before quantiles are taken, as a share of the spread
SMOOTHING = 1.5  # knots over which a map is smoothed, which bounds its slope
STEEPNESS = 1e-3  # grey levels by which a map rises from knot to knot at least
FLOOR = 1e-4  # of the mean of a spectrum: estimates of it may fall below zero


@dataclass(frozen=True)
class Coloured:
    """A coloured reference.

    Attributes
    ----------
    mean
        (C,) or (H, W, C) float32 grey levels: m.
    axes
        (C, C) float32: R; a colour in grey levels, less m, times R is one in principal axes.
    maps
        (knots, 1, 1, C) or (knots, H, W, C) float32: g at `KNOTS`, in grey levels along the axes.
    correlations
        (C, 2·lag+1 frames, 2·lag+1, 2·lag+1 pixels) float32: of y, at each lag, by principal axis.
    """

    mean: np.ndarray
    axes: np.ndarray
    maps: np.ndarray
    correlations: np.ndarray

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

    def to_grey(self, y: np.ndarray) -> np.ndarray:
        """Gaussian coordinates (…, H, W, C) to grey levels."""
        step, last = KNOTS[1] - KNOTS[0], len(KNOTS) - 1
        position = np.clip((y - KNOTS[0]) / step, 0, last)
        below = np.minimum(position.astype(int), last - 1)
        low, high = (self._at(index) for index in (below, below + 1))
        values = low + (position - below) * (high - low)
        return (values @ self.axes.T + self.mean).astype(np.float32)

    def _at(self, index: np.ndarray) -> np.ndarray:
        """The maps' values at knots `index`, (…, H, W, C)."""
        places = np.arange(self.maps[0].size).reshape(self.maps.shape[1:])
        return self.maps.reshape(-1)[index * self.maps[0].size + places]

    def to_gaussian(self, grey: np.ndarray) -> np.ndarray:
        """Grey levels (…, H, W, C) to Gaussian coordinates, at most 3.2 on either side.

        They are 0 where nothing moves.
        """
        values = (grey.astype(np.float32) - self.mean) @ self.axes
        below = np.zeros(values.shape, int)
        for power in reversed(range(int(math.log2(len(KNOTS) - 1)))):  # binary search in each map
            further = below + 2**power
            below = np.where(values >= self._at(further), further, below)
        low, high = self._at(below), self._at(below + 1)
        share = np.clip((values - low) / np.maximum(high - low, 1e-6), 0, 1)
        y = (below + share) * (KNOTS[1] - KNOTS[0]) + KNOTS[0]
        return np.asarray(np.where(self.maps[-1] - self.maps[0] > STEEPNESS, y, 0), np.float32)


def fit(
    videos: np.ndarray, *, everywhere: bool = False, missing: np.ndarray | None = None,
    lags: Sequence[int] = LAGS, seed: int = 0, axes: np.ndarray | None = None,
) -> Coloured:
    """Fit a coloured reference to observed videos.

    Parameters
    ----------
    videos
        (N, T, H, W, C) grey levels.
    everywhere
        Whether all places share one map (what looks alike everywhere), or each pixel has its own.
    missing
        (N, T, H, W) bool, True where pixels are missing; they have no influence.
    lags
        Frames and pixels (down, across) beyond which values count as unrelated.
    seed
        Of the noise that spreads whole grey levels out.
    axes
        (C, C) the axes of the colours; the videos' own principal ones if left out.
    """
    seen = np.ones(videos.shape[:4], bool) if missing is None else ~missing
    mean, deviation, count = _deviation(videos, seen, everywhere)
    if axes is None:
        axes = principal_axes(np.tensordot(deviation, deviation, ((0, 1, 2, 3), (0, 1, 2, 3))))
    values, spread = _spread_out(deviation @ axes, deviation, seen, count, everywhere, seed)
    maps = _maps(np.where(seen[..., np.newaxis], values, np.nan), spread, everywhere)
    lags = [min(lag, size - 1) for lag, size in zip(lags, videos.shape[1:4], strict=True)]
    series = hermite_series(maps)
    # What moves most counts most, here as in the correlations that are measured.
    importance = np.broadcast_to(spread.max(axis=-1) ** 2, maps.shape[1:3])
    importance = importance / max(importance.sum(), np.finfo(np.float32).tiny)
    window, latent = _window(seen.shape[1:], everywhere), []
    for axis in range(len(axes)):
        observed = correlation(values[..., axis] * seen, seen, window, lags)
        powers = np.einsum("khw,hw->k", series[..., axis] ** 2, importance)
        latent.append(before_maps(observed, powers) * taper(lags))
    return Coloured(*(np.asarray(part, np.float32) for part in (mean, axes, maps, latent)))


def principal_axes(covariance: np.ndarray) -> np.ndarray:
    """Of the colours, from their (C, C) covariance: (C, C) float32, the widest axis first."""
    return np.asarray(np.linalg.eigh(covariance)[1][:, ::-1], np.float32)


def colour_covariance(videos: np.ndarray, everywhere: bool) -> np.ndarray:
    """Of videos (N, T, H, W, C), (C, C): sums over all values, not means."""
    deviation = _deviation(videos, np.ones(videos.shape[:4], bool), everywhere)[1]
    return np.asarray(np.tensordot(deviation, deviation, ((0, 1, 2, 3), (0, 1, 2, 3))))


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
    squares = (values**2 * seen[..., np.newaxis]).sum(axis=over)
    spread = np.sqrt(squares / count) + np.finfo(np.float32).tiny
    values += np.float32(GRAIN) * spread * rng.standard_normal(values.shape, np.float32)
    return values, spread


def _maps(values: np.ndarray, spread: np.ndarray, everywhere: bool) -> np.ndarray:
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


def _window(shape: tuple[int, ...], everywhere: bool) -> np.ndarray:
    """Fades towards the ends, in time, and towards the borders where all places are alike."""
    faded = zip(shape, (True, everywhere, everywhere), strict=True)
    edges = [np.hanning(size + 2)[1:-1] if fade else np.ones(size) for size, fade in faded]
    return np.einsum("t,h,w->thw", *(np.float32(edge) for edge in edges))


def correlation(
    values: np.ndarray, seen: np.ndarray, window: np.ndarray, lags: Sequence[int]
) -> np.ndarray:
    """The correlation of values (N, T, H, W) at each lag, (2·lag+1, …), 1 at lag 0.

    Under a window (T, H, W), and divided by that of the window itself, in which missing pixels are
    holes. Values are 0 where they are not seen.
    """
    sizes = zip(window.shape, lags, strict=True)
    padded = [scipy.fft.next_fast_len(size + lag, True) for size, lag in sizes]

    def products(field: np.ndarray) -> np.ndarray:
        return np.asarray(scipy.fft.irfftn(np.abs(scipy.fft.rfftn(field, padded)) ** 2, padded))

    overlap = sum(products(window * part) for part in seen)
    total = sum(products(window * part) for part in values)
    measured = total / np.maximum(overlap, 1e-3 * np.max(overlap))
    box = np.ix_(*(np.arange(-lag, lag + 1) for lag in lags))
    if not measured[0, 0, 0]:  # nothing moves: no value tells of another
        measured[0, 0, 0] = 1
    return np.asarray(measured[box] / measured[0, 0, 0])


def taper(lags: Sequence[int]) -> np.ndarray:
    """Weights that let a correlation end softly beyond its last lags."""
    curves = [0.5 + 0.5 * np.cos(np.pi * np.arange(-lag, lag + 1) / (lag + 1)) for lag in lags]
    return np.asarray(np.einsum("t,h,w->thw", *curves))


def hermite_series(maps: np.ndarray) -> np.ndarray:
    """Coefficients aₖ = E[g(Z)·Hₖ(Z)] / √k!, k = 1 … `TERMS`, of maps (knots, …).

    With them the correlation of g(y₁) and g(y₂) is Σ aₖ²·cᵏ / Σ aₖ², c that of y₁ and y₂ (Mehler).
    """
    points = np.linspace(-6, 6, 1201)
    density = norm.pdf(points) * (points[1] - points[0])
    # Between knots the maps are linear: the weights of a point's two knots carry its own.
    index = np.interp(points, KNOTS, np.arange(len(KNOTS)))
    below = np.minimum(index.astype(int), len(KNOTS) - 2)
    weights = np.zeros((TERMS, len(KNOTS)))
    for k in range(1, TERMS + 1):
        values = density * eval_hermitenorm(k, points) / math.sqrt(math.factorial(k))
        np.add.at(weights[k - 1], below, values * (1 - (index - below)))
        np.add.at(weights[k - 1], below + 1, values * (index - below))
    return np.tensordot(weights, maps, axes=1)


def before_maps(observed: np.ndarray, powers: np.ndarray) -> np.ndarray:
    """The correlation that y must have for g(y) to have the observed one.

    Parameters
    ----------
    observed
        Correlations, any shape, −1 … 1.
    powers
        (K,) the squares aₖ² of the maps' series.
    """
    if not powers.any():
        return observed
    given = np.linspace(-1, 1, 401)
    after = np.polynomial.polynomial.polyval(given, np.concatenate([[0.0], powers / powers.sum()]))
    # Below zero the series of a skew map turns back: such correlations cannot be had.
    after = np.maximum.accumulate(after + 1e-9 * np.arange(len(given)))
    return np.interp(observed, after, given)
