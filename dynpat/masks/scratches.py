"""Find scratches and dust: thin lines and small specks that are in one frame only.

A pixel of a frame is suspected if its grey level lies outside of all that is around it in the
frame before and in the one after. Textures in motion have such pixels, too; so what is connected
to it must be a thin upright line or a small speck, must stand out far more than its surroundings
change, and neither neighbour may have anything as thin and as strong nearby. That leaves out dust
on fast flames, and glints as small as three pixels: what is found is damage, but not all damage is
found. The first and the last frame have one neighbour only, where nothing tells damage from motion.

Frames are float32 grey levels (H, W), with dark damage made light by their sign.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

CLEAR = 20.0  # grey levels by which a pixel must lie outside of what is around it
FAINT = 8.0  # and by which pixels that belong to it must differ from the same place
REACH = 2  # number of pixels by which things may move between frames
GROWTH = 4  # number of pixels by which a suspected pixel may grow
SPECK = 10  # longest side of a speck, in pixels
SMALLEST = 4  # number of pixels of a speck
LINE = 12  # height of the shortest line
THIN = 4.0  # the largest mean width of a line
UPRIGHT = 3  # how much higher than wide a line is
AROUND = 13  # side of the square of surroundings
KNOWN = 0.2  # share of the surroundings that is not suspected
ELSEWHERE = 8  # how many pixels away the neighbours may have something alike
THING = 7  # side, in pixels, below which something counts as thin
# By how many times the change of its surroundings something stands out, and by how many times the
# contrast of the thin things in the neighbours. Lines are told by their shape as well.
OUT_OF_SPECK, OUT_OF_LINE = 8.0, 4.0
ABOVE_SPECK, ABOVE_LINE = 1.2, 0.8


@dataclass(frozen=True)
class _Look:
    """A frame as its neighbours are compared with it.

    Attributes
    ----------
    levels : ndarray
        The frame, (H, W) float32.
    highest : ndarray
        The highest level within `REACH` pixels, (H, W).
    thin : ndarray
        The contrast of what is thinner than `THING`, (H, W).
    thinnest : ndarray
        The highest of these contrasts within `ELSEWHERE` pixels, (H, W).
    """

    levels: np.ndarray
    highest: np.ndarray
    thin: np.ndarray
    thinnest: np.ndarray


def find_scratches(video: np.ndarray) -> np.ndarray:
    """Find scratches and dust, with a rim of one pixel.

    Parameters
    ----------
    video : ndarray
        Grey levels `uint8` (T, H, W, C).

    Returns
    -------
    ndarray
        `bool` (T, H, W), True where a pixel is scratched; never in the first and last frame.
    """
    found = np.zeros(video.shape[:3], np.bool_)
    for sign in (1, -1):
        for number, (before, now, after) in enumerate(_triples(video, sign), 1):
            found[number] |= _spots(before, now, after)
    return np.asarray(ndimage.binary_dilation(found, _square(3)[np.newaxis]))


def _triples(video: np.ndarray, sign: int) -> Iterator[tuple[_Look, _Look, _Look]]:
    """Yield each frame that has two neighbours, between them; three are in memory at a time."""
    looks: list[_Look] = []
    for frame in video:
        levels = np.float32(sign) * frame.mean(axis=-1, dtype=np.float32)
        thin = levels - ndimage.grey_opening(levels, size=(THING, THING))
        looks.append(_Look(
            levels, ndimage.maximum_filter(levels, 2 * REACH + 1), thin,
            ndimage.maximum_filter(thin, 2 * ELSEWHERE + 1),
        ))
        if len(looks) == 3:
            yield looks[0], looks[1], looks[2]
            del looks[0]


def _spots(before: _Look, now: _Look, after: _Look) -> np.ndarray:
    """Return where one frame has light scratches and specks, (H, W) bool."""
    suspected = now.levels - np.maximum(before.highest, after.highest) > CLEAR
    if not suspected.any():
        return suspected
    above = now.levels - np.maximum(before.levels, after.levels)
    grown = ndimage.binary_dilation(suspected, _square(3), GROWTH, mask=above > FAINT)
    labels, count = ndimage.label(grown, _square(3))
    numbers = np.arange(1, count + 1)
    specks, lines = _shapes(labels)
    changed = _change(before, now, after, grown)
    out, above_all = (np.where(lines, of_line, of_speck) for of_line, of_speck in (
        (OUT_OF_LINE, OUT_OF_SPECK), (ABOVE_LINE, ABOVE_SPECK)
    ))
    elsewhere = np.maximum(before.thinnest, after.thinnest)
    kept = (
        (specks | lines)
        & (ndimage.maximum(above, labels, numbers)
           > out * ndimage.mean(changed, labels, numbers))
        & (ndimage.maximum(now.thin, labels, numbers)
           > above_all * ndimage.mean(elsewhere, labels, numbers))
    )  # fmt: skip
    return np.concatenate([[False], kept])[labels]


def _shapes(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which of the labelled things are specks, and which are upright lines."""
    areas = np.bincount(labels.ravel())[1:]
    places = ndimage.find_objects(labels)
    sides = np.array([(rows.stop - rows.start, columns.stop - columns.start)
                      for rows, columns in places])
    height, width = sides[:, 0], sides[:, 1]
    lines = (height >= LINE) & (height >= UPRIGHT * width) & (areas <= THIN * height)
    specks = (sides.max(axis=1) <= SPECK) & (areas >= SMALLEST)
    return specks, lines


def _change(before: _Look, now: _Look, after: _Look, grown: np.ndarray) -> np.ndarray:
    """Return how much the surroundings differ from the mean of both neighbours, (H, W).

    Suspected pixels do not count; where nearly all are suspected, it is infinite.
    """
    known = ~ndimage.binary_dilation(grown, _square(5))
    change = np.abs(now.levels - (before.levels + after.levels) / 2)
    share = ndimage.uniform_filter(known.astype(np.float32), AROUND)
    total = ndimage.uniform_filter(np.where(known, change, 0), AROUND)
    return np.asarray(np.where(share < KNOWN, np.inf, total / np.maximum(share, KNOWN)))


def _square(side: int) -> np.ndarray:
    return np.ones((side, side), np.bool_)
