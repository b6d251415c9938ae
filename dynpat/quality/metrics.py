"""Metrics: how good a synthesised video is, compared with the observed one.

Videos are arrays (T, H, W, C) of grey levels 0–255. Distances are in grey levels, and smaller is
better; ratios are synthesised over observed, and 1 is right. No single figure is enough: a still
mean frame has a good patch distance, and a copy of the observed video has the best of all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.fft
from scipy.ndimage import median_filter

from dynpat.config import require

PATCH = (4, 7, 7)  # frames, pixels in height, pixels in width
PATCHES = 20_000
PROJECTIONS = 256
QUANTILES = 2000  # number of quantiles of the patches along a direction
BANDS = 8  # number of bands of frequencies in time, and in space
WINDOW = 8  # number of frames of a passage that may be copied
ROUNDING = 1 / 12  # the power that rounding to whole grey levels adds everywhere
MOVING = 20.0  # grey levels; a pixel with a larger standard deviation over time surely moves
STILL = 2.0  # grey levels; a pixel with a smaller standard deviation over time stands still

Metric = Callable[[np.ndarray, np.ndarray], float]


def sliced_wasserstein(
    observed: np.ndarray, synthesised: np.ndarray, patch: tuple[int, int, int] = PATCH,
    seed: int = 0, count: int | None = None, directions: int | None = None,
    where: np.ndarray | None = None,
) -> float:
    """Return the sliced Wasserstein distance of space-time patches, in grey levels.

    The patches of both videos are points of a space of many dimensions. They are projected onto
    random unit directions. On each direction both sets of numbers are sorted, and the mean distance
    between their quantiles is the (first) Wasserstein distance. The result is the mean over
    directions.

    Parameters
    ----------
    observed, synthesised : ndarray
        Grey levels (T, H, W, C) of any lengths and sizes, but not smaller than a patch.
    patch : tuple of int
        The frames, height and width of a patch.
    seed : int
        The seed of the directions and of the choice of patches.
    count : int or None
        The number of patches of each video, by default 20,000.
    directions : int or None
        The number of directions, by default 256.
    where : ndarray or None
        The first corners of the patches to take from both videos, (T, H, W) bool; by default all.

    Returns
    -------
    float
        The distance.

    Raises
    ------
    BadOptionError
        If a video is smaller than a patch.
    """
    rng = np.random.default_rng(seed)
    count, directions = count or PATCHES, directions or PROJECTIONS
    width = int(np.prod(patch)) * observed.shape[-1]
    units = rng.normal(size=(width, directions)).astype(np.float32)
    units /= np.linalg.norm(units, axis=0)
    sides = [
        _quantiles(units.T @ _patches(video, patch, count, rng, where).T)
        for video in (observed, synthesised)
    ]
    return float(np.mean(np.abs(sides[0] - sides[1])))


def _quantiles(numbers: np.ndarray) -> np.ndarray:
    """Return `np.quantile` of (directions, n) as (directions, QUANTILES); sorting is quicker."""
    places = (np.arange(QUANTILES) + 0.5) / QUANTILES * (numbers.shape[1] - 1)
    below = places.astype(int)
    above = np.minimum(below + 1, numbers.shape[1] - 1)
    share = (places - below).astype(np.float32)
    numbers = np.sort(numbers, axis=1)
    return numbers[:, below] * (1 - share) + numbers[:, above] * share


def _patches(
    video: np.ndarray, patch: tuple[int, int, int], count: int, rng: np.random.Generator,
    where: np.ndarray | None,
) -> np.ndarray:
    """Return some patches (n, values) of a video at random places."""
    room = [edge - size + 1 for edge, size in zip(video.shape[:3], patch, strict=True)]
    require(min(room) >= 1, "videos", f"be at least {patch[0]} frames of {patch[2]}×{patch[1]}",
            f"{video.shape[0]} frames of {video.shape[2]}×{video.shape[1]}", "Use larger ones")
    views = np.lib.stride_tricks.sliding_window_view(video, (*patch, video.shape[-1]))
    if where is None:
        t, h, w = (rng.integers(0, n, count) for n in room)
    else:
        t, h, w = rng.choice(np.argwhere(where), count).T
    return views[t, h, w, 0].reshape(count, -1).astype(np.float32)


def at_scale(video: np.ndarray, scale: int) -> np.ndarray:
    """Return the video shrunk in space, by averaging blocks of `scale`×`scale` pixels."""
    frames, height, width, channels = video.shape
    height, width = height // scale, width // scale
    cut = video[:, : height * scale, : width * scale].astype(np.float32)
    return cut.reshape(frames, height, scale, width, scale, channels).mean(axis=(2, 4))


def patch_distance(observed: np.ndarray, synthesised: np.ndarray, **cost: Any) -> float:
    """Return `sliced_wasserstein` of patches of 4 frames of 7×7 pixels: how things look.

    `cost` is its `count` and `directions`.
    """
    return sliced_wasserstein(observed, synthesised, **cost)


def motion_distance(observed: np.ndarray, synthesised: np.ndarray, **cost: Any) -> float:
    """Return `patch_distance` of the temporal differences: how things move."""
    return sliced_wasserstein(_differences(observed), _differences(synthesised), **cost)


def _differences(video: np.ndarray) -> np.ndarray:
    return np.diff(video.astype(np.float32), axis=0)


def motion_ratio(observed: np.ndarray, synthesised: np.ndarray) -> float:
    """Return the mean |temporal difference|, synthesised over observed."""
    return _ratio(np.abs(_differences(synthesised)).mean(), np.abs(_differences(observed)).mean())


def sharpness_ratio(observed: np.ndarray, synthesised: np.ndarray) -> float:
    """Return the mean |difference of neighbouring pixels|, synthesised over observed."""
    return _ratio(_sharpness(synthesised), _sharpness(observed))


def _sharpness(video: np.ndarray) -> float:
    video = video.astype(np.float32)
    return float(sum(np.abs(np.diff(video, axis=axis)).mean() for axis in (1, 2)))


def slopes(video: np.ndarray) -> np.ndarray:
    """Return |spatial gradient| of the mean of the channels of a video (T, H, W, C).

    Returns
    -------
    ndarray
        (T, H − 1, W − 1): at each pixel from it to the one below and to the one at its right.
    """
    grey = video.mean(axis=-1, dtype=np.float32)
    down, across = np.diff(grey, axis=1)[:, :, :-1], np.diff(grey, axis=2)[:, :-1]
    return np.asarray(np.hypot(down, across))


def edge_ratio(observed: np.ndarray, synthesised: np.ndarray) -> float:
    """Return how sharp the sharpest moving edges are, synthesised over observed.

    It is the 99th percentile of `slopes`, taken over the pixels whose standard deviation over time
    exceeds that of three quarters of the picture, or 20 grey levels if that is less. Below 1 the
    video is soft. Sizes must agree; the result is nan if nothing moves.
    """
    spread = observed.std(axis=0).mean(axis=-1)
    moving = spread > min(MOVING, float(np.percentile(spread, 75)))
    if not moving[:-1, :-1].any():
        return float("nan")

    def edges(video: np.ndarray) -> float:
        return float(np.percentile(slopes(video)[:, moving[:-1, :-1]], 99))

    return _ratio(edges(synthesised), edges(observed))


def checkerboard(observed: np.ndarray, synthesised: np.ndarray) -> float:
    """Return the strongest grid of two or four pixels that the observed lacks, in powers of ten.

    The power spectrum of what moves is taken under a Hann window in both axes, as the mean over
    frames and channels. From log₁₀ of synthesised over observed its median over 9×9 frequencies is
    subtracted. The result is the largest value at 0, ¼ and ½ cycles a pixel, down and across,
    except both 0. Above 0.2 the grid is visible. Sizes must agree.
    """
    height, width = observed.shape[1:3]
    window = np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1])[..., np.newaxis]

    def power(video: np.ndarray) -> np.ndarray:
        moving = (video - video.mean(axis=0, dtype=np.float32)) * window.astype(np.float32)
        waves = np.abs(scipy.fft.fft2(moving, axes=(1, 2))) ** 2
        return np.asarray(waves.mean(axis=(0, 3))) / np.sum(window**2)

    excess = np.log10((power(synthesised) + ROUNDING) / (power(observed) + ROUNDING))
    excess -= median_filter(excess, 9, mode="wrap")
    grid = [round(share * height) for share in (0, 0.25, 0.5)]
    across = [round(share * width) for share in (0, 0.25, 0.5)]
    return float(max(excess[row, column] for row in grid for column in across if row or column))


def _ratio(ours: float, theirs: float) -> float:
    return float(ours) / float(theirs) if theirs > 0 else float("inf" if ours > 0 else 1)


def mean_error(observed: np.ndarray, synthesised: np.ndarray) -> float:
    """Return the mean |difference| of the means over time, pixel by pixel. Sizes must agree."""
    return float(np.abs(synthesised.mean(axis=0) - observed.mean(axis=0)).mean())


def deviation_error(observed: np.ndarray, synthesised: np.ndarray) -> float:
    """Return the mean |difference| of the standard deviations over time, pixel by pixel.

    Sizes must agree.
    """
    return float(np.abs(synthesised.std(axis=0) - observed.std(axis=0)).mean())


def flicker(observed: np.ndarray, synthesised: np.ndarray) -> float:
    """Return the mean |temporal difference| above the observed, where the observed stands still.

    The result is nan if it stands still nowhere. Sizes must agree.
    """
    still = observed.std(axis=0) < STILL
    if not still.any():
        return float("nan")
    ours, theirs = (np.abs(_differences(v)).mean(axis=0)[still].mean()
                    for v in (synthesised, observed))
    return float(ours - theirs)


def spectrum_distance(observed: np.ndarray, synthesised: np.ndarray) -> float:
    """Return the mean |difference| of log₁₀ power over the frequencies of space and time.

    1 means tenfold power. Both videos are cut to the smaller of each length, and a window removes
    the effect of borders.
    """
    shape = np.minimum(observed.shape[:3], synthesised.shape[:3])
    window = np.einsum("t,h,w->thw", *(np.hanning(n + 2)[1:-1] for n in shape))[..., np.newaxis]

    def power(video: np.ndarray) -> np.ndarray:
        video = video[tuple(slice(n) for n in shape)].astype(np.float32)
        spectrum = np.abs(np.fft.rfftn((video - video.mean()) * window, axes=(0, 1, 2))) ** 2
        return _banded(spectrum.mean(axis=-1) / np.sum(window**2))

    return float(np.mean(np.abs(power(observed) - power(synthesised))))


def _banded(spectrum: np.ndarray) -> np.ndarray:
    """Return log₁₀ of the mean power in bands of equal width of temporal × spatial frequency."""
    t, h, w = (np.arange(n) for n in spectrum.shape)
    frames, height = spectrum.shape[:2]
    temporal = np.minimum(t, frames - t) / (frames / 2)
    rows, columns = np.minimum(h, height - h) / (height / 2), w / max(len(w) - 1, 1)
    spatial = np.sqrt((rows[:, np.newaxis] ** 2 + columns**2) / 2)
    one = np.minimum((temporal * BANDS).astype(int), BANDS - 1)
    two = np.minimum((spatial * BANDS).astype(int), BANDS - 1)
    index = (one[:, np.newaxis, np.newaxis] * BANDS + two).ravel()
    power = np.bincount(index, weights=spectrum.ravel(), minlength=BANDS * BANDS)
    count = np.bincount(index, minlength=BANDS * BANDS)
    return np.log10(power[count > 0] / count[count > 0] + ROUNDING)


def copy_distance(
    observed: np.ndarray, synthesised: np.ndarray, window: int = 1
) -> float:
    """Return the mean over synthesised windows of the |difference| to the closest observed window.

    A `window` of 1 compares single frames; longer windows find copied passages. A result near 0
    means that the video is a copy. Sizes must agree.
    """
    window = min(window, len(observed), len(synthesised))
    ours, theirs = (v.reshape(len(v), -1).astype(np.float32) for v in (synthesised, observed))
    between = np.stack([np.abs(theirs - frame).mean(axis=1) for frame in ours])
    starts = len(ours) - window + 1, len(theirs) - window + 1
    total = sum(between[k : k + starts[0], k : k + starts[1]] for k in range(window))
    return float(np.mean(np.min(total / window, axis=1)))


def diversity(observed: np.ndarray, synthesised: Sequence[np.ndarray]) -> float:
    """Return how far apart synthesised videos are, over how far apart observed frames are.

    It is the mean |difference| of the same frame of two videos, over that of two observed frames at
    least a quarter of the video apart. With 0 all videos show the same; with 1 they differ as much
    as the observed video from itself at another time. The result is nan for a single video.
    """
    videos = [video.astype(np.float32) for video in synthesised]
    frames = min(len(video) for video in videos)
    pairs = [
        np.abs(a[:frames] - b[:frames]).mean()
        for i, a in enumerate(videos) for b in videos[i + 1 :]
    ]
    apart = max(len(observed) // 4, 1)
    itself = observed.astype(np.float32)
    shifts = range(apart, max(len(observed) - apart, apart) + 1)
    own = np.mean([np.abs(itself[s:] - itself[:-s]).mean() for s in shifts if s < len(observed)])
    return _ratio(float(np.mean(pairs)), float(own)) if pairs else float("nan")
