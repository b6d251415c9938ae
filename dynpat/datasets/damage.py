"""Damage a complete video as films and transmissions are damaged, and tell what was damaged.

    damaged = damage(ocean(70), "scratches", seed=0)
    damaged.video, damaged.mask

Each kind of `DAMAGES` is a recipe that draws from a seed: `frozen` frames repeat the one before,
`black` frames were lost, `flicker` is a wrong brightness of single frames, `scratches` are thin
vertical lines and `dust` are specks, in one frame each; a `logo` stands in every frame and a
`subtitle` in some of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dynpat import seeds
from dynpat.datasets._common import Array, Video, capsule, cover, grid
from dynpat.errors import BadOptionError

SHARE = 0.1  # of the frames that are frozen, black, flickering or scratched
FEWEST = 6  # frames of a video that can be damaged
LONGEST = 3  # the most frames of a run that is frozen or black
DARK, LIGHT = 12.0, 243.0  # grey levels of scratches and dust
SPECKS = 3.0 / 100**2  # mean number of specks in a frame, for each of its pixels
FEWEST_SPECKS = 0.5  # and in a small frame
_TOUCHED = 1 / 64  # with less coverage a pixel counts as not painted
_GLYPH = (5, 3)  # height and width of a letter, in strokes


@dataclass(frozen=True)
class Damaged:
    """A damaged video, and where it is damaged.

    Attributes
    ----------
    video : ndarray of uint8, shape (T, H, W, C)
        The damaged video, grey levels 0..255.
    mask : ndarray of bool, shape (T, H, W)
        True where the recipe painted; whole frames if these were lost or changed.
    """

    video: Video
    mask: np.ndarray


def damage(video: Video, kind: str, seed: int = 0) -> Damaged:
    """Damage a complete video.

    The first and the last frame are never frozen, black or flickering, and between two runs of such
    frames at least two are whole.

    Parameters
    ----------
    video : ndarray of uint8, shape (T, H, W, C)
        The complete video, at least 6 frames; it is not changed.
    kind : str
        One of `DAMAGES`.
    seed : int
        Seed of everything random; the same seed gives the same bytes.

    Returns
    -------
    Damaged
        The damaged video and its mask.

    Raises
    ------
    BadOptionError
        If the kind is unknown, or the video has too few frames.
    """
    if kind not in _RECIPES:
        raise BadOptionError(
            f"there is no damage called {kind!r}: choose one of {', '.join(DAMAGES)}"
        )
    if len(video) < FEWEST:
        raise BadOptionError(
            f"a video to damage must have at least {FEWEST} frames, got {len(video)}: "
            "give a longer one"
        )
    return _RECIPES[kind](video, np.random.default_rng(seeds.damage(seed)))


# Whole frames.


def _runs(frames: int, rng: np.random.Generator) -> np.ndarray:
    """Draw runs of 1 to 3 frames, apart from each other and from the ends; (T,) bool."""
    wanted, chosen = max(1, round(SHARE * frames)), np.zeros(frames, np.bool_)
    for first in rng.permutation(np.arange(2, frames - 2)):
        length = min(int(rng.integers(1, LONGEST, endpoint=True)), wanted, frames - 2 - first)
        if not chosen[first - 2 : first + length + 2].any():
            chosen[first : first + length] = True
            wanted -= length
        if wanted == 0:
            break
    return chosen


def _whole(video: Video, chosen: np.ndarray) -> Damaged:
    mask = np.broadcast_to(chosen[:, np.newaxis, np.newaxis], video.shape[:3])
    return Damaged(video, mask.copy())


def _frozen(video: Video, rng: np.random.Generator) -> Damaged:
    chosen = _runs(len(video), rng)
    shown = np.maximum.accumulate(np.where(chosen, 0, np.arange(len(video))))
    return _whole(video[shown], chosen)


def _black(video: Video, rng: np.random.Generator) -> Damaged:
    """Frames of a receiver without signal: not quite 0, and a little noise."""
    chosen, made = _runs(len(video), rng), video.copy()
    made[chosen] = rng.integers(0, 5, (int(chosen.sum()), *video.shape[1:]))
    return _whole(made, chosen)


def _flicker(video: Video, rng: np.random.Generator) -> Damaged:
    """Single frames that were exposed by a quarter to a half too little or too much."""
    frames = len(video)
    places = 1 + 3 * rng.permutation((frames - 1) // 3)[: max(1, round(SHARE * frames))]
    gains = rng.choice([-1.0, 1.0], len(places)) * rng.uniform(0.25, 0.5, len(places)) + 1
    made, chosen = video.copy(), np.zeros(frames, np.bool_)
    chosen[places] = True
    for place, gain in zip(places, gains, strict=True):
        made[place] = np.clip(video[place] * gain, 0, 255).round()
    return _whole(made, chosen)


# Parts of frames.


def _painted(video: Video, paint: Callable[[int], list[tuple[Array, float]]]) -> Damaged:
    """Paint what `paint` returns for the number of a frame: coverages (H, W) and grey levels."""
    made, mask = video.copy(), np.zeros(video.shape[:3], np.bool_)
    for number, frame in enumerate(video):
        image = frame.astype(np.float64)
        for coverage, level in paint(number):
            image += coverage[..., np.newaxis] * (level - image)
            mask[number] |= coverage > _TOUCHED
        made[number] = np.where(mask[number][..., np.newaxis], image.round(), frame)
    return Damaged(made, mask)


def _scratches(video: Video, rng: np.random.Generator) -> Damaged:
    """In one of four frames a vertical line, 1 to 2 pixels wide, over half of the height."""
    frames, height, width = video.shape[:3]
    rows, columns = grid(height, width)
    scratched = rng.permutation(frames)[: max(1, round(frames / 4))]

    def line(number: int) -> list[tuple[Array, float]]:
        if number not in scratched:
            return []
        top, length = rng.uniform(-0.3, 0.5) * height, rng.uniform(0.5, 1.0) * height
        left, lean = rng.uniform(2, width - 2), rng.uniform(-0.02, 0.02) * height
        ends = (top, left), (top + length, left + lean)
        radius = rng.uniform(0.5, 1.0)
        drawn = cover(capsule(rows, columns, *ends, (radius, radius)))
        return [(drawn, float(rng.choice([DARK, LIGHT])))]

    return _painted(video, line)


def _dust(video: Video, rng: np.random.Generator) -> Damaged:
    """Short round-ended specks of a diameter of 2 to 4 pixels, about three in 100×100 pixels."""
    height, width = video.shape[1:3]
    rows, columns = grid(height, width)
    mean = max(FEWEST_SPECKS, SPECKS * height * width)

    def specks(_: int) -> list[tuple[Array, float]]:
        drawn = []
        for _ in range(rng.poisson(mean)):
            start = rng.uniform(0, height), rng.uniform(0, width)
            end = start[0] + rng.normal(0, 1), start[1] + rng.normal(0, 1)
            radius = rng.uniform(0.8, 2.0)
            shape = cover(capsule(rows, columns, start, end, (radius, 0.8 * radius)))
            drawn.append((shape, float(rng.choice([DARK, LIGHT]))))
        return drawn

    return _painted(video, specks)


def _logo(video: Video, _: np.random.Generator) -> Damaged:
    """A ring around a bar in the right upper corner, in every frame."""
    height, width = video.shape[1:3]
    rows, columns = grid(height, width)
    radius = 0.11 * min(height, width)
    middle = 1.6 * radius, width - 1.6 * radius
    ring = np.abs(np.hypot(rows - middle[0], columns - middle[1]) - radius) - 0.2 * radius
    ends = (middle[0], middle[1] - 0.4 * radius), (middle[0], middle[1] + 0.4 * radius)
    bar = capsule(rows, columns, *ends, (0.2 * radius, 0.2 * radius))
    drawn = cover(np.minimum(ring, bar))
    return _painted(video, lambda _: [(drawn, LIGHT)])


def _subtitle(video: Video, rng: np.random.Generator) -> Damaged:
    """A line of light letters with dark rims below, in the middle half of the frames."""
    frames, height, width = video.shape[:3]
    stroke = max(1, round(min(height, width) / 60))
    step = (_GLYPH[1] + 1) * stroke
    letters = max(1, int(0.8 * width) // step)
    line = np.zeros((height, width), np.bool_)
    top, left = height - (_GLYPH[0] + 2) * stroke, (width - letters * step) // 2
    for number in range(letters):
        glyph = np.kron(rng.random(_GLYPH) < 0.6, np.ones((stroke, stroke))) > 0
        place = left + number * step
        line[top : top + glyph.shape[0], place : place + glyph.shape[1]] = glyph
    around = np.pad(line, 1)
    rim = np.any([np.roll(around, (down, right), (0, 1)) for down in (-1, 0, 1)
                  for right in (-1, 0, 1)], axis=0)[1:-1, 1:-1]
    drawn = [(rim.astype(np.float64), DARK), (line.astype(np.float64), LIGHT)]
    shown = range(frames // 4, frames - frames // 4)
    return _painted(video, lambda number: drawn if number in shown else [])


_RECIPES: dict[str, Callable[[Video, np.random.Generator], Damaged]] = {
    "frozen": _frozen, "black": _black, "flicker": _flicker, "scratches": _scratches,
    "dust": _dust, "logo": _logo, "subtitle": _subtitle,
}  # fmt: skip

DAMAGES: tuple[str, ...] = tuple(_RECIPES)
