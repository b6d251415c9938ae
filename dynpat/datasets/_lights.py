"""Blinking lamps in a street at night: one theme, another scene for each seed."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from dynpat.datasets._common import (
    Array,
    Video,
    capsule,
    check_options,
    cover,
    grid,
    noise_tile,
    paint,
    sample_tile,
    smoothstep,
    to_bytes,
)

_STREET = 0.78  # where the street begins, as a part of the height of the frame
_COLOURS = np.array(
    [
        [1.00, 0.16, 0.10],
        [1.00, 0.55, 0.10],
        [1.00, 0.86, 0.42],
        [0.20, 0.95, 0.38],
        [0.15, 0.75, 1.00],
        [0.30, 0.38, 1.00],
        [1.00, 0.22, 0.75],
        [0.95, 0.95, 1.00],
    ]
)


class Lamp(NamedTuple):
    """A blinking lamp.

    `row` and `column` are parts (0..1) of the height and the width, `size` the radius of its core
    as a part of the short side, `colour` RGB in 0..1, `period` in frames, `phase` a part of the
    period, and `duty` the part of the period for which it is on.
    """

    row: float
    column: float
    size: float
    colour: Array
    period: float
    phase: float
    duty: float


def draw_lamps(rng: np.random.Generator) -> list[Lamp]:
    """Draw six to nine lamps that keep apart from each other."""
    count = int(rng.integers(6, 10))
    order = rng.permutation(len(_COLOURS))
    lamps: list[Lamp] = []
    # each draw is a candidate; crowding is given up step by step, so that the loop ends
    apart = 0.26
    while len(lamps) < count:
        row, column = rng.uniform(0.14, 0.68), rng.uniform(0.08, 0.92)
        if any(np.hypot(row - lamp.row, column - lamp.column) < apart for lamp in lamps):
            apart *= 0.99
            continue
        lamps.append(
            Lamp(
                row=row,
                column=column,
                size=rng.uniform(0.018, 0.030),
                colour=_COLOURS[order[len(lamps) % len(order)]],
                period=rng.uniform(14.0, 36.0),
                phase=rng.uniform(0.0, 1.0),
                duty=rng.uniform(0.35, 0.65),
            )
        )
    return lamps


def brightness(lamp: Lamp, frames: int) -> Array:
    """Return how bright the lamp is in each frame, 0..1, shape (T,)."""
    turn = np.arange(frames) / lamp.period + lamp.phase
    wave = np.cos(2.0 * np.pi * turn) - np.cos(np.pi * lamp.duty)
    return np.asarray(1.0 / (1.0 + np.exp(-7.0 * wave)))


def _halo(lamp: Lamp, height: int, width: int) -> Array:
    """Return the light that the lamp gives when it is on, shape (H, W, 3)."""
    rows, columns = grid(height, width)
    unit = float(min(height, width))
    across = (columns - lamp.column * width) / unit
    distance = np.hypot((rows - lamp.row * height) / unit, across)
    core = np.exp(-((distance / lamp.size) ** 4))
    glow = 0.55 * np.exp(-((distance / (2.6 * lamp.size)) ** 2))
    wide = 0.16 * np.exp(-distance / (4.5 * lamp.size))
    # the wet street mirrors the lamp as a long streak
    below = (rows - _STREET * height) / unit
    streak = np.exp(-((across / (1.5 * lamp.size)) ** 2)) * smoothstep(0.0, 0.03, below)
    ripple = 0.75 + 0.25 * np.sin(below * 130.0 + 40.0 * across + 6.0 * lamp.phase)
    streak = 0.34 * streak * np.exp(-np.clip(below, 0.0, None) / 0.14) * ripple
    light = (glow + wide + streak)[..., None] * lamp.colour
    return np.asarray(light + core[..., None] * (0.7 * lamp.colour + 0.9))


def _building(
    image: Array, rng: np.random.Generator, rows: Array, columns: Array, span: tuple[float, float]
) -> None:
    """Paint one house with its windows over `image` (H, W, 3), in place.

    `rows` and `columns` (H, W) are parts of the height and the width, `span` holds the left and
    the right edge of the house.
    """
    top = rng.uniform(0.10, 0.46)
    tone = rng.uniform(0.05, 0.10) * (np.array([0.8, 0.9, 1.2]) + rng.uniform(-0.1, 0.1, 3))
    inside = (columns >= span[0]) & (columns < span[1]) & (rows >= top) & (rows < _STREET)
    floors, files = int(rng.integers(5, 9)), int(rng.integers(3, 5))
    floor = (rows - top) / (_STREET - top) * floors
    file = (columns - span[0]) / (span[1] - span[0]) * files
    window = (np.abs(floor % 1.0 - 0.5) < 0.27) & (np.abs(file % 1.0 - 0.5) < 0.24) & inside
    lit = rng.uniform(0.0, 1.0, (floors, files))
    at_floor = np.clip(floor.astype(int), 0, floors - 1)
    at_file = np.clip(file.astype(int), 0, files - 1)
    glow = lit[at_floor, at_file]
    image[inside] = tone * (1.15 - 0.35 * rows[inside])[:, None]
    image[window] = tone * 0.45
    warm = window & (glow > 0.74)
    image[warm] = np.array([0.34, 0.24, 0.11]) * (glow[warm] - 0.4)[:, None]


def _pole(image: Array, lamp: Lamp) -> None:
    """Paint the pole that carries a lamp over `image` (H, W, 3), in place."""
    height, width = image.shape[:2]
    rows, columns = grid(height, width)
    unit = float(min(height, width))
    pole = capsule(
        rows,
        columns,
        (lamp.row * height, lamp.column * width),
        ((_STREET + 0.03) * height, lamp.column * width),
        (0.004 * unit, 0.007 * unit),
    )
    paint(image, 0.85 * cover(pole), (0.105, 0.105, 0.125))


def _background(rng: np.random.Generator, height: int, width: int) -> Array:
    """Paint the night sky, a row of houses and the street; shape (H, W, 3)."""
    rows, columns = grid(height, width)
    down, right = rows / height, columns / width
    haze = noise_tile(rng, 64, 24.0)
    cloud = sample_tile(haze, down * 60.0, right * 60.0)[..., None]
    low = np.array([0.085, 0.070, 0.120])
    high = np.array([0.012, 0.018, 0.045])
    image = high + (low - high) * down[..., None] + 0.006 * cloud
    edges = np.cumsum(rng.uniform(0.16, 0.30, 8)) - rng.uniform(0.05, 0.25)
    edges = np.concatenate([[edges[0] - 0.3], edges])
    for left, end in pairwise(edges):
        _building(image, rng, down, right, (float(left), float(end)))
    street = smoothstep(_STREET - 0.004, _STREET + 0.004, down)[..., None]
    asphalt = np.array([0.030, 0.032, 0.042]) * (1.0 + 0.25 * cloud)
    asphalt = asphalt + 0.03 * np.exp(-np.clip(down - _STREET, 0.0, None) / 0.02)[..., None]
    return np.asarray(image + street * (asphalt - image))


def lights(frames: int = 70, size: tuple[int, int] = (100, 100), seed: int = 0) -> Video:
    """Render lamps that blink in a street at night, each with its own period and phase.

    Parameters
    ----------
    frames : int
        Number of frames T, at 25 frames a second; at least 1.
    size : tuple of int
        Height and width (H, W) in pixels, each at least 8.
    seed : int
        Seed of the lamps (places, colours, periods, phases) and of the houses.

    Returns
    -------
    ndarray of uint8, shape (T, H, W, 3)
        RGB frames, grey levels 0..255.

    Raises
    ------
    BadOptionError
        If the frames, the size or the seed is out of range.
    """
    frames, height, width, seed = check_options(frames, size, seed)
    rng = np.random.default_rng(seed)
    lamps = draw_lamps(rng)
    background = _background(rng, height, width)
    for lamp in lamps:
        _pole(background, lamp)
    halos = np.stack([_halo(lamp, height, width) for lamp in lamps])
    levels = np.stack([brightness(lamp, frames) for lamp in lamps], axis=1)
    video = np.empty((frames, height, width, 3), dtype=np.uint8)
    for index in range(frames):
        light = background + np.tensordot(levels[index], halos, axes=1)
        # film-like: lamps burn out softly instead of clipping
        video[index] = to_bytes(1.0 - np.exp(-1.55 * light))
    return video
