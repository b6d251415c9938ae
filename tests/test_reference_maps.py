"""Maps of distributions against closed forms: quantiles, series, correlations, inverses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.stats import norm

from dynpat.reference.maps import (
    KNOTS,
    STEEPNESS,
    before_maps,
    between,
    hermite_series,
    inverse,
    maps_to,
    position_of,
    quantiles,
)


def test_quantiles_are_those_of_numpy_and_leave_out_what_is_missing() -> None:
    values = np.random.default_rng(0).normal(size=(50, 4, 3))
    shares = np.array([0.0, 0.1, 0.5, 1.0])
    np.testing.assert_allclose(quantiles(values, shares), np.quantile(values, shares, axis=0))
    values[::3, 1] = np.nan
    values[:, 2] = np.nan
    found = quantiles(values, shares)
    np.testing.assert_allclose(found[:, 1], np.nanquantile(values[:, 1], shares, axis=0))
    assert not found[:, 2].any()


def test_the_series_of_a_line_is_its_slope() -> None:
    (line,) = hermite_series(5 * KNOTS[:, np.newaxis]).T
    assert line[0] == pytest.approx(5, rel=2e-3)  # the tails beyond the last knot are flat
    assert np.abs(line[1:]).max() < 0.1


def test_correlations_before_an_exponential_map_are_those_of_its_closed_form() -> None:
    """Of exp(s·y) the correlation is (exp(s²·c) − 1) / (exp(s²) − 1)."""
    scale = 0.6
    powers = hermite_series(np.exp(scale * KNOTS)[:, np.newaxis])[:, 0] ** 2
    given = np.array([-0.6, -0.2, 0.0, 0.3, 0.8, 1.0])
    after = (np.exp(scale**2 * given) - 1) / (np.exp(scale**2) - 1)
    np.testing.assert_allclose(before_maps(after, powers), given, atol=0.01)


def test_correlations_before_a_map_to_ranks_are_those_of_the_arcsine_law() -> None:
    """Of Φ(y), which is uniform, the correlation is 6/π·arcsin(c/2) (Pearson 1907)."""
    powers = hermite_series(norm.cdf(KNOTS)[:, np.newaxis])[:, 0] ** 2
    given = np.array([-0.7, -0.3, 0.0, 0.3, 0.7])
    after = 6 / np.pi * np.arcsin(given / 2)
    np.testing.assert_allclose(before_maps(after, powers), given, atol=0.005)


def test_the_first_term_of_a_series_can_be_the_mean() -> None:
    terms = hermite_series((KNOTS**2)[:, np.newaxis], first=0)[:, 0]
    np.testing.assert_allclose(terms[:3], [1, 0, np.sqrt(2)], atol=0.03)  # y² = 1 + √2·H₂/√2!


@settings(max_examples=20)
@given(seed=st.integers(0, 999))
def test_a_map_s_inverse_finds_where_its_value_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    maps = np.cumsum(rng.uniform(0.1, 2, (len(KNOTS), 3, 4, 2)), axis=0)
    y = rng.uniform(-3.2, 3.2, (5, 3, 4, 2))
    np.testing.assert_allclose(inverse(maps, between(maps, position_of(y))), y, atol=1e-5)
    assert (inverse(maps, np.full(y.shape, -1e6)) == np.float32(KNOTS[0])).all()
    assert (inverse(maps, np.full(y.shape, 1e6)) == np.float32(KNOTS[-1])).all()
    maps[:, 1] = 7  # nothing moves in this row
    assert not inverse(maps, rng.normal(size=y.shape))[:, 1].any()


def test_maps_have_the_quantiles_of_a_neighbourhood_and_a_pixel_s_own_spread() -> None:
    """Of exponential values, each pixel's of its own scale, the map is −scale·log(1 − Φ(y))."""
    scale = np.linspace(5, 50, 6)[:, np.newaxis] * np.ones((6, 6))
    values = np.random.default_rng(0).exponential(size=(20, 60, 6, 6, 1)) * scale[..., np.newaxis]
    values -= scale[..., np.newaxis]
    maps = maps_to(values, scale[..., np.newaxis], everywhere=False)
    middle = np.abs(KNOTS) < 1.5
    expected = -np.log(1 - norm.cdf(KNOTS[middle])) - 1
    for row in range(6):
        found = maps[middle, row].mean(axis=(1, 2)) / scale[row, 0]
        np.testing.assert_allclose(found, expected, atol=0.06)
    assert (np.diff(maps, axis=0) > STEEPNESS / 2).all()
