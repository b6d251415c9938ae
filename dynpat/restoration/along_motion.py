"""Guess whole missing frames by moving what their visible neighbours show along its path.

Interpolation in time shows a fast thing twice, faintly: where it was and where it will be. Here the
two visible frames around a gap are matched block by block, and every pixel of both is put where it
is on its way from one to the other. Where two pixels arrive, the one that fits better and moves
faster wins, because what moves passes in front of what stands. Where none arrives, interpolation
in time stays.

Videos are (T, H, W, C) grey levels, masks (T, H, W) bool with True = missing.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.ndimage import maximum_filter, uniform_filter
from skimage.transform import resize

from dynpat.restoration.kriging import interpolate_in_time

NEARLY = 0.95  # share of a frame that counts as all of it
LONGEST = 6  # frames from one visible frame to the next; longer gaps are not filled
SPEED = 7.0  # pixels a frame that a thing may move
FARTHEST = 28  # pixels that it may move over the whole gap
BLOCK = 5  # side, in pixels, of the blocks that are matched
EFFORT = 0.15  # grey levels that a pixel of movement must gain: what can stand still does
FITTING = 6.0  # grey levels of difference at which a match counts 1/e
OVERTAKING = 4  # power of the movement by which a pixel counts: the faster passes in front
RETURNS = 1.5  # pixels by which the way back may miss
HIDDEN = 1e-3  # weight of a pixel that has no match
ARRIVED = 1e-5  # weight at which a place counts as reached; below it, interpolation takes over
WORK = 300_000_000  # pairs of pixels that are compared in all; about ten seconds on one core
CARRIED = 20.0  # grey levels away from interpolation at which a pixel surely was carried along
SMALLEST = 16  # pixels along a side, to which pictures are shrunk at most


class Match(NamedTuple):
    """Where each pixel of a frame went.

    Attributes
    ----------
    shift : ndarray
        (2, H, W) float32: pixels down and across.
    weight : ndarray
        (H, W): how much a pixel counts where several arrive.
    """

    shift: np.ndarray
    weight: np.ndarray


def along_motion(video: np.ndarray, missing: np.ndarray) -> np.ndarray | None:
    """Fill missing frames along the motion between their visible neighbours.

    Parameters
    ----------
    video : ndarray
        (T, H, W, C) grey levels; what stands at missing pixels does not matter.
    missing : ndarray
        (T, H, W) bool.

    Returns
    -------
    ndarray or None
        (T, H, W, C) float32, visible pixels as they are; other missing pixels are interpolated in
        time. None if no whole frame is missing between visible ones, or if the video is too large.
    """
    gaps = _gaps(missing)
    if not gaps:
        return None
    shrunk = _shrinking(gaps, missing.shape[1:])
    if shrunk is None:
        return None
    filled = interpolate_in_time(video, missing)
    for first, last in gaps:
        one, other = filled[first], filled[last]
        there, back = _matches(one, other, _reach(last - first), shrunk)
        for number in range(first + 1, last):
            made = _on_the_way(one, other, there, back, (number - first) / (last - first),
                               filled[number])
            gone = missing[number]
            filled[number][gone] = made[gone]
    return filled


def carried(filled: np.ndarray, video: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Where a guess (T, H, W, C) shows what was carried along its motion: (T, H, W), 0 … 1.

    There it is far from interpolation in time, or beside a place where it is.
    """
    plain = interpolate_in_time(video, missing)
    apart = np.abs(filled - plain).max(axis=-1)
    return np.asarray(maximum_filter(np.minimum(apart / CARRIED, 1), (1, BLOCK, BLOCK)))


def _gaps(missing: np.ndarray) -> list[tuple[int, int]]:
    """Visible frames (first, last) with whole missing ones between them, and not too many."""
    share = missing.mean(axis=(1, 2))
    shown = np.flatnonzero(share <= 1 - NEARLY)
    return [
        (int(first), int(last)) for first, last in pairwise(shown)
        if 1 < last - first <= LONGEST and np.all(share[first + 1 : last] >= NEARLY)
    ]


def _reach(frames: int) -> int:
    """Pixels that a thing may move from one visible frame to the next."""
    return min(FARTHEST, math.ceil(SPEED * frames))


def _shrinking(gaps: list[tuple[int, int]], size: tuple[int, ...]) -> int | None:
    """By how much pictures are shrunk before they are matched; None if that is too much work."""
    factor = 1
    while min(size) // factor >= SMALLEST:
        moves = sum((2 * math.ceil(_reach(b - a) / factor) + 1) ** 2 for a, b in gaps)
        if moves * math.prod(size) / factor**2 <= WORK:
            return factor
        factor *= 2
    return None if factor > 1 else 1


def _matches(one: np.ndarray, other: np.ndarray, reach: int, shrunk: int) -> tuple[Match, Match]:
    """Where the pixels of `one` (H, W, C) went in `other`, and the other way round."""
    size = one.shape[:2]
    pairs = ((one, other), (other, one))
    if shrunk == 1:
        shifts = _searched(one, other, reach)
    else:
        small = tuple(math.ceil(edge / shrunk) for edge in size)
        pictures = [resize(part, (*small, part.shape[-1]), anti_aliasing=True) for part in pairs[0]]
        found = _searched(pictures[0], pictures[1], math.ceil(reach / shrunk))
        shifts = [
            _refined(*pair, _enlarged(shift, size), shrunk)
            for shift, pair in zip(found, pairs, strict=True)
        ]
    there, back = (
        _judged(*pair, *order) for pair, order in zip(pairs, (shifts, shifts[::-1]), strict=True)
    )
    return there, back


def _judged(one: np.ndarray, other: np.ndarray, shift: np.ndarray, back: np.ndarray) -> Match:
    """Weigh the shifts of a frame; those that do not lead back are of what is hidden in `other`.

    What is hidden there stays where it is, and counts only where nothing else arrives.
    """
    height, width = one.shape[:2]
    rows, columns = np.mgrid[:height, :width] + np.rint(shift).astype(int)
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    leads_back = np.hypot(*(shift + back[:, rows, columns])) <= RETURNS
    apart = np.abs(one - other[rows, columns]).mean(axis=-1)
    overtaking = (1 + np.hypot(*shift)) ** OVERTAKING
    weight = np.where(leads_back, overtaking * np.exp(-apart / FITTING), 0) + HIDDEN
    return Match(np.where(leads_back, shift, np.float32(0)), weight)


def _searched(one: np.ndarray, other: np.ndarray, reach: int) -> list[np.ndarray]:
    """Compare blocks at all shifts up to `reach` pixels; the best of each pixel, both ways."""
    height, width = one.shape[:2]
    reach = min(reach, height - 1, width - 1)
    across = np.arange(-reach, reach + 1)
    best = np.full((2, height, width), np.inf, np.float32)
    chosen = np.zeros((2, 2, height, width), np.float32)
    padded = np.pad(other, ((reach, reach), (reach, reach), (0, 0)), constant_values=np.inf)
    for down in range(-reach, reach + 1):
        rows = slice(reach + down, reach + down + height)
        windows = np.lib.stride_tricks.sliding_window_view(padded[rows], width, axis=1)
        apart = np.zeros((len(across), height, width), np.float32)
        for channel in range(one.shape[-1]):
            shifted = np.moveaxis(windows[:, :, channel], 1, 0)
            apart += np.abs(one[..., channel] - shifted)
        apart /= one.shape[-1]
        outside = ~np.isfinite(apart)
        apart[outside] = 255
        apart = uniform_filter(apart, (0, BLOCK, BLOCK), mode="nearest")
        apart += EFFORT * np.hypot(down, across)[:, np.newaxis, np.newaxis].astype(np.float32)
        apart[outside] = np.inf
        _kept(apart, best[0], chosen[0], down, across)
        # The same comparisons, seen from the other frame.
        back = np.full_like(apart, np.inf)
        target = slice(max(0, down), height + min(0, down))
        source = slice(max(0, -down), height - max(0, down))
        for number, shift in enumerate(across):
            to = slice(max(0, shift), width + min(0, shift))
            come = slice(max(0, -shift), width - max(0, shift))
            back[number, target, to] = apart[number, source, come]
        _kept(back, best[1], chosen[1], -down, -across)
    return list(chosen)


def _kept(
    apart: np.ndarray, best: np.ndarray, chosen: np.ndarray, down: int, across: np.ndarray
) -> None:
    """Keep, at each pixel, the best of the shifts (n, H, W) if it is better than before."""
    number = apart.argmin(axis=0)
    lowest = np.take_along_axis(apart, number[np.newaxis], axis=0)[0]
    better = lowest < best
    best[better] = lowest[better]
    chosen[0][better] = down
    chosen[1][better] = across[number][better]


def _enlarged(shift: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """The shifts (2, H, W) of a shrunk picture, at its full size and in its pixels."""
    small = shift.shape[1:]
    rows, columns = (
        np.minimum(np.arange(edge) * few // edge, few - 1)
        for edge, few in zip(size, small, strict=True)
    )
    ratio = np.array([edge / few for edge, few in zip(size, small, strict=True)], np.float32)
    return shift[:, rows][:, :, columns] * ratio[:, np.newaxis, np.newaxis]


def _refined(one: np.ndarray, other: np.ndarray, shift: np.ndarray, by: int) -> np.ndarray:
    """Look for better shifts up to `by` pixels around those that are given."""
    height, width = one.shape[:2]
    y, x = np.mgrid[:height, :width]
    start = np.rint(shift).astype(int)
    best = np.full((height, width), np.inf, np.float32)
    chosen = np.zeros((2, height, width), np.float32)
    for down in range(-by, by + 1):
        for across in range(-by, by + 1):
            rows, columns = start[0] + down, start[1] + across
            inside = (y + rows >= 0) & (y + rows < height) & (x + columns >= 0)
            inside &= x + columns < width
            there = other[np.clip(y + rows, 0, height - 1), np.clip(x + columns, 0, width - 1)]
            apart = uniform_filter(np.abs(one - there).mean(axis=-1), BLOCK, mode="nearest")
            apart = apart + np.float32(EFFORT) * np.hypot(rows, columns)
            better = inside & (apart < best)
            best[better] = apart[better]
            chosen[0][better], chosen[1][better] = rows[better], columns[better]
    return chosen


def _on_the_way(
    one: np.ndarray, other: np.ndarray, there: Match, back: Match, share: float, plain: np.ndarray
) -> np.ndarray:
    """The picture (H, W, C) at `share` 0 … 1 of the way; `plain` where nothing arrives."""
    total = np.zeros((math.prod(one.shape[:2]), one.shape[-1] + 1))
    for picture, match, part, nearness in (
        (one, there, share, 1 - share), (other, back, 1 - share, share)
    ):
        _put(total, picture, match.weight * nearness, part * match.shift)
    weight = total[:, -1:]
    arrived = total[:, :-1] / np.maximum(weight, 1e-300)
    made = np.where(weight > ARRIVED, arrived, plain.reshape(-1, plain.shape[-1]))
    return np.asarray(made.reshape(plain.shape), np.float32)


def _put(total: np.ndarray, picture: np.ndarray, weight: np.ndarray, shift: np.ndarray) -> None:
    """Add the pixels of a picture (H, W, C), shifted, to the four pixels that each lies between."""
    height, width = weight.shape
    values = np.dstack([picture, np.ones_like(weight)]).reshape(-1, total.shape[-1])
    places = np.mgrid[:height, :width] + shift
    corner = np.floor(places).astype(int)
    beyond = places - corner
    for down in (0, 1):
        for across in (0, 1):
            rows, columns = corner[0] + down, corner[1] + across
            near = np.abs(1 - down - beyond[0]) * np.abs(1 - across - beyond[1]) * weight
            near = near * ((rows >= 0) & (rows < height) & (columns >= 0) & (columns < width))
            index = (np.clip(rows, 0, height - 1) * width + np.clip(columns, 0, width - 1)).ravel()
            for column in range(total.shape[-1]):
                total[:, column] += np.bincount(
                    index, near.ravel() * values[:, column], len(total)
                )
