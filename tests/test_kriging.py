"""Guesses of missing pixels against closed forms, and how they are weighed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from dynpat.datasets import ocean
from dynpat.masks import draw_mask
from dynpat.restoration import kriging
from dynpat.restoration.first_guess import Guess, calibration_mask, make_guess, with_texture


def autoregressive(rho: float, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Around 128: x(t+1) = ρ·x(t) + √(1−ρ²)·20·z, each pixel for itself."""
    rng = np.random.default_rng(seed)
    video = np.empty(shape)
    video[0] = rng.normal(0, 20, shape[1:])
    for t in range(1, shape[0]):
        video[t] = rho * video[t - 1] + np.sqrt(1 - rho**2) * rng.normal(0, 20, shape[1:])
    return (video + 128).astype(np.float32)


def hidden(video: np.ndarray, missing: np.ndarray) -> np.ndarray:
    return np.where(missing[..., np.newaxis], 0, video)


def error(made: np.ndarray, video: np.ndarray, missing: np.ndarray) -> float:
    return float(np.abs(made - video)[missing].mean())


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


def test_the_guess_takes_what_predicts_best() -> None:
    smooth, wild = ocean(40, (32, 32)), autoregressive(0.2, (40, 32, 32, 1))
    for video, favoured in ((smooth, "interpolation"), (wild, "kriging")):
        missing = draw_mask("region:0.2", video.shape[:3], 3)
        guess = make_guess(hidden(video, missing), missing)
        assert sum(guess.weights.values()) == pytest.approx(1)
        assert min(guess.weights.values()) >= 0
        assert max(guess.weights, key=lambda name: guess.weights[name]) == favoured
        alone = [kriging.interpolate_in_time(hidden(video, missing), missing),
                 kriging.krige(hidden(video, missing), missing)]
        assert error(guess.filled, video, missing) < 1.05 * min(
            error(made, video, missing) for made in alone
        )


def test_chains_in_large_videos_start_with_the_variance_of_what_is_visible(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dynpat.restoration.first_guess.LARGEST", 0)
    video = autoregressive(0.1, (400, 6, 6, 1))
    missing = draw_mask("salt-pepper:0.5", video.shape[:3], 0)
    smooth = np.where(missing[..., np.newaxis], kriging.visible_mean(video, missing), video)
    start = with_texture(Guess(smooth, missing, smooth, {}), video, missing, 0)
    np.testing.assert_array_equal(start[~missing], video[~missing])
    assert start[missing].std() == pytest.approx(20, rel=0.06)
    rough = Guess(video, missing, video, {})  # lacks nothing
    assert np.abs(with_texture(rough, video, missing, 0) - video).mean() < 4


def test_hidden_pixels_were_visible_and_do_not_help_their_own_guess() -> None:
    video = autoregressive(0.5, (30, 16, 16, 1))
    missing = draw_mask("region:0.2", video.shape[:3], 0)
    extra = calibration_mask(missing, 0)
    assert extra.any() and not (extra & missing).any() and not extra[[0, -1]].any()
    changed = np.where(extra[..., np.newaxis], 255, video)
    one, other = (make_guess(hidden(v, missing), missing).without for v in (video, changed))
    weightless = np.abs(one - other)[extra].max()
    # Only the weights of the mix saw them.
    assert weightless < np.abs(one - 255)[extra].min()
