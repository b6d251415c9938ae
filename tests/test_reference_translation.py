"""The coloured reference against closed forms: quantiles, correlations, colours, inverses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.ndimage import gaussian_filter
from scipy.stats import norm

from dynpat.datasets import flames, ocean
from dynpat.reference import translation as coloured
from dynpat.reference.translation import (
    KNOTS,
    Coloured,
    before_maps,
    fit,
    hermite_series,
    quantiles,
)

RHO = 0.7  # correlation from frame to frame
BLUR = 1.5  # pixels


def process(shape: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    """A stationary Gaussian video (T, H, W) of variance 1: autoregressive in time, blurred."""
    rng = np.random.default_rng(seed)
    frames = [
        gaussian_filter(rng.standard_normal(shape[1:]), BLUR, mode="wrap") for _ in range(shape[0])
    ]
    state = frames[0]
    video = [state]
    for frame in frames[1:]:
        state = RHO * state + np.sqrt(1 - RHO**2) * frame
        video.append(state)
    return np.stack(video) / np.std(video)


def correlated(video: np.ndarray, frames: int, down: int, across: int) -> float:
    """The correlation of values so many frames and pixels apart, of (T, H, W)."""
    whole = video - video.mean()
    first = whole[: len(whole) - frames, : whole.shape[1] - down, : whole.shape[2] - across]
    return float(np.mean(first * whole[frames:, down:, across:]) / np.mean(whole**2))


def grey(video: np.ndarray) -> np.ndarray:
    """(1, T, H, W, 1) whole grey levels: sharp crests on dark, as of light on water."""
    return np.clip(np.round(30 + 12 * np.exp(0.9 * video)), 0, 255)[np.newaxis, ..., np.newaxis]


@pytest.fixture(scope="module")
def water() -> np.ndarray:
    return grey(process((60, 48, 48)))


@pytest.fixture(scope="module")
def of_water(water: np.ndarray) -> Coloured:
    return fit(water, everywhere=True)


# The parts.


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


# A fit.


def test_draws_have_the_observed_quantiles(water: np.ndarray, of_water: Coloured) -> None:
    made = of_water.draw((60, 48, 48), seed=1)
    shares = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99]
    np.testing.assert_allclose(np.quantile(made, shares), np.quantile(water, shares), rtol=0.08)


@pytest.mark.parametrize("lag", [(1, 0, 0), (2, 0, 0), (0, 1, 0), (0, 0, 2), (1, 1, 1), (0, 3, 3)])
def test_draws_have_the_observed_correlations(
    lag: tuple[int, int, int], water: np.ndarray, of_water: Coloured
) -> None:
    made = np.mean([correlated(of_water.draw((60, 48, 48), s)[..., 0], *lag) for s in range(4)])
    assert made == pytest.approx(correlated(water[0, ..., 0], *lag), abs=0.06)


def test_the_correlation_of_the_coordinates_is_that_of_the_process() -> None:
    """What was measured after the map is taken back to before it."""
    videos = np.concatenate([grey(process((60, 48, 48), seed)) for seed in range(4)])
    along = fit(videos, everywhere=True).correlations[0]
    lag = [size // 2 for size in along.shape]
    assert along[tuple(lag)] == pytest.approx(1, abs=1e-6)
    for frames in (1, 2, 3):
        assert along[lag[0] + frames, lag[1], lag[2]] == pytest.approx(RHO**frames, abs=0.05)
    for pixels in (1, 2, 3):  # a Gaussian blurred twice
        expected = np.exp(-(pixels**2) / (4 * BLUR**2))
        assert along[lag[0], lag[1] + pixels, lag[2]] == pytest.approx(expected, abs=0.05)


def test_colours_keep_their_covariance() -> None:
    one, other = process((40, 32, 32), 1), process((40, 32, 32), 2)
    mix = np.array([[20.0, 12.0, 5.0], [0.0, 6.0, -9.0]])
    video = (128 + np.stack([one, other], axis=-1) @ mix)[np.newaxis]
    found = fit(video, everywhere=True)
    np.testing.assert_allclose(found.axes @ found.axes.T, np.eye(3), atol=1e-5)
    made = found.draw((40, 32, 32), 0).reshape(-1, 3)
    np.testing.assert_allclose(np.cov(made.T), np.cov(video.reshape(-1, 3).T), atol=25)


def test_each_pixel_of_a_scene_has_its_own_mean_and_spread() -> None:
    video = flames(60, (48, 48))[np.newaxis]
    made = fit(video).draw((200, 48, 48), 0)
    # Sixty frames of one realisation tell a deviation to about a fifth.
    for measure, most in ((np.mean, 0.15), (np.std, 0.35)):
        error = measure(made, axis=0) - measure(video[0], axis=0)
        assert np.abs(error).mean() < most * measure(video[0], axis=0).mean()


@settings(max_examples=5)
@given(seed=st.integers(0, 99), everywhere=st.booleans())
def test_whole_grey_levels_come_back(seed: int, everywhere: bool) -> None:
    video = ocean(12, (16, 18), seed)[np.newaxis]
    found = fit(video, everywhere=everywhere)
    inner = video[:, :, 4:12, 4:12]
    whole = found if everywhere else fit(inner)
    y = whole.to_gaussian(inner)
    assert y.dtype == np.float32 and np.abs(y).max() <= np.float32(KNOTS[-1])
    near = (np.abs(y) < 3).all(axis=-1)  # beyond the last knot levels are cut off
    assert near.mean() > 0.9
    back = whole.to_grey(y)
    assert np.abs(back - inner)[near].max() < 0.5


@pytest.mark.parametrize("shape", [(60, 48, 48), (7, 20, 31), (100, 64, 16)])
def test_draws_have_any_size_and_repeat_at_their_borders(
    shape: tuple[int, int, int], of_water: Coloured
) -> None:
    videos = np.stack([of_water.draw(shape, seed) for seed in range(30)])
    assert videos.shape[1:] == (*shape, 1) and videos.dtype == np.float32
    assert of_water.spectrum(shape).min() > 0
    for axis in (1, 2, 3):
        inside = np.abs(np.diff(videos, axis=axis)).mean()
        seam = np.abs(np.take(videos, 0, axis) - np.take(videos, -1, axis)).mean()
        assert seam == pytest.approx(inside, rel=0.3)


def test_a_seed_fixes_a_draw(of_water: Coloured) -> None:
    np.testing.assert_array_equal(
        of_water.draw((8, 16, 16), 5), of_water.draw((8, 16, 16), 5)
    )
    assert np.abs(of_water.draw((8, 16, 16), 5) - of_water.draw((8, 16, 16), 6)).mean() > 1


@pytest.mark.parametrize("everywhere", [True, False])
def test_what_is_missing_has_no_influence(water: np.ndarray, everywhere: bool) -> None:
    video = water[:, :30, :20, :20]
    missing = np.zeros(video.shape[:4], bool)
    missing[:, 10:20, 5:12, 6:14] = True
    fits = [
        fit(np.where(missing[..., np.newaxis], hidden, video), missing=missing,
            everywhere=everywhere)
        for hidden in (0, 255)
    ]
    for name in ("mean", "axes", "maps", "correlations"):
        np.testing.assert_array_equal(getattr(fits[0], name), getattr(fits[1], name), name)


@pytest.mark.parametrize("kind", ["still", "two colours", "grey", "two frames", "clipped whites"])
def test_odd_videos_have_a_reference(kind: str) -> None:
    video = flames(12, (16, 16))[np.newaxis].astype(np.float32)
    video = {
        "still": np.repeat(video[:, :1], 12, axis=1),
        "two colours": np.where(video > 100, 200, 30),
        "grey": video[..., :1],
        "two frames": video[:, :2],
        "clipped whites": np.minimum(3 * video, 255),
    }[kind]
    for everywhere in (True, False):
        found = fit(video, everywhere=everywhere)
        made = found.draw(video.shape[1:4], 0)
        assert np.isfinite(made).all() and made.min() >= 0 and made.max() <= 255
        assert np.isfinite(found.to_gaussian(video)).all()
    if kind == "still":  # it moves by no more than its own rounding
        assert np.abs(np.diff(made, axis=0)).mean() < 1.5


def test_lags_are_at_most_those_of_the_video(water: np.ndarray) -> None:
    assert fit(water[:, :5, :9, :12], everywhere=True).correlations.shape == (1, 9, 17, 23)
    assert coloured.LAGS == (24, 24, 24)
