"""The best linear guess of missing pixels from the visible ones around them in space and time.

The video is modelled as a Gaussian: each pixel has its mean over time, and deviations from it are
correlated over small distances in space and time. The correlations are measured on the visible
pixels, for each neighbourhood separately, because a splash is not a wall. The guess of a missing
pixel is its conditional mean given the nearest visible ones (simple kriging).

Videos are (T, H, W, C) grey levels, masks (T, H, W) bool with True = missing.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline

REACH = (4, 2, 2)  # how far away a neighbour may be, in frames and pixels down and across
FAR = 12  # how many frames away the pixel itself may be
NEIGHBOURS = 20
POOL = 25  # side, in pixels, of the neighbourhood whose correlations are measured together
GRID = 4  # number of pixels between two places where correlations are measured
TRUSTED = 3000  # with more pairs of pixels, a neighbourhood counts more than the whole video
RIDGE = 0.05  # share of the variance that is left to chance
BEYOND = 0.1  # how far a guess may lie outside the neighbours' range, as a share of that range
CHUNK = 20_000  # number of missing pixels that are computed together

Offset = tuple[int, int, int]


def visible_mean(video: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Return the mean of each pixel over the frames that show it, (H, W, C) float32.

    A pixel that no frame shows takes the mean of its nearest neighbours that are shown.
    """
    seen = ~missing
    total = np.einsum("thwc,thw->hwc", video.astype(np.float64), seen)
    count = seen.sum(axis=0).astype(np.float64)[..., np.newaxis]
    mean = total / np.maximum(count, 1)
    known = count[..., 0] > 0
    while not known.all():
        padded = np.pad(np.where(known[..., np.newaxis], mean, 0), ((1, 1), (1, 1), (0, 0)))
        weight = np.pad(known.astype(float), 1)
        around = [(slice(y, y + known.shape[0]), slice(x, x + known.shape[1]))
                  for y in range(3) for x in range(3)]
        weights = np.sum([weight[place] for place in around], axis=0)
        sums = np.sum([padded[place] for place in around], axis=0)
        grown = ~known & (weights > 0)
        mean[grown] = sums[grown] / weights[grown][:, np.newaxis]
        known |= grown
    return mean.astype(np.float32)


def interpolate_in_time(video: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Interpolate missing pixels linearly between the frames before and after that show them.

    At the ends the nearest visible frame is repeated; a pixel that no frame shows takes the mean of
    its neighbours. The result is float32.
    """
    frames = len(video)
    numbers = np.arange(frames)[:, np.newaxis, np.newaxis]
    before = np.maximum.accumulate(np.where(missing, -1, numbers), axis=0)
    after = np.minimum.accumulate(np.where(missing, frames, numbers)[::-1], axis=0)[::-1]
    never = missing.all(axis=0)
    before = np.where(before < 0, after, before)
    after = np.where(after >= frames, before, after)
    before, after = np.clip(before, 0, frames - 1), np.clip(after, 0, frames - 1)
    share = (numbers - before) / np.maximum(after - before, 1)
    low, high = (
        np.take_along_axis(video, place[..., np.newaxis], axis=0).astype(np.float32)
        for place in (before, after)
    )
    filled = low + (high - low) * share[..., np.newaxis].astype(np.float32)
    filled = np.where(missing[..., np.newaxis], filled, video)
    if never.any():
        filled[:, never] = visible_mean(video, missing)[never]
    return filled.astype(np.float32)


def krige(video: np.ndarray, missing: np.ndarray, ridge: float = RIDGE) -> np.ndarray:
    """Return the conditional mean of missing pixels in a local Gaussian model, (T, H, W, C).

    Visible pixels are returned as they are. Covariances that are measured on different pairs may
    not fit each other; a ridge, given as a share of the variance, compensates for that.
    """
    mean = visible_mean(video, missing)
    deviation = np.where(missing[..., np.newaxis], 0, video - mean).astype(np.float32)
    offsets = _offsets()
    table, index = _covariances(deviation, ~missing, offsets)
    order = np.argsort([-table[index[offset]].mean() for offset in offsets], kind="stable")
    offsets = [offsets[i] for i in order]
    lags = _lag_numbers(offsets, index)
    from_missing = np.array([index[offset] for offset in offsets])
    filled = mean + deviation
    places = np.argwhere(missing)
    for first in range(0, len(places), CHUNK):
        part = places[first : first + CHUNK]
        filled[tuple(part.T)] += _estimates(
            part, deviation, missing, np.array(offsets), table, lags, from_missing, ridge
        )
    return np.clip(filled, 0, 255)


def _offsets() -> list[Offset]:
    """Return where neighbours may be, without the missing pixel itself."""
    t, h, w = REACH
    near = {
        (a, b, c) for a in range(-t, t + 1) for b in range(-h, h + 1) for c in range(-w, w + 1)
    }
    far = {(a, 0, 0) for a in range(-FAR, FAR + 1)}
    return sorted((near | far) - {(0, 0, 0)})


def _lag_numbers(offsets: list[Offset], index: dict[Offset, int]) -> np.ndarray:
    """Return the row of the covariance table for each pair of offsets."""
    pairs = np.array(offsets)
    differences = pairs[:, np.newaxis] - pairs
    return np.array([[index[tuple(lag)] for lag in row] for row in differences.tolist()])


def _covariances(
    deviation: np.ndarray, visible: np.ndarray, offsets: list[Offset]
) -> tuple[np.ndarray, dict[Offset, int]]:
    """Return the covariance at each lag, (lags, H/GRID, W/GRID), pooled over places, and its rows.

    Covariances are even, so that a lag and its negative share a row.
    """
    index: dict[Offset, int] = {}
    rows: list[np.ndarray] = []
    product, count = _pairs(deviation, visible, (0, 0, 0))
    # If there are few pairs, the covariance of the whole video, scaled to the local variance.
    variance = (_pooled(product) + 1e-6) / (_pooled(count) + 1e-6)
    overall = product.sum() / count.sum() + 1e-6
    measured: list[bool] = []
    for lag in sorted(set(offsets) | {_minus(p, q) for p in offsets for q in offsets}):
        opposite = _minus((0, 0, 0), lag)
        if opposite in index:
            index[lag] = index[opposite]
            continue
        index[lag] = len(rows)
        product, count = _pairs(deviation, visible, lag)
        prior = variance / overall * product.sum() / max(float(count.sum()), 1)
        pooled = (_pooled(product) + TRUSTED * prior) / (_pooled(count) + TRUSTED)
        rows.append(pooled.astype(np.float32))
        measured.append(bool(count.any()))
    return _without_gaps(np.stack(rows), index, np.array(measured)), index


def _without_gaps(
    table: np.ndarray, index: dict[Offset, int], measured: np.ndarray
) -> np.ndarray:
    """Fill in what no pair of pixels tells: where every other frame is missing, odd lags."""
    for lag, row in index.items():
        if measured[row]:
            continue
        others = sorted((t, n) for (t, *place), n in index.items()
                        if measured[n] and tuple(place) == lag[1:])
        times = [t for t, _ in others]
        if len(times) > 1 and times[0] < lag[0] < times[-1]:
            table[row] = CubicSpline(times, table[[n for _, n in others]])(lag[0])
    return table


def _minus(one: Offset, other: Offset) -> Offset:
    return (one[0] - other[0], one[1] - other[1], one[2] - other[2])


def _pairs(
    deviation: np.ndarray, visible: np.ndarray, lag: Offset
) -> tuple[np.ndarray, np.ndarray]:
    """Return the sum of products of visible pixels `lag` apart, and their number, both (H, W)."""
    one, other = [], []
    for length, shift in zip(visible.shape, lag, strict=True):
        bounded = int(np.clip(shift, -length, length))
        one.append(slice(max(0, -bounded), length - max(0, bounded)))
        other.append(slice(max(0, bounded), length - max(0, -bounded)))
    first, second, place = tuple(one), tuple(other), tuple(one[1:])
    product, count = np.zeros(visible.shape[1:]), np.zeros(visible.shape[1:])
    product[place] = np.einsum("thwc,thwc->hw", deviation[first], deviation[second])
    both = visible[first] & visible[second]
    count[place] = both.sum(axis=0) * deviation.shape[-1]
    return product, count


def _pooled(values: np.ndarray) -> np.ndarray:
    """Return the sums over POOL×POOL pixels around every GRID-th pixel."""
    half = POOL // 2
    sums = np.pad(values, half + 1).cumsum(axis=0).cumsum(axis=1)
    boxes = sums[POOL:, POOL:] - sums[:-POOL, POOL:] - sums[POOL:, :-POOL] + sums[:-POOL, :-POOL]
    return np.asarray(boxes[: values.shape[0] : GRID, : values.shape[1] : GRID])


def _estimates(
    places: np.ndarray, deviation: np.ndarray, missing: np.ndarray, offsets: np.ndarray,
    table: np.ndarray, lags: np.ndarray, from_missing: np.ndarray, ridge: float,
) -> np.ndarray:
    """Return conditional means of the deviations at places (n, 3), as (n, C)."""
    around = places[:, np.newaxis] + offsets
    inside = np.all((around >= 0) & (around < missing.shape), axis=-1)
    around = np.where(inside[..., np.newaxis], around, 0)
    usable = inside & ~missing[tuple(np.moveaxis(around, -1, 0))]
    # The usable neighbours are taken in the order of their correlation.
    chosen = np.argsort(~usable, axis=1, kind="stable")[:, :NEIGHBOURS]
    useful = np.take_along_axis(usable, chosen, axis=1)
    cells = tuple((places[:, axis] // GRID) for axis in (1, 2))
    rows, columns = cells[0][:, np.newaxis], cells[1][:, np.newaxis]
    vector = table[from_missing[chosen], rows, columns] * useful
    matrix = table[
        lags[chosen[:, :, np.newaxis], chosen[:, np.newaxis]],
        rows[..., np.newaxis], columns[..., np.newaxis],
    ] * (useful[:, :, np.newaxis] & useful[:, np.newaxis])
    variance = table[lags[0, 0], cells[0], cells[1]] + 1 / 12
    neighbours = np.take_along_axis(around, chosen[..., np.newaxis], axis=1)
    values = deviation[tuple(np.moveaxis(neighbours, -1, 0))]
    known = np.where(useful[..., np.newaxis], values, 0)  # the mean of every pixel is known
    low, high = known.min(axis=1), known.max(axis=1)
    beyond = BEYOND * (high - low)
    diagonal = np.arange(NEIGHBOURS)
    matrix[:, diagonal, diagonal] = ((1 + ridge) * variance)[:, np.newaxis]
    weights = np.linalg.solve(matrix, vector[..., np.newaxis])[..., 0] * useful
    estimate = np.einsum("nk,nkc->nc", weights, values)
    return np.asarray(np.clip(estimate, low - beyond, high + beyond))
