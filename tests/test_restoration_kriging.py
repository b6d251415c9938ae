"""Guesses from the visible pixels around, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from making_holes import autoregressive, error, hidden

from dynpat.datasets import ocean
from dynpat.masks import draw_mask
from dynpat.restoration import kriging
from dynpat.restoration.first_guess import make_guess


def test_the_mean_is_that_of_the_visible_frames() -> None:
    video = np.arange(5 * 2 * 2, dtype=float).reshape(5, 2, 2, 1)
    missing = np.zeros((5, 2, 2), bool)
    missing[1:3, 0, 0] = True
    assert kriging.visible_mean(video, missing)[0, 0, 0] == pytest.approx((0 + 12 + 16) / 3)
    missing[:, 1, 1] = True
    others = [kriging.visible_mean(video, missing)[y, x, 0] for y, x in ((0, 0), (0, 1), (1, 0))]
    assert kriging.visible_mean(video, missing)[1, 1, 0] == pytest.approx(np.mean(others))


def test_interpolation_is_exact_for_what_moves_evenly() -> None:
    slope = np.random.default_rng(0).uniform(-3, 3, (4, 5, 3))
    video = (100 + np.arange(12).reshape(-1, 1, 1, 1) * slope).astype(np.float32)
    missing = draw_mask("salt-pepper:0.4", video.shape[:3], 1)
    missing[[0, -1]] = False
    made = kriging.interpolate_in_time(hidden(video, missing), missing)
    np.testing.assert_allclose(made, video, atol=1e-3)
    missing[:3], missing[-2:] = True, True
    missing[3], missing[-3] = False, False
    ends = kriging.interpolate_in_time(hidden(video, missing), missing)
    np.testing.assert_array_equal(ends[:3], np.broadcast_to(video[3], (3, 4, 5, 3)))
    np.testing.assert_array_equal(ends[-2:], np.broadcast_to(video[-3], (2, 4, 5, 3)))


@pytest.mark.parametrize("rho", [0.3, 0.9])
def test_kriging_finds_the_conditional_mean_of_an_autoregressive_video(rho: float) -> None:
    """For one missing frame it is ρ/(1+ρ²)·(x before + x after)."""
    video = autoregressive(rho, (60, 24, 24, 1))
    missing = np.zeros(video.shape[:3], bool)
    missing[4:-4:4] = True
    made = kriging.krige(hidden(video, missing), missing, 0.02)
    best = video.copy()
    frames = np.arange(4, 56, 4)
    best[frames] = 128 + rho / (1 + rho**2) * (video[frames - 1] + video[frames + 1] - 256)
    exact, ours = error(best, video, missing), error(made, video, missing)
    interpolated = kriging.interpolate_in_time(hidden(video, missing), missing)
    assert ours < 1.03 * exact
    assert ours < 1.02 * error(interpolated, video, missing)  # which is nearly exact for ρ near 1


@settings(max_examples=6)
@given(seed=st.integers(0, 99), share=st.floats(0.1, 0.8), colours=st.sampled_from([1, 3]))
def test_visible_pixels_stay_and_guesses_stay_in_range(
    seed: int, share: float, colours: int
) -> None:
    video = np.random.default_rng(seed).integers(0, 256, (12, 10, 11, colours), dtype=np.uint8)
    missing = draw_mask(f"salt-pepper:{share:.2f}", video.shape[:3], seed)
    for made in (kriging.krige(hidden(video, missing), missing),
                 kriging.interpolate_in_time(hidden(video, missing), missing),
                 make_guess(hidden(video, missing), missing).filled):
        np.testing.assert_allclose(made[~missing], video[~missing], atol=1e-3)
        assert np.isfinite(made).all() and made.min() >= 0 and made.max() <= 255


def test_every_other_frame_tells_of_the_frames_between() -> None:
    """No pair of visible pixels is an odd number of frames apart: those lags are filled in."""
    video = ocean(24, (20, 20))
    missing = np.zeros(video.shape[:3], bool)
    missing[1::2] = True
    known = hidden(video, missing)
    made = kriging.krige(known, missing)
    plain = kriging.interpolate_in_time(known, missing)
    within = missing.copy()
    within[-1] = False
    assert error(made, video, within) < 1.3 * error(plain, video, within)
