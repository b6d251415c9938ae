"""What a video looks like: its cuts, a camera that moves, and the pattern that it resembles.

The thresholds separate real clips (fires, lights, lakes, fountains, animals) and the embedded
videos from the same with a cut, a pan of half a pixel a frame, or a trembling hand.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

MOST_FRAMES, SIDE = 200, 64  # only so many frames are looked at, shrunk to about this longest side
EITHER_SIDE = 6  # number of frames before and after a cut that are compared
CUT = 1.6  # a cut changes the picture so many times more than any frame around it does
LASTS = 0.75  # the least share of the change that is still there in the frames after a cut
LEAST_CHANGE = 2.0  # grey levels by which a cut changes a pixel on average
BLOCK = 8  # pixels on a side of the blocks whose means and deviations tell one place from another
STILL = 4.0  # grey levels; what deviates less over time stands still
PLACES, UNLIKE, RESTING = 0.35, 0.5, 0.1  # what is below all three is alike everywhere
BACKGROUND = 0.25  # the least share of still pixels of a static background
STANDS = 0.5  # if more of the pixels stand still, so does the camera
RETURNS = 1.7  # a clip returns if its end differs from its beginning at most so much more
REACH = 4  # pixels of the shrunk picture on each side in which a shift is looked for
PARTS = 5  # number of parts on each side of the picture whose shifts must agree
TEXTURED = 4.0  # variance in squared grey levels above which a part shows how it moves
FEWEST_PARTS = 7  # number of textured parts below which no movement of the picture is seen
EXPLAINED = 0.7  # a shift explains a part if it leaves at most this share of its change
# Frames apart, and the least share of such pairs in which one shift explains half of the parts.
MOVING = {3: 0.2, 9: 0.45}
PAIRS = 16  # number of pairs of frames that are compared


@dataclass(frozen=True)
class Look:
    """What a video looks like.

    Attributes
    ----------
    cuts : tuple of int
        The number of the first frame after each cut, counted from 0.
    shift : float
        The pixels by which the whole picture moves from frame to frame; 0 if it stands.
    still : float
        The share of pixels that stand still, 0 to 1.
    alike : bool
        Whether all places look alike over time, as those of a texture do.
    drift : float
        How much the last frames differ from the first, over how much near frames differ: about 1
        for a video that returns to what it showed.
    """

    cuts: tuple[int, ...]
    shift: float
    still: float
    alike: bool
    drift: float


def look_at(frames: np.ndarray) -> Look:
    """Measure what a video looks like, in well below a second.

    Parameters
    ----------
    frames : ndarray
        The video (T, H, W, C), grey levels 0 to 255.

    Returns
    -------
    Look
        What it looks like. A video of few frames or pixels has no cut and no shift.
    """
    seen = frames[:MOST_FRAMES]
    shrunk = min(max(1, round(max(seen.shape[1:3]) / SIDE)), *seen.shape[1:3])
    small = _shrunk(seen, shrunk)
    grey = small.mean(axis=-1)
    still, alike = _over_time(seen[:, ::shrunk, ::shrunk].astype(np.float32))
    cuts = _cuts(grey)
    shift = 0.0 if cuts or still > STANDS else shrunk * _shift(grey)
    return Look(cuts, shift, still, alike, _drift(grey))


def _shrunk(video: np.ndarray, times: int) -> np.ndarray:
    """Return means over squares of `times` pixels, float32."""
    count, height, width, channels = video.shape
    high, wide = height // times, width // times
    parts = video[:, : high * times, : wide * times].reshape(
        count, high, times, wide, times, channels
    )
    return parts.mean(axis=(2, 4), dtype=np.float32)


def _cuts(grey: np.ndarray) -> tuple[int, ...]:
    """Return the frames from which on a video (T, H, W) is another one.

    A flash changes as much as a cut, but what was before it comes back.
    """
    changes = np.abs(np.diff(grey, axis=0)).mean(axis=(1, 2))
    found = []
    for at in range(2, len(grey) - 1):
        change = changes[at - 1]
        around = np.delete(changes, at - 1)[max(0, at - 1 - EITHER_SIDE) : at - 1 + EITHER_SIDE]
        if change < LEAST_CHANGE or change < CUT * around.max():
            continue
        before, after = grey[max(0, at - EITHER_SIDE) : at], grey[at : at + EITHER_SIDE]
        if np.abs(after.mean(axis=0) - before.mean(axis=0)).mean() > LASTS * change:
            found.append(at)
    return tuple(found)


def _over_time(video: np.ndarray) -> tuple[float, bool]:
    """Return the share of pixels that stand still, and whether all places look alike."""
    deviation = video.std(axis=0).mean(axis=-1)
    still = float((deviation < STILL).mean())
    within = float(video.var(axis=0).mean())
    if min(deviation.shape) < 2 * BLOCK or not within:
        return still, False
    between = float(_blocks(video.mean(axis=0)).var(axis=(0, 1)).mean())
    deviations = _blocks(deviation[..., None])
    unlike = float(deviations.std() / deviations.mean())
    alike = between < PLACES * (between + within) and unlike < UNLIKE and still < RESTING
    return still, alike


def _blocks(picture: np.ndarray) -> np.ndarray:
    """Return means of blocks of a picture (H, W, C)."""
    return _shrunk(picture[None], BLOCK)[0]


def _drift(grey: np.ndarray) -> float:
    """Return how far a video's end (T, H, W) is from its beginning, over how far near frames are.

    Near frames are an eighth to a quarter of the video apart.
    """
    count = len(grey)
    if count < 8:
        return 1.0
    flat = grey.reshape(count, -1)
    squares = np.sum(flat**2, axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares - 2 * flat @ flat.T, 0))
    lag = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    near = apart[(lag >= count // 8) & (lag <= count // 4)].mean()
    ends = apart[: count // 6 + 1, -(count // 6) - 1 :].mean()
    return float(ends / near) if near else 1.0


def _shift(grey: np.ndarray) -> float:
    """Return by how many pixels a frame a picture (T, H, W) moves as a whole; 0 if it does not."""
    for apart, share in MOVING.items():
        count = len(grey) - apart
        if count < 2 * apart or min(grey.shape[1:]) < 2 * REACH + 2 * PARTS:
            continue
        times = np.unique(np.linspace(0, count - 1, PAIRS).astype(int))
        shifts = [_common_shift(grey[time], grey[time + apart]) for time in times]
        moving = [shift for shift in shifts if shift]
        if len(moving) >= share * len(times):
            return float(np.mean(moving)) / apart
    return 0.0


def _common_shift(before: np.ndarray, after: np.ndarray) -> float:
    """Return the length of the shift that explains most parts of a picture; 0 if there is none."""
    high, wide = (PARTS * ((side - 2 * REACH) // PARTS) for side in before.shape)
    inner = before[REACH : REACH + high, REACH : REACH + wide]
    textured = _of_parts(inner**2) - _of_parts(inner) ** 2 > TEXTURED
    if textured.sum() < FEWEST_PARTS:
        return 0.0
    steps = list(itertools.product(range(-REACH, REACH + 1), repeat=2))
    errors = np.array([
        _of_parts((inner - after[REACH + y : REACH + y + high, REACH + x : REACH + x + wide]) ** 2)
        for y, x in steps
    ])[:, textured]
    # Each part counts alike, and the median leaves out those that change by themselves.
    best = int(np.median(errors / (errors.mean(axis=0) + 1), axis=1).argmin())
    explained = np.mean(errors[best] < EXPLAINED * errors[steps.index((0, 0))])
    return math.hypot(*steps[best]) if explained > 0.5 else 0.0


def _of_parts(picture: np.ndarray) -> np.ndarray:
    """Return the mean of each of `PARTS` times `PARTS` equal parts of a picture (H, W)."""
    high, wide = (side // PARTS for side in picture.shape)
    return picture.reshape(PARTS, high, PARTS, wide).mean(axis=(1, 3))
