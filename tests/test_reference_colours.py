"""How colours follow the brightness, against processes in which it is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from dynpat.datasets import flames
from dynpat.reference.colours import (
    EVERY,
    LUMINANCE,
    GivenBrightness,
    brightness_axes,
    given_brightness,
)
from dynpat.reference.maps import KNOTS
from dynpat.reference.translation import fit

TABLE = KNOTS[::EVERY]


def following(shape: tuple[int, ...] = (2, 60, 24, 24)) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of the brightness, and values along three axes of which two follow it.

    The mean of the second is 3·y² and its spread 5; of the third they are 0 and 2 + |y|.
    """
    rng = np.random.default_rng(0)
    y, second, third = rng.standard_normal((3, *shape))
    values = np.stack([40 * y, 3 * y**2 + 5 * second, (2 + np.abs(y)) * third], axis=-1)
    return y, values


def test_tables_are_the_mean_and_the_spread_at_each_brightness() -> None:
    y, values = following()
    spread = np.sqrt(np.mean(values**2, axis=(0, 1)))
    found = given_brightness(values, y, np.ones(y.shape, bool), spread)
    inner = np.abs(TABLE) < 2
    # A level takes in what is near it, more of what is frequent.
    expected = 3 * TABLE[inner] ** 2
    np.testing.assert_allclose(
        found.mean[inner][..., 0].mean(axis=(1, 2)), expected, rtol=0.2, atol=0.5
    )
    np.testing.assert_allclose(found.mean[inner][..., 1].mean(axis=(1, 2)), 0, atol=0.3)
    wide = (found.spread * spread[..., 1:])[inner].mean(axis=(1, 2))
    np.testing.assert_allclose(wide[:, 0], 5, rtol=0.15)
    np.testing.assert_allclose(wide[:, 1], 2 + np.abs(TABLE[inner]), rtol=0.2)


def test_each_neighbourhood_has_tables_of_its_own() -> None:
    y, values = following((2, 60, 12, 64))
    values[..., 32:, 1] *= -1
    spread = np.sqrt(np.mean(values**2, axis=(0, 1)))
    found = given_brightness(values, y, np.ones(y.shape, bool), spread)
    bright = np.flatnonzero(np.abs(TABLE - 1.6) < 0.1)
    left, right = found.mean[bright, :, :20, 0], found.mean[bright, :, -20:, 0]
    np.testing.assert_allclose(left.mean(), 3 * 1.6**2, rtol=0.2)
    np.testing.assert_allclose(right.mean(), -3 * 1.6**2, rtol=0.2)


def test_a_brightness_that_nobody_has_is_as_the_nearest_that_somebody_has() -> None:
    y, values = following()
    last = np.flatnonzero(np.isclose(TABLE, 1.2))[0]
    y = np.clip(y, -1.2, 1.2)
    spread = np.sqrt(np.mean(values**2, axis=(0, 1)))
    found = given_brightness(values, y, np.ones(y.shape, bool), spread)
    assert np.isfinite(found.mean).all() and (found.spread > 0).all()
    for table in (found.mean, found.spread):
        whole = table[last:].mean(axis=(1, 2))
        np.testing.assert_allclose(whole[-1], whole[0], rtol=0.2, atol=0.3)


@settings(max_examples=10)
@given(seed=st.integers(0, 99))
def test_what_is_put_in_is_taken_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tables = GivenBrightness(
        rng.normal(size=(len(TABLE), 4, 5, 2)), rng.uniform(0.2, 3, (len(TABLE), 4, 5, 2))
    )
    y, values = 2 * rng.standard_normal((2, 3, 4, 5, 3))
    np.testing.assert_allclose(tables.take_out(tables.put_in(values, y), y), values, atol=1e-9)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_the_first_axis_is_the_brightness(channels: int) -> None:
    mix = np.random.default_rng(channels).normal(size=(channels, channels))
    for covariance in (mix @ mix.T, np.zeros((channels, channels)), np.ones((channels, channels))):
        axes = brightness_axes(covariance)
        np.testing.assert_allclose(axes.T @ axes, np.eye(channels), atol=1e-6)
        assert np.ptp(axes[:, 0] / (LUMINANCE if channels == 3 else 1)) < 1e-6


def test_draws_are_of_the_colour_that_their_brightness_has() -> None:
    """Flames are white where they are bright and red where they are dim."""
    video = flames(60, (48, 48))
    mixed = {follow: fit(video[np.newaxis], follow=follow) for follow in (True, False)}
    pairs = {}
    for name, frames in (
        ("observed", video), *((f, q.draw((60, 48, 48), 1)) for f, q in mixed.items())
    ):
        light = frames @ np.array(LUMINANCE)
        blue = frames[..., 2] - light
        moving = video.std(axis=(0, 3)) > 10
        light, blue = light[:, moving], blue[:, moving]
        pairs[name] = np.array([
            blue[(light >= low) & (light < low + 40)].std() for low in range(0, 200, 40)
        ])
    known = pairs["observed"]
    errors = {follow: np.abs(pairs[follow] - known).mean() for follow in (True, False)}
    assert errors[True] < 0.7 * errors[False]


def test_a_grey_video_has_no_colours_that_follow() -> None:
    assert fit(flames(12, (16, 16))[np.newaxis, ..., :1]).given is None
    assert fit(flames(12, (16, 16))[np.newaxis], everywhere=True).given is None


def test_missing_pixels_have_no_influence_on_the_colours() -> None:
    video = flames(30, (20, 20))[np.newaxis]
    missing = np.zeros(video.shape[:4], bool)
    missing[:, 10:20, 5:12, 6:14] = True
    tables = [
        fit(np.where(missing[..., np.newaxis], hidden, video), missing=missing).given
        for hidden in (0, 255)
    ]
    for name in ("mean", "spread"):
        np.testing.assert_array_equal(getattr(tables[0], name), getattr(tables[1], name), name)
