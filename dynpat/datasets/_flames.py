"""A fire in a bowl: stationary in time, but not in space."""

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

_TILE = 256  # texels along a noise tile
_RIM = 0.78  # where the rim of the bowl lies, as a part of the height of the frame
_HEAT = np.array([0.0, 0.13, 0.30, 0.48, 0.70, 0.92, 1.20])
_FIRE = np.array(
    [
        [0.00, 0.00, 0.00],
        [0.22, 0.02, 0.00],
        [0.58, 0.10, 0.01],
        [0.90, 0.30, 0.03],
        [1.00, 0.58, 0.11],
        [1.00, 0.82, 0.34],
        [1.00, 0.96, 0.76],
    ]
)


class _Spark(NamedTuple):
    """A spark: born at a frame, at a place across the fire; it rises and fades."""

    born: float
    across: float
    speed: float
    drift: float
    life: float


class _Scene(NamedTuple):
    """The still part of the scene and the coordinates of the fire.

    `across` and `above` (H, W) tell where a pixel lies beside the middle of the rim and above it,
    in units of the short side; `wall` (H, W, 3) is the background, `bowl` (H, W, 3) and
    `bowl_cover` (H, W) what stands before the fire.
    """

    unit: float
    across: Array
    above: Array
    wall: Array
    bowl: Array
    bowl_cover: Array


def _draw_wall(rng: np.random.Generator, across: Array, above: Array) -> Array:
    """Paint a dim brick wall, lit a bit by the fire; (H, W, 3)."""
    tile = noise_tile(rng, _TILE, 24.0)
    grain = sample_tile(tile, above * 150.0, across * 150.0)
    course = np.floor(above / 0.09)
    in_course = np.abs(above / 0.09 - course - 0.5)
    along = across / 0.2 + 0.5 * (course % 2)
    in_brick = np.abs(along - np.floor(along) - 0.5)
    shade = np.sin(course * 12.9898 + np.floor(along) * 78.233) * 0.16
    joint = smoothstep(0.36, 0.5, in_course) + smoothstep(0.43, 0.5, in_brick)
    brick = (1.0 + shade + 0.22 * grain) * (1.0 - 0.4 * np.clip(joint, 0.0, 1.0))
    glow = np.exp(-((across / 0.42) ** 2) - ((above - 0.22) / 0.40) ** 2)
    light = 0.040 + 0.19 * glow
    return np.asarray((brick * light)[..., None] * np.array([1.25, 0.72, 0.48]))


def _draw_bowl(
    rng: np.random.Generator, across: Array, above: Array, unit: float
) -> tuple[Array, Array]:
    """Paint the bowl with its foot; return its colours (H, W, 3) and its coverage (H, W)."""
    half = 0.30
    depth = np.clip(-above, 0.0, None)
    profile = half * np.sqrt(np.clip(1.0 - (depth / 0.145) ** 2, 0.0, 1.0))
    body = np.maximum(np.abs(across) - profile, -above - 0.145)
    body = np.maximum(body, above)
    rim = capsule(above, across, (0.0, -half), (0.0, half), (0.017, 0.017))
    flare = 0.055 + 1.3 * np.clip(depth - 0.165, 0.0, None)
    foot = np.maximum(np.abs(across) - flare, above + 0.13)
    coverage = cover(np.minimum(np.minimum(body, rim), foot) * unit)
    tile = noise_tile(rng, _TILE, 16.0)
    dents = sample_tile(tile, above * 300.0, across * 180.0)
    round_ = np.sqrt(np.clip(1.0 - (across / (half + 0.02)) ** 2, 0.0, 1.0))
    tone = (0.045 + 0.085 * round_**2 + 0.018 * dents)[..., None] * np.array([1.0, 0.82, 0.72])
    # light of the fire on the rim and just below it
    warm = np.exp(-((above / 0.016) ** 2)) + 0.42 * np.exp(above / 0.04) * (above < 0.0)
    warm = warm * (0.35 + 0.65 * round_)
    return tone + warm[..., None] * np.array([0.62, 0.24, 0.05]), coverage


def _draw_scene(rng: np.random.Generator, height: int, width: int) -> _Scene:
    """Draw all that stands still."""
    unit = float(min(height, width))
    rows, columns = grid(height, width)
    across = (columns - width / 2.0) / unit
    above = (_RIM * height - rows) / unit
    wall = _draw_wall(rng, across, above)
    # the ground before the wall, a bit below the bowl's rim
    floor = smoothstep(-0.005, 0.005, -above - 0.135)
    lit = 0.075 + 0.16 * np.exp(-((across / 0.30) ** 2) - ((above + 0.17) / 0.05) ** 2)
    paint(wall, floor, lit[..., None] * np.array([1.2, 0.62, 0.34]))
    bowl, coverage = _draw_bowl(rng, across, above, unit)
    return _Scene(unit, across, above, wall, bowl, coverage)


class _Fire:
    """The heat of the fire at any time: noise that rises, faster with height, in an envelope."""

    def __init__(self, rng: np.random.Generator, across: Array, above: Array) -> None:
        self._across, self._height = across, above
        self._above = np.clip(above, -0.05, None)
        self._tiles = [noise_tile(rng, _TILE, scale) for scale in (34.0, 22.0, 12.0)]
        self._offsets = rng.uniform(0.0, _TILE, (4, 2))
        self._phases = rng.uniform(0.0, 2.0 * np.pi, 4)
        # heat travels evenly along this coordinate; it grows slower with height, so that the
        # flames speed up and stretch while they rise
        self._travel = (1.0 - np.exp(-1.3 * self._above)) / 1.3

    def _noise(self, layer: int, time: float, rate: float, wide: float, warp: Array) -> Array:
        """Read one rising layer of noise; (H, W), mean 0, standard deviation 1."""
        offset = self._offsets[layer]
        rows = (self._travel - 0.01 * rate * time) * 150.0 + offset[0]
        columns = (self._across + warp) * wide + offset[1] + 0.11 * time * (-1) ** layer
        return sample_tile(self._tiles[layer], rows, columns)

    def heat(self, time: float) -> Array:
        """Return the heat, 0 or less (none) to about 1.2 (white); (H, W).

        Parameters
        ----------
        time : float
            In frames.
        """
        above = self._above
        sway = 0.0 * above
        for index, (wave, rate) in enumerate(((5.0, 0.16), (9.0, 0.27), (3.0, 0.083))):
            sway += np.sin(wave * above - rate * time + self._phases[index]) / (index + 2.0)
        lean = sway * 0.10 * above
        broad = self._noise(0, time, 2.3, 150.0, lean)
        warp = lean + 0.055 * broad * np.clip(above * 3.0, 0.1, 1.0)
        middle = self._noise(1, time, 3.0, 210.0, warp)
        fine = self._noise(2, time, 3.5, 260.0, warp)
        turbulence = 0.55 * broad + 0.60 * middle + 0.28 * fine
        # a plump foot that narrows to a tip
        width = 0.262 * np.exp(-((np.clip(above, 0.0, None) / 0.52) ** 2)) + 0.012
        beside = np.abs(self._across + lean) / width
        envelope = 1.02 - 1.42 * above - 0.70 * beside**2.4
        strength = 0.24 + 0.36 * np.clip(above * 2.4, 0.0, 1.0)
        # nothing burns below the rim, beside the bowl
        burns = smoothstep(-0.02, 0.0, self._height)
        return np.asarray((envelope + strength * turbulence) * burns)


def _draw_sparks(rng: np.random.Generator, frames: int) -> list[_Spark]:
    """Draw the sparks; some are born before the first frame, so that the first is like the rest."""
    longest = 40.0
    count = max(1, round((frames + longest) * 0.16))
    draws = rng.uniform(0.0, 1.0, (count, 5))
    return [
        _Spark(
            born=-longest + d[0] * (frames + longest),
            across=(d[1] - 0.5) * 0.34,
            speed=0.016 + 0.012 * d[2],
            drift=(d[3] - 0.5) * 0.012,
            life=16.0 + 24.0 * d[4],
        )
        for d in draws
    ]


def _spark_light(scene: _Scene, sparks: list[_Spark], time: float) -> Array:
    """Return the light of the sparks, 0..1, shape (H, W)."""
    light = np.zeros_like(scene.above)
    for spark in sparks:
        age = time - spark.born
        if not 0.0 <= age < spark.life:
            continue
        above = 0.10 + spark.speed * age
        across = spark.across + spark.drift * age + 0.02 * np.sin(0.3 * age + 9.0 * spark.across)
        start, end = (above, across), (above - 0.018, across - spark.drift)
        distance = capsule(scene.above, scene.across, start, end, (0.004, 0.001)) * scene.unit
        fade = smoothstep(0.0, 0.5, np.array(1.0 - age / spark.life))
        light += fade * np.exp(-(np.clip(distance + 0.3, 0.0, None) ** 2))
    return np.asarray(np.clip(light, 0.0, 1.0))


def flames(frames: int = 70, size: tuple[int, int] = (100, 100), seed: int = 0) -> Video:
    """Render a fire in a bowl before a dim wall: stationary in time, the bowl stands still.

    Parameters
    ----------
    frames : int
        Number of frames T, at 25 frames a second; at least 1.
    size : tuple of int
        Height and width (H, W) in pixels, each at least 8.
    seed : int
        Seed of the fire, the sparks and the textures.

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
    scene = _draw_scene(rng, height, width)
    fire = _Fire(rng, scene.across, scene.above)
    sparks = _draw_sparks(rng, frames)
    video = np.empty((frames, height, width, 3), dtype=np.uint8)
    for index in range(frames):
        heat = np.clip(fire.heat(float(index)), 0.0, _HEAT[-1])
        colour = np.stack([np.interp(heat, _HEAT, _FIRE[:, c]) for c in range(3)], axis=-1)
        # fire adds its light and hides what is behind it where it is bright
        image = scene.wall * (1.0 - smoothstep(0.0, 0.7, heat)[..., None]) + colour
        image += _spark_light(scene, sparks, float(index))[..., None] * np.array([1.0, 0.62, 0.22])
        paint(image, scene.bowl_cover, scene.bowl)
        video[index] = to_bytes(image)
    return video
