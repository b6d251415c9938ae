"""Open water seen from above: a sum of deep-water waves with random phases."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dynpat.datasets._common import Array, Video, check_options, to_bytes

Complex = npt.NDArray[np.complexfloating[Any, Any]]

_GRAVITY = 9.81  # metres per second squared
_VIEW = 26.0  # metres across the short side of the frame
_SECONDS = 1.0 / 25.0  # between two frames
_SPARE = 1.4  # the waves repeat only after this many frame sides: never inside the frame
_SLOPE = 0.25  # standard deviation of the slope of the surface


class _Sea(NamedTuple):
    """What a seed decides about the sea.

    `wind` is the direction of the wind in radians, `longest` the length in metres of the waves
    that carry most energy, `sun` the unit direction of the sun (row, column, up), and the colours
    are RGB in 0..1.
    """

    wind: float
    longest: float
    sun: Array
    water: Array
    zenith: Array
    horizon: Array


def _draw_sea(rng: np.random.Generator) -> _Sea:
    """Draw wind, sun and colours."""
    wind = rng.uniform(0.0, 2.0 * np.pi)
    longest = rng.uniform(4.2, 6.0)
    side = rng.uniform(-0.5, 0.5)
    sun = np.array([-0.06, side, 1.0])
    green = rng.uniform(0.0, 1.0)
    water = np.array([0.010, 0.085, 0.150]) + green * np.array([0.000, 0.055, 0.010])
    zenith = np.array([0.16, 0.34, 0.56]) + rng.uniform(-0.02, 0.02, 3)
    horizon = np.array([0.80, 0.88, 0.93]) + rng.uniform(-0.03, 0.03, 3)
    return _Sea(wind, longest, sun / np.linalg.norm(sun), water, zenith, horizon)


def _fast_length(least: float) -> int:
    """Return the smallest even length of at least `least` with the prime factors 2, 3 and 5."""
    length = 2 * int(np.ceil(least / 2.0))
    while True:
        rest = length
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return length
        length += 2


class _Waves:
    """Slopes and heights of the surface at any time, from a Phillips-like spectrum."""

    def __init__(self, rng: np.random.Generator, sea: _Sea, height: int, width: int) -> None:
        shape = (_fast_length(_SPARE * height), _fast_length(_SPARE * width))
        pixel = _VIEW / min(height, width)
        row = 2.0 * np.pi * np.fft.fftfreq(shape[0], pixel)[:, None]
        column = 2.0 * np.pi * np.fft.fftfreq(shape[1], pixel)[None, :]
        number = np.hypot(row, column)
        number[0, 0] = 1.0
        # a wave is longest / (2 pi) * number = 1 where the spectrum has its peak
        peak = 2.0 * np.pi / sea.longest
        along = (row * np.sin(sea.wind) + column * np.cos(sea.wind)) / number
        # the last factor fades the waves that the pixels could not show without aliasing
        power = np.exp(-((peak / number) ** 2)) / number**4.5 * (along**2 + 0.08)
        power *= np.exp(-((number * pixel * 0.75) ** 2))
        # waves against the wind are weaker, so that the water is seen to travel
        power *= np.where(along < 0.0, 0.15, 1.0)
        power[0, 0] = 0.0
        power[shape[0] // 2, :] = 0.0
        power[:, shape[1] // 2] = 0.0
        scale = _SLOPE / np.sqrt(np.sum(power * number**2))
        draws = rng.standard_normal((2, *shape))
        self._start: Complex = (draws[0] + 1j * draws[1]) * np.sqrt(power) * scale
        self._speed = np.sqrt(_GRAVITY * number)
        # one inverse transform gives both slopes: rows in the real, columns in the imaginary part
        self._to_slopes: Complex = (1j * row - column) * (shape[0] * shape[1])
        self._to_height = float(shape[0] * shape[1])
        self._crop = (slice(0, height), slice(0, width))

    def at(self, seconds: float) -> tuple[Array, Array, Array]:
        """Return the slope down the rows, the slope along the columns and the height in metres.

        Parameters
        ----------
        seconds : float
            Time since the first frame.

        Returns
        -------
        tuple of ndarray, each of shape (H, W)
        """
        moved = self._start * np.exp(-1j * self._speed * seconds)
        mirrored = np.roll(moved[::-1, ::-1], (1, 1), axis=(0, 1))
        waves = (moved + np.conj(mirrored)) * np.sqrt(0.5)
        slopes = np.fft.ifft2(waves * self._to_slopes)[self._crop]
        height = np.fft.ifft2(waves * self._to_height)[self._crop]
        return slopes.real, slopes.imag, height.real


def _shade(sea: _Sea, down: Array, across: Array, height: Array) -> Array:
    """Light the surface.

    Parameters
    ----------
    sea : _Sea
        Sun and colours.
    down, across, height : ndarray, shape (H, W)
        Slopes and height of the surface.

    Returns
    -------
    ndarray of float, shape (H, W, 3)
        RGB, about 0..1.
    """
    # the eye is far away and a bit oblique: one direction for all pixels keeps the tone even
    eye = np.array([0.66, 0.0, 0.751])
    up = 1.0 / np.sqrt(1.0 + down**2 + across**2)
    facing = np.clip((-down * eye[0] - across * eye[1] + eye[2]) * up, 0.02, 1.0)
    fresnel = 0.03 + 0.97 * (1.0 - facing) ** 4
    # the direction from which the light comes that the surface mirrors to the eye
    mirror_row = -2.0 * facing * down * up - eye[0]
    mirror_column = -2.0 * facing * across * up - eye[1]
    mirror_up = 2.0 * facing * up - eye[2]
    haze = np.exp(-2.2 * np.clip(mirror_up, 0.0, 1.0))[..., None]
    sky = sea.zenith + (sea.horizon - sea.zenith) * haze
    toward = mirror_row * sea.sun[0] + mirror_column * sea.sun[1] + mirror_up * sea.sun[2]
    glint = np.clip(toward, 0.0, 1.0) ** 45
    # crests are thin: light that went through them is greener
    crest = np.clip(0.5 + 1.6 * height - 0.9 * down, 0.0, 2.0)[..., None]
    body = sea.water * (0.75 + 0.5 * crest) + crest * np.array([0.004, 0.050, 0.048])
    light = body + (sky - body) * np.clip(1.9 * fresnel, 0.0, 1.0)[..., None]
    light = light + glint[..., None] * np.array([0.50, 0.47, 0.40])
    return np.asarray(np.sqrt(np.clip(light, 0.0, 1.0)) * 0.92)


def ocean(frames: int = 70, size: tuple[int, int] = (100, 100), seed: int = 0) -> Video:
    """Render open water from above: stationary in space and in time.

    Parameters
    ----------
    frames : int
        Number of frames T, at 25 frames a second; at least 1.
    size : tuple of int
        Height and width (H, W) in pixels, each at least 8; the short side spans 26 metres.
    seed : int
        Seed of the waves, the wind, the sun and the colours.

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
    sea = _draw_sea(rng)
    waves = _Waves(rng, sea, height, width)
    video = np.empty((frames, height, width, 3), dtype=np.uint8)
    for index in range(frames):
        video[index] = to_bytes(_shade(sea, *waves.at(index * _SECONDS)))
    return video
