"""Draws far from what is visible move as it does."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft

from dynpat.datasets import ocean
from dynpat.restoration.conditional import fit_conditional
from dynpat.restoration.first_guess import make_guess, with_texture
from dynpat.restoration.pace import UNPACED, Pace, paced, right_pace


@pytest.mark.parametrize("width", [8, 9])
@pytest.mark.parametrize("pace", [Pace(), Pace(fast=2.0), Pace(fast=-0.5), Pace(fine=0.4),
                                  Pace(fine=-0.1), Pace(fast=1.0, fine=-0.1)])
def test_a_paced_process_has_variance_one(width: int, pace: Pace) -> None:
    noise = np.random.default_rng(0).normal(size=(10, 6, width))
    spectrum = np.abs(scipy.fft.rfftn(noise)) ** 2
    spectrum /= scipy.fft.irfftn(spectrum, noise.shape)[0, 0, 0]
    made = scipy.fft.irfftn(paced(spectrum, pace, width), noise.shape)
    before = scipy.fft.irfftn(spectrum, noise.shape)
    assert made[0, 0, 0] == pytest.approx(1, rel=1e-5)
    # What is weaker is smoother: neighbours in time, and in space, are more alike.
    if not pace.fine:
        assert np.sign(made[1, 0, 0] - before[1, 0, 0]) == np.sign(pace.fast)
    if not pace.fast:
        assert np.sign(made[0, 1, 0] + made[0, 0, 1] - before[0, 1, 0] - before[0, 0, 1]) == (
            np.sign(pace.fine)
        )


def motion(video: np.ndarray) -> float:
    return float(np.abs(np.diff(video.astype(np.float32), axis=0)).mean())


def test_a_still_video_has_no_pace() -> None:
    video = np.full((12, 8, 8, 1), 90, np.uint8)
    missing = np.zeros(video.shape[:3], bool)
    missing[8:] = True
    assert right_pace(fit_conditional(video, missing)) == UNPACED


def test_a_long_extension_keeps_moving() -> None:
    """It neither fades to the mean frame nor repeats the last one."""
    known = ocean(24, (24, 24))
    video = np.concatenate([known, np.zeros((60, *known.shape[1:]), np.uint8)])
    missing = np.zeros(video.shape[:3], bool)
    missing[24:] = True
    guess = make_guess(video, missing)
    start = with_texture(guess, video, missing, 0)
    np.testing.assert_array_equal(start[:24], known)
    last, mean = start[-15:], known.mean(axis=0)
    assert 0.85 < motion(last) / motion(known) < 1.15
    assert 0.85 < np.std(last - mean) / np.std(known - mean) < 1.15
    # Without it, the draw has the right variance but hurries.
    given = fit_conditional(video, missing)
    hurried = given.to_grey(given.mean() + given.fluctuation(0))[-15:]
    assert motion(hurried) > 1.2 * motion(known)


def edges(video: np.ndarray) -> float:
    grey = video.astype(np.float32).mean(axis=-1)
    slopes = np.hypot(np.diff(grey, axis=1)[:, :, 1:], np.diff(grey, axis=2)[:, 1:])
    return float(np.percentile(slopes, 95))


@pytest.mark.parametrize("blur", [0.0, 0.4])
def test_draws_have_the_edges_of_what_is_visible(blur: float) -> None:
    """Also where the correlations that were found say something else."""
    video = ocean(24, (32, 32))
    missing = np.zeros(video.shape[:3], bool)
    missing[:, 8:16, 8:16] = True
    given = fit_conditional(video, missing)
    for part in given.parts:
        blurred = [paced(own, Pace(fine=blur), part.grid[2]) for own in part.spectrum]
        vars(part)["spectrum"] = np.stack(blurred)
    own = edges(video)

    def of(pace: Pace) -> float:
        return edges(np.clip(given.process.to_grey(given.unconditional(0, pace)), 0, 255)) / own

    assert abs(of(right_pace(given)) - 1) < 0.05
    if blur:
        assert of(UNPACED) < 0.95
