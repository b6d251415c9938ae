"""The best linear guess of missing pixels from the visible ones around them in space and time.

The video is modelled as a Gaussian: each pixel has its mean over time, and deviations from it are
correlated over small distances in space and time. The correlations are measured on the visible
pixels, for each neighbourhood separately, because a splash is not a wall. The guess of a missing
pixel is its conditional mean given the nearest visible ones (simple kriging).

Videos are (T, H, W, C) grey levels, masks (T, H, W) bool with True = missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.interpolate import CubicSpline

from dynpat.reference.visible import spread_over
from dynpat.threads import in_order

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
    mean = spread_over(mean, count[..., 0] > 0)
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


@dataclass(frozen=True)
class Covariances:
    """Covariances of a video at each lag, measured in each neighbourhood.

    Attributes
    ----------
    offsets : ndarray
        (n, 3): where neighbours may be, the most correlated first.
    table : ndarray
        (lags, H/GRID, W/GRID) float32, in squares of grey levels.
    lags : ndarray
        (n, n): the row of the table for each pair of offsets.
    own : ndarray
        (n,): the same for an offset and the missing pixel itself.
    """

    offsets: np.ndarray
    table: np.ndarray
    lags: np.ndarray
    own: np.ndarray


def measured(video: np.ndarray, missing: np.ndarray) -> Covariances:
    """Measure the covariances of the visible pixels of a video."""
    mean = visible_mean(video, missing)
    deviation = np.where(missing[..., np.newaxis], 0, video - mean).astype(np.float32)
    offsets = _offsets()
    table, index = _covariances(deviation, ~missing, offsets)
    order = np.argsort([-table[index[offset]].mean() for offset in offsets], kind="stable")
    offsets = [offsets[i] for i in order]
    own = np.array([index[offset] for offset in offsets])
    return Covariances(np.array(offsets), table, _lag_numbers(offsets, index), own)


def krige(
    video: np.ndarray, missing: np.ndarray, ridge: float = RIDGE,
    covariances: Covariances | None = None,
) -> np.ndarray:
    """Return the conditional mean of missing pixels in a local Gaussian model, (T, H, W, C).

    Visible pixels are returned as they are. Covariances that are measured on different pairs may
    not fit each other; a ridge, given as a share of the variance, compensates for that. The
    `covariances` are `measured` here if they are left out.
    """
    known = covariances or measured(video, missing)
    filled = visible_mean(video, missing)
    deviation = np.where(missing[..., np.newaxis], 0, video - filled).astype(np.float32)
    filled = filled + deviation
    places = np.argwhere(missing)
    parts = [places[first : first + CHUNK] for first in range(0, len(places), CHUNK)]
    beyond = np.pad(missing, [(n, n) for n in np.abs(known.offsets).max(axis=0)],
                    constant_values=True)
    estimated = partial(_estimates, deviation=deviation, beyond=beyond, known=known, ridge=ridge)
    for part, found in zip(parts, in_order(estimated, parts), strict=True):
        filled[tuple(part.T)] += found
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
    unlike: list[Offset] = []
    for lag in sorted(set(offsets) | {_minus(p, q) for p in offsets for q in offsets}):
        opposite = _minus((0, 0, 0), lag)
        if opposite in index:
            index[lag] = index[opposite]
            continue
        index[lag] = len(unlike)
        unlike.append(lag)
    # All values of a place lie side by side, in the order of time: sums over them are fast.
    values = np.ascontiguousarray(np.moveaxis(deviation, 0, 2)).reshape(*visible.shape[1:], -1)
    seen = np.ascontiguousarray(np.moveaxis(visible, 0, 2), np.float32)
    pairs = partial(_pairs, values, seen)
    product, count = pairs((0, 0, 0))
    # If there are few pairs, the covariance of the whole video, scaled to the local variance.
    variance = (_pooled(product) + 1e-6) / (_pooled(count) + 1e-6)
    overall = product.sum() / count.sum() + 1e-6

    def row(lag: Offset) -> tuple[np.ndarray, bool]:
        product, count = pairs(lag)
        prior = variance / overall * product.sum() / max(float(count.sum()), 1)
        pooled = (_pooled(product) + TRUSTED * prior) / (_pooled(count) + TRUSTED)
        return pooled.astype(np.float32), bool(count.any())

    rows, known = zip(*in_order(row, unlike), strict=True)
    return _without_gaps(np.stack(rows), index, np.array(known)), index


def _without_gaps(
    table: np.ndarray, index: dict[Offset, int], known: np.ndarray
) -> np.ndarray:
    """Fill in what no pair of pixels tells: where every other frame is missing, odd lags."""
    for lag, row in index.items():
        if known[row]:
            continue
        others = sorted((t, n) for (t, *place), n in index.items()
                        if known[n] and tuple(place) == lag[1:])
        times = [t for t, _ in others]
        if len(times) > 1 and times[0] < lag[0] < times[-1]:
            table[row] = CubicSpline(times, table[[n for _, n in others]])(lag[0])
    return table


def _minus(one: Offset, other: Offset) -> Offset:
    return (one[0] - other[0], one[1] - other[1], one[2] - other[2])


def _pairs(values: np.ndarray, seen: np.ndarray, lag: Offset) -> tuple[np.ndarray, np.ndarray]:
    """Return the sum of products of visible pixels `lag` apart, and their number, both (H, W).

    From the values (H, W, T·C), 0 where missing, and what is seen, (H, W, T).
    """
    one, other = [], []
    for length, shift in zip((seen.shape[2], *seen.shape[:2]), lag, strict=True):
        bounded = int(np.clip(shift, -length, length))
        one.append(slice(max(0, -bounded), length - max(0, bounded)))
        other.append(slice(max(0, bounded), length - max(0, -bounded)))
    channels = values.shape[2] // seen.shape[2]

    def summed(of: np.ndarray, each: int) -> np.ndarray:
        first, second = (
            of[rows, columns, each * times.start : each * times.stop]
            for times, rows, columns in (one, other)
        )
        total = np.zeros(seen.shape[:2])
        total[tuple(one[1:])] = np.einsum("hwk,hwk->hw", first, second)
        return total

    return summed(values, channels), summed(seen, 1) * channels


def _pooled(values: np.ndarray) -> np.ndarray:
    """Return the sums over POOL×POOL pixels around every GRID-th pixel."""
    half = POOL // 2
    sums = np.pad(values, half + 1).cumsum(axis=0).cumsum(axis=1)
    boxes = sums[POOL:, POOL:] - sums[:-POOL, POOL:] - sums[POOL:, :-POOL] + sums[:-POOL, :-POOL]
    return np.asarray(boxes[: values.shape[0] : GRID, : values.shape[1] : GRID])


def _estimates(
    places: np.ndarray, deviation: np.ndarray, beyond: np.ndarray, known: Covariances,
    ridge: float,
) -> np.ndarray:
    """Return conditional means of the deviations at places (n, 3), as (n, C).

    `beyond` is True where pixels are missing or outside the video, with a margin around it.
    """
    margin = [(outer - inner) // 2 for outer, inner in
              zip(beyond.shape, deviation.shape[:3], strict=True)]
    steps = known.offsets @ np.cumprod([1, *beyond.shape[:0:-1]])[::-1]
    first = np.ravel_multi_index(tuple((places + margin).T), beyond.shape)
    usable = ~beyond.reshape(-1)[first[:, np.newaxis] + steps]
    # Pixels of one cell that see neighbours at the same places share their weights.
    cells = places[:, 1:] // GRID
    of_cells = np.ascontiguousarray(cells, np.int32).view(np.uint8)
    alike = np.concatenate([np.packbits(usable, axis=1), of_cells], axis=1)
    rows = np.ascontiguousarray(alike).view(np.dtype((np.void, alike.shape[1])))[:, 0]
    _, one, which = np.unique(rows, return_index=True, return_inverse=True)
    chosen, weights = _weights(usable[one], cells[one], known, ridge)
    chosen, weights = chosen[which], weights[which]
    around = places[:, np.newaxis] + known.offsets[chosen]
    useful = np.take_along_axis(usable, chosen, axis=1)
    around = np.where(useful[..., np.newaxis], around, 0)
    values = deviation[tuple(np.moveaxis(around, -1, 0))]
    values = np.where(useful[..., np.newaxis], values, 0)  # the mean of every pixel is known
    low, high = values.min(axis=1), values.max(axis=1)
    over = BEYOND * (high - low)
    estimate = np.einsum("nk,nkc->nc", weights, values)
    return np.asarray(np.clip(estimate, low - over, high + over))


def _weights(
    usable: np.ndarray, cells: np.ndarray, known: Covariances, ridge: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return which neighbours are chosen, (n, NEIGHBOURS), and their weights, 0 if unusable.

    From which offsets are `usable`, (n, offsets) bool, and the cells (n, 2) of the table.
    """
    # The usable neighbours are taken in the order of their correlation.
    chosen = np.argsort(~usable, axis=1, kind="stable")[:, :NEIGHBOURS]
    useful = np.take_along_axis(usable, chosen, axis=1)
    rows, columns = cells[:, :1], cells[:, 1:]
    vector = known.table[known.own[chosen], rows, columns] * useful
    matrix = known.table[
        known.lags[chosen[:, :, np.newaxis], chosen[:, np.newaxis]],
        rows[..., np.newaxis], columns[..., np.newaxis],
    ] * (useful[:, :, np.newaxis] & useful[:, np.newaxis])
    variance = known.table[known.lags[0, 0], cells[:, 0], cells[:, 1]] + 1 / 12
    diagonal = np.arange(NEIGHBOURS)
    matrix[:, diagonal, diagonal] = ((1 + ridge) * variance)[:, np.newaxis]
    weights = np.linalg.solve(matrix, vector[..., np.newaxis])[..., 0] * useful
    return chosen, weights
