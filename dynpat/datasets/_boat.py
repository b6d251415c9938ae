"""A boat that crosses the ocean and hides a part of it, with the truth behind it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dynpat import seeds
from dynpat.datasets._common import (
    Array,
    Video,
    check_options,
    cover,
    grid,
    noise_tile,
    paint,
    sample_tile,
    smoothstep,
    to_bytes,
)
from dynpat.datasets._ocean import ocean

Mask = npt.NDArray[np.bool_]

_LONG = 0.36  # length of the boat as a part of the short side of the frame
_BEAM = 0.14  # its width, likewise
_WAKE = 0.30  # length of the foam behind it, likewise
_MARGIN = 1.5  # pixels by which the mask is larger than what is painted


class BoatScene(NamedTuple):
    """A video with a boat, where the boat is, and the ocean without it.

    Attributes
    ----------
    video : ndarray of uint8, shape (T, H, W, 3)
        The ocean with the boat on it.
    mask : ndarray of bool, shape (T, H, W)
        True where the boat, its shadow or its foam may hide the ocean; elsewhere `video` equals
        `truth` exactly.
    truth : ndarray of uint8, shape (T, H, W, 3)
        The ocean alone.
    """

    video: Video
    mask: Mask
    truth: Video


class _Pose(NamedTuple):
    """Where the boat is: its middle in pixels, and its heading in radians (0 is to the right)."""

    row: float
    column: float
    heading: float


class _Course(NamedTuple):
    """What a seed decides: the line of the boat, how it rocks, and its colours."""

    row: float
    slant: float
    leftward: bool
    phase: float
    hull: Array
    deck: Array
    cabin: Array
    foam: Array


def _draw_course(rng: np.random.Generator) -> _Course:
    """Draw the course, the colours and the texture of the foam."""
    hulls = np.array([[0.80, 0.16, 0.12], [0.94, 0.93, 0.90], [0.16, 0.22, 0.38]])
    return _Course(
        row=rng.uniform(0.38, 0.62),
        slant=rng.uniform(-0.18, 0.18),
        leftward=bool(rng.integers(2)),
        phase=rng.uniform(0.0, 2.0 * np.pi),
        hull=hulls[rng.integers(3)],
        deck=np.array([0.72, 0.55, 0.36]) * rng.uniform(0.85, 1.1),
        cabin=np.array([0.96, 0.95, 0.92]),
        foam=noise_tile(rng, 128, 5.0),
    )


def _pose(course: _Course, index: int, frames: int, height: int, width: int) -> _Pose:
    """Return the pose at a frame.

    The boat goes from one side to the other. Its middle starts at one edge and ends beyond the
    other, so that what it and its foam cover in the first frame is free in the last one.
    """
    unit = float(min(height, width))
    part = index / (frames - 1) if frames > 1 else 0.5
    reach = width + 0.5 * _LONG * unit
    along = part * reach
    wave = course.phase + 0.11 * index
    offset = course.slant * (along - 0.5 * width) + 0.008 * unit * np.sin(1.3 * wave)
    heading = np.arctan(course.slant) + 0.035 * np.sin(wave)
    column = width - along if course.leftward else along
    return _Pose(
        course.row * height + offset, column, np.pi - heading if course.leftward else heading
    )


class _Boat:
    """Paints a boat, seen from above, over a frame."""

    def __init__(self, course: _Course, height: int, width: int) -> None:
        self._course = course
        self._rows, self._columns = grid(height, width)
        self._unit = float(min(height, width))

    def _own(self, pose: _Pose, shift: float = 0.0) -> tuple[Array, Array]:
        """Return how far ahead of the middle and beside it each pixel lies, in units; (H, W).

        `shift` moves the boat to the lower right, which is where its shadow falls.
        """
        down = (self._rows - pose.row) / self._unit - shift
        right = (self._columns - pose.column) / self._unit - shift
        ahead = right * np.cos(pose.heading) + down * np.sin(pose.heading)
        beside = down * np.cos(pose.heading) - right * np.sin(pose.heading)
        return ahead, beside

    def _outline(self, ahead: Array, beside: Array, inset: float) -> Array:
        """Return the distance in pixels to a hull with a sharp bow; (H, W)."""
        part = np.clip(ahead / _LONG + 0.5, 0.0, 1.0)
        half = 0.5 * _BEAM * np.clip(1.0 - np.clip((part - 0.45) / 0.55, 0.0, 1.0) ** 2.2, 0.0, 1.0)
        half = half * (0.80 + 0.20 * smoothstep(0.0, 0.35, part))
        # the sides slope at the bow: this factor turns the offset beside into a distance
        side = (np.abs(beside) - half) * np.where(part > 0.6, 0.82, 1.0)
        ends = np.abs(ahead) - 0.5 * _LONG
        return np.asarray((np.maximum(side, ends) + inset) * self._unit)

    def _box(self, ahead: Array, beside: Array, middle: float, half: tuple[float, float]) -> Array:
        """Return the coverage of a rounded box around a point of the middle line; (H, W)."""
        off = np.abs(ahead - middle) - half[0], np.abs(beside) - half[1]
        return cover((np.hypot(np.maximum(off[0], 0), np.maximum(off[1], 0)) - 0.012) * self._unit)

    def _foam(self, ahead: Array, beside: Array) -> tuple[Array, Mask]:
        """Return the opacity of the foam and where it may lie; (H, W) each."""
        behind = -(ahead + 0.42 * _LONG) / _WAKE
        spread = 0.40 * _BEAM + 0.085 * np.clip(behind, 0.0, 1.0)
        inside = (behind > 0.0) & (behind < 1.0) & (np.abs(beside) < spread)
        across = np.clip(np.abs(beside) / spread, 0.0, 1.0)
        tile = self._course.foam
        # the foam stays where it is in the water while the boat moves on
        grain = sample_tile(tile, self._rows / self._unit * 120, self._columns / self._unit * 120)
        arms = 0.45 + 0.75 * across**2 - 1.2 * np.clip(across - 0.8, 0.0, None) * 5.0
        strength = np.clip(1.0 - behind, 0.0, 1.0) ** 0.8 * np.clip(arms, 0.0, 1.0)
        opacity = strength * smoothstep(-0.7, 1.1, grain + 1.6 * strength - 0.6)
        return np.asarray(np.where(inside, opacity, 0.0)), inside

    def paint(self, image: Array, pose: _Pose) -> Mask:
        """Paint the boat over `image` (H, W, 3), in place; return where it may have painted."""
        course = self._course
        ahead, beside = self._own(pose)
        shadow = self._outline(*self._own(pose, 0.028), 0.0)
        hull = self._outline(ahead, beside, 0.0)
        foam, wake = self._foam(ahead, beside)
        paint(image, foam, (0.90, 0.95, 0.96))
        paint(image, 0.50 * cover(shadow), (0.01, 0.04, 0.06))
        paint(image, cover(hull), course.hull)
        plank = 0.92 + 0.08 * np.cos(beside * 2.0 * np.pi / 0.022)
        paint(image, cover(self._outline(ahead, beside, 0.014)), course.deck * plank[..., None])
        dark = np.array([0.14, 0.13, 0.14])
        paint(image, self._box(ahead, beside, -0.125, (0.012, 0.018)), dark)
        light = (1.0 - 0.10 * np.sign(beside) * smoothstep(0.0, 0.02, np.abs(beside)))[..., None]
        paint(image, 0.45 * self._box(ahead - 0.012, beside - 0.012, -0.01, (0.055, 0.026)), dark)
        paint(image, self._box(ahead, beside, -0.01, (0.055, 0.026)), course.cabin * light)
        paint(image, self._box(ahead, beside, 0.042, (0.002, 0.020)), (0.18, 0.30, 0.38))
        return np.asarray((np.minimum(hull, shadow) < _MARGIN) | wake)


def boat(frames: int = 70, size: tuple[int, int] = (100, 100), seed: int = 0) -> BoatScene:
    """Render a boat that crosses the ocean.

    The boat is in the frame all the time and goes from one side to the other; with two frames or
    more each pixel of the ocean is free of it in some frame.

    Parameters
    ----------
    frames : int
        Number of frames T, at 25 frames a second; at least 1.
    size : tuple of int
        Height and width (H, W) in pixels, each at least 8.
    seed : int
        Seed of the ocean (the same as `ocean` with this seed), the course and the colours.

    Returns
    -------
    BoatScene
        The video, the mask of the boat with its shadow and foam, and the ocean behind it.

    Raises
    ------
    BadOptionError
        If the frames, the size or the seed is out of range.
    """
    frames, height, width, seed = check_options(frames, size, seed)
    truth = ocean(frames, (height, width), seed)
    # a stream of its own: the ocean has used up the one of the bare seed
    course = _draw_course(np.random.default_rng(seeds.course(seed)))
    painter = _Boat(course, height, width)
    video = truth.copy()
    mask = np.zeros(truth.shape[:3], dtype=np.bool_)
    for index in range(frames):
        image = truth[index] / 255.0
        mask[index] = painter.paint(image, _pose(course, index, frames, height, width))
        video[index][mask[index]] = to_bytes(image)[mask[index]]
    return BoatScene(video, mask, truth)
