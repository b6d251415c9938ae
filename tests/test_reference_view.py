"""What f sees, against maps that are polynomials, and its gradient against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from dynpat.reference.colours import EVERY, GivenBrightness
from dynpat.reference.maps import KNOTS
from dynpat.reference.view import ORDER, TERMS, polynomials, seen, seen_in_colour

SIZE = (2, 3)


def cubic(knots: np.ndarray, *powers: float) -> np.ndarray:
    """A table (knots, H, W, 1) of a polynomial, the same at all places."""
    values = np.polynomial.polynomial.polyval(knots, powers)
    return np.broadcast_to(values[:, np.newaxis, np.newaxis, np.newaxis], (len(knots), *SIZE, 1))


def test_polynomials_are_seen_as_they_are() -> None:
    """A map 2y + y³/2 of brightness; colours 3·y₁² − 3 + (1 + y₁²/4)·5·y."""
    maps = np.concatenate([cubic(KNOTS, 0, 2, 0, 0.5), cubic(KNOTS, 0, 5)], axis=-1)[np.newaxis]
    table = KNOTS[::EVERY]
    given = GivenBrightness(cubic(table, -3, 0, 3), cubic(table, 1, 0, 0.25))
    series, colours = polynomials(maps, np.zeros((1, *SIZE, 2)), [given])
    assert series.shape == (1, ORDER + 1, *SIZE, 2) and colours.shape == (1, TERMS, *SIZE, 1)
    y = np.random.default_rng(0).uniform(-2, 2, (1, 5, *SIZE, 2)).astype(np.float32)
    first, second = y[..., 0], y[..., 1]
    expected = np.stack([
        2 * first + first**3 / 2, 3 * first**2 - 3 + (1 + first**2 / 4) * 5 * second
    ], axis=-1)
    made = np.asarray(seen_in_colour(tf.constant(y), tf.constant(series), tf.constant(colours)))
    scale = np.vdot(made, expected) / np.vdot(made, made)
    # Tables end at ±3.2 and are linear between their knots.
    np.testing.assert_allclose(scale * made, expected, atol=0.06 * expected.std())


def test_what_is_seen_has_variance_1() -> None:
    maps = np.concatenate([cubic(KNOTS, 0, 2, 0, 0.1), cubic(KNOTS, 0, 5)], axis=-1)[np.newaxis]
    table = KNOTS[::EVERY]
    given = GivenBrightness(cubic(table, -3, 0, 3), cubic(table, 1, 0, 0.25))
    y = tf.random.stateless_normal((1, 4000, *SIZE, 2), [0, 1])
    y = tf.clip_by_value(y, -3.2, 3.2)
    for tables in (None, [given]):
        series, colours = polynomials(maps, np.zeros((1, *SIZE, 2)), tables)
        made = seen_in_colour(y, series, colours) if tables else seen(y, tf.constant(series))
        assert float(tf.math.reduce_variance(made)) == pytest.approx(1, rel=0.08)


def test_what_stands_still_in_one_mode_and_not_in_the_other_is_seen() -> None:
    maps = np.repeat(np.concatenate([cubic(KNOTS, 0, 1)] * 2, axis=-1)[np.newaxis], 2, axis=0)
    means = np.zeros((2, *SIZE, 2))
    means[1] = [4, -2]
    table = KNOTS[::EVERY]
    given = [GivenBrightness(cubic(table, 0), cubic(table, 1))] * 2
    for tables in (None, given):
        series, colours = polynomials(maps, means, tables)
        y = tf.zeros((2, 1, *SIZE, 2))
        made = np.asarray(
            seen_in_colour(y, series, colours) if tables else seen(y, tf.constant(series))
        )
        scale = series[0, 1, 0, 0, 0]
        np.testing.assert_allclose(made[1, 0, 0, 0] - made[0, 0, 0, 0], scale * means[1, 0, 0],
                                   rtol=0.02)  # the tails of a map are flat


@pytest.mark.parametrize("channels", [2, 3])
def test_the_gradient_is_that_of_finite_differences(channels: int) -> None:
    rng = np.random.default_rng(channels)
    series = tf.constant(rng.normal(size=(2, ORDER + 1, *SIZE, channels)))
    colours = tf.constant(rng.normal(size=(2, TERMS, *SIZE, channels - 1)))
    y, way, up = (tf.constant(rng.normal(size=(2, 4, *SIZE, channels))) for _ in range(3))
    for make in (lambda v: seen(v, series), lambda v: seen_in_colour(v, series, colours)):
        with tf.GradientTape() as tape:
            tape.watch(y)
            made = make(y)
        along = tf.reduce_sum(way * tape.gradient(made, y, output_gradients=up))
        step = 1e-5
        difference = tf.reduce_sum(up * (make(y + step * way) - make(y - step * way))) / (2 * step)
        np.testing.assert_allclose(along, difference, rtol=1e-6)
