"""A figure that runs in place, seen from the side: a movement that repeats."""

from __future__ import annotations

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

_GROUND = 0.90  # where the feet touch, as a part of the height of the frame
_ONE_CYCLE = 30  # a video with more frames than this shows two cycles

# Angles in degrees over one cycle of a leg, from one touch of the ground to the next. Hip: thigh
# before (+) or behind (-) the vertical; knee: bend; ankle: toe down (+) from a right angle.
_CYCLE = np.array([0.00, 0.10, 0.20, 0.32, 0.42, 0.55, 0.68, 0.80, 0.90])
_HIP = np.array([30.0, 24.0, 10.0, -12.0, -24.0, -6.0, 28.0, 48.0, 42.0])
_KNEE = np.array([18.0, 36.0, 42.0, 26.0, 20.0, 78.0, 112.0, 86.0, 34.0])
_ANKLE = np.array([0.0, -12.0, -16.0, 8.0, 32.0, 26.0, 12.0, 4.0, 0.0])


class _Build(NamedTuple):
    """What a seed decides about the figure.

    Lengths and radii are parts of its height, `lean` is in radians, colours are RGB in 0..1.
    """

    tall: float
    stout: float
    stride: float
    lean: float
    phase: float
    shirt: Array
    trousers: Array
    skin: Array
    hair: Array
    shoe: Array
    sky: Array
    ground: Array


def _hue(turn: float, chroma: float, value: float) -> Array:
    """Return an RGB colour of a hue (0..1), a chroma and a brightness."""
    wave = 0.5 + 0.5 * np.cos(2.0 * np.pi * (turn + np.array([0.0, -1.0 / 3.0, 1.0 / 3.0])))
    return np.asarray(value * (1.0 - chroma + chroma * wave))


def _draw_build(rng: np.random.Generator) -> _Build:
    """Draw a figure and the colours around it."""
    hue = rng.uniform()
    skins = np.array([[0.93, 0.76, 0.64], [0.80, 0.59, 0.44], [0.55, 0.37, 0.26]])
    return _Build(
        tall=rng.uniform(0.74, 0.80),
        stout=rng.uniform(0.88, 1.22),
        stride=rng.uniform(0.88, 1.08),
        lean=rng.uniform(0.10, 0.20),
        phase=rng.uniform(),
        shirt=_hue(hue, 0.85, 0.92),
        trousers=_hue(hue + rng.uniform(0.35, 0.65), 0.55, 0.36),
        skin=skins[rng.integers(3)],
        hair=np.array([0.16, 0.10, 0.07]) + rng.uniform() * np.array([0.35, 0.22, 0.08]),
        shoe=_hue(rng.uniform(), 0.4, 0.95),
        sky=_hue(rng.uniform(0.40, 0.75), 0.16, 0.93),
        ground=_hue(rng.uniform(0.0, 0.4), 0.28, 0.66),
    )


def _curve(values: Array, phase: Array | float) -> Array:
    """Read a periodic curve, given at `_CYCLE`, smoothly at any phase; shape of `phase`."""
    # four harmonics through a fine linear reading: smooth, and it closes without a jump
    fine = np.arange(128) / 128.0
    spectrum = np.fft.rfft(np.interp(fine, _CYCLE, values, period=1.0)) / 128.0
    total = np.full(np.shape(phase), spectrum[0].real)
    for order in range(1, 5):
        turn = 2.0 * np.pi * order * np.asarray(phase)
        total = total + 2.0 * (spectrum[order] * np.exp(1j * turn)).real
    return np.asarray(np.radians(total))


def _reach(length: float, angle: Array | float) -> Array:
    """Return the step (row, column) along a limb: angle 0 hangs down, positive points ahead."""
    return np.array([length * np.cos(angle), length * np.sin(angle)])


def _leg(build: _Build, phase: float) -> list[Array]:
    """Return hip, knee, ankle and toe of a leg relative to the hip, as (row, column).

    Rows go down, the figure looks toward larger columns; lengths are parts of its height.
    """
    hip = float(_curve(_HIP, phase)) * build.stride
    shin = hip - float(_curve(_KNEE, phase))
    foot = shin + np.pi / 2.0 - float(_curve(_ANKLE, phase))
    knee = _reach(0.245, hip)
    ankle = knee + _reach(0.235, shin)
    return [np.zeros(2), knee, ankle, ankle + _reach(0.085, foot)]


def _arm(build: _Build, phase: float) -> list[Array]:
    """Return shoulder, elbow and hand of an arm relative to the shoulder, as (row, column)."""
    swing = np.cos(2.0 * np.pi * phase)
    upper = -0.14 - 0.72 * build.stride * swing
    lower = upper + 1.55 - 0.30 * swing
    elbow = _reach(0.160, upper)
    return [np.zeros(2), elbow, elbow + _reach(0.150, lower)]


def _ride(build: _Build) -> Array:
    """Return the reach of the lower foot below the hip, as a spectrum over one cycle."""
    turns = np.arange(64) / 64.0
    reach = [
        max(max(_leg(build, t)[2][0], _leg(build, t)[3][0]) for t in (turn, turn + 0.5))
        for turn in turns
    ]
    return np.asarray(np.fft.rfft(reach) / 64.0)


def _hip_height(spectrum: Array, phase: float) -> float:
    """Return how high the hip is above the ground, as a part of the figure's height.

    The lowest foot carries the body. Two harmonics of the step make the ride smooth, and the push
    off lifts the body where both feet are in the air (just before each touch).
    """
    height = spectrum[0].real + 0.012
    for order in (2, 4):
        height += 2.0 * (spectrum[order] * np.exp(2j * np.pi * order * phase)).real
    return float(height + 0.014 * np.cos(4.0 * np.pi * (phase + 0.04)))


def _background(rng: np.random.Generator, build: _Build, height: int, width: int) -> Array:
    """Paint wall and ground; shape (H, W, 3)."""
    rows, columns = grid(height, width)
    unit = float(min(height, width))
    grain = sample_tile(noise_tile(rng, 128, 20.0), rows / unit * 110.0, columns / unit * 110.0)
    down = rows / height
    wall = build.sky * (0.97 - 0.10 * down + 0.018 * grain)[..., None]
    grass = build.ground * (0.92 + 0.25 * (down - 0.85) + 0.055 * grain)[..., None]
    paint(wall, smoothstep(0.835, 0.845, down), grass)
    return wall


class _Figure:
    """Paints the figure at a phase of its cycle."""

    def __init__(self, build: _Build, height: int, width: int) -> None:
        self._build = build
        self._rows, self._columns = grid(height, width)
        self._unit = build.tall * float(min(height, width))
        self._ground = _GROUND * height
        self._middle = 0.47 * width
        self._ride = _ride(build)

    def _limb(
        self, image: Array, ends: tuple[Array, Array], radius: tuple[float, float], colour: Array
    ) -> None:
        """Paint one limb between two points; points and radii as parts of the figure."""
        start, end = (np.array([self._ground, self._middle]) + p * self._unit for p in ends)
        thick = self._unit * self._build.stout
        radii = (radius[0] * thick, radius[1] * thick)
        distance = capsule(self._rows, self._columns, start, end, radii)
        # light from above: limbs are a bit darker along their lower side
        lower = np.clip((self._rows - (start[0] + end[0]) / 2.0) / (0.5 * self._unit), -1.0, 1.0)
        paint(image, cover(distance), colour * (1.0 - 0.14 * lower)[..., None])

    def _paint_leg(self, image: Array, hip: Array, phase: float, shade: float) -> None:
        """Paint a leg; `shade` darkens the one on the far side."""
        build = self._build
        top, knee, ankle, toe = (hip + point for point in _leg(build, phase))
        short = top + 0.72 * (knee - top)
        self._limb(image, (knee, ankle), (0.034, 0.021), build.skin * shade)
        self._limb(image, (ankle, toe), (0.024, 0.015), build.shoe * shade)
        self._limb(image, (top, knee), (0.048, 0.035), build.skin * shade)
        self._limb(image, (top, short), (0.056, 0.047), build.trousers * shade)

    def _paint_arm(self, image: Array, shoulder: Array, phase: float, shade: float) -> None:
        """Paint an arm; `shade` darkens the one on the far side."""
        build = self._build
        top, elbow, hand = (shoulder + point for point in _arm(build, phase))
        sleeve = top + 0.55 * (elbow - top)
        self._limb(image, (elbow, hand), (0.024, 0.018), build.skin * shade)
        self._limb(image, (hand, hand), (0.023, 0.023), build.skin * shade)
        self._limb(image, (top, elbow), (0.030, 0.024), build.skin * shade)
        self._limb(image, (top, sleeve), (0.037, 0.033), build.shirt * shade)

    def _paint_body(self, image: Array, hip: Array, shoulder: Array, nod: float) -> None:
        """Paint torso, neck and head; `nod` in radians tips the head."""
        build = self._build
        neck = shoulder + _reach(0.07, np.pi - 0.6 * build.lean)
        head = neck + _reach(0.062, np.pi - 0.4 * build.lean + nod)
        self._limb(image, (shoulder, neck), (0.030, 0.028), build.skin * 0.92)
        self._limb(image, (hip, shoulder), (0.056, 0.066), build.shirt)
        self._limb(image, (hip, hip), (0.058, 0.058), build.trousers)
        self._limb(image, (head, head), (0.066, 0.066), build.skin)
        back = head + np.array([-0.022, -0.016])
        self._limb(image, (back, back + np.array([0.012, -0.012])), (0.058, 0.052), build.hair)
        face = head + np.array([0.014, 0.026])
        self._limb(image, (face, face + np.array([0.012, 0.0])), (0.042, 0.036), build.skin)

    def _paint_shadow(self, image: Array, height: float) -> None:
        """Paint the shadow on the ground: wider and fainter the higher the body is."""
        across = (self._columns - self._middle) / (self._unit * (0.10 + 0.18 * height))
        down = (self._rows - self._ground) / (0.030 * self._unit)
        dark = np.exp(-(across**2) - down**2) * (0.85 - 0.75 * height)
        image *= (1.0 - dark)[..., None]

    def paint(self, image: Array, phase: float) -> None:
        """Paint the figure over `image` (H, W, 3), in place, at a phase (1 is a whole cycle)."""
        height = _hip_height(self._ride, phase)
        sway = 0.006 * np.cos(4.0 * np.pi * phase)
        hip = np.array([-height, sway])
        tilt = self._build.lean + 0.03 * np.cos(4.0 * np.pi * phase)
        shoulder = hip + _reach(0.265, np.pi - tilt)
        self._paint_shadow(image, height)
        # an arm swings with the leg of the other side
        self._paint_arm(image, shoulder, phase, 0.72)
        self._paint_leg(image, hip, phase + 0.5, 0.70)
        self._paint_leg(image, hip, phase, 1.0)
        self._paint_body(image, hip, shoulder, 0.05 * np.sin(4.0 * np.pi * phase))
        self._paint_arm(image, shoulder, phase + 0.5, 0.96)


def runner(frames: int = 20, size: tuple[int, int] = (100, 100), seed: int = 0) -> Video:
    """Render a figure that runs in place; the video loops without a seam.

    Parameters
    ----------
    frames : int
        Number of frames T, at 25 frames a second; at least 1. Up to 30 frames show one whole
        cycle (a left and a right step), more frames show two.
    size : tuple of int
        Height and width (H, W) in pixels, each at least 8.
    seed : int
        Seed of the colours, the build and the phase at the first frame.

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
    build = _draw_build(rng)
    background = _background(rng, build, height, width)
    figure = _Figure(build, height, width)
    cycles = 1 if frames <= _ONE_CYCLE else 2
    video = np.empty((frames, height, width, 3), dtype=np.uint8)
    for index in range(frames):
        image = background.copy()
        # the remainder keeps the last step to the first exactly like all the others
        figure.paint(image, (build.phase + cycles * index / frames) % 1.0)
        video[index] = to_bytes(image)
    return video
