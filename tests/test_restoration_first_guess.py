"""First guesses: what they are mixed of, and what chains start with."""

from __future__ import annotations

import numpy as np
import pytest
from making_holes import autoregressive, error, hidden

from dynpat.datasets import ocean
from dynpat.masks import draw_mask
from dynpat.restoration import kriging
from dynpat.restoration.first_guess import Guess, make_guess, with_texture
from dynpat.restoration.hiding import calibration_mask


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
