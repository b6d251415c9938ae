"""A fast disc between two frames is one disc, not two faint ones."""

from __future__ import annotations

import numpy as np
import pytest

from dynpat.restoration import along_motion as moving
from dynpat.restoration.along_motion import along_motion
from dynpat.restoration.first_guess import MOVED, make_guess, with_texture
from dynpat.restoration.kriging import interpolate_in_time

RADIUS = 4.0


def disc(frames: int = 13, step: float = 5.0) -> tuple[np.ndarray, np.ndarray]:
    """A disc that travels over a striped ground, (T, H, W, 1), and how much of it is where."""
    y, x = np.mgrid[:28, : int(step * frames) + 16]
    ground = 90 + 20 * np.sin(x / 5) + 15 * np.cos(y / 4)
    cover = np.stack([
        np.clip(RADIUS + 0.5 - np.hypot(y - 14 - 3 * np.sin(t / 4), x - 8 - step * t), 0, 1)
        for t in range(frames)
    ])
    video = ground * (1 - cover) + 230 * cover
    return video[..., np.newaxis].round().astype(np.uint8), cover


def between(video: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    missing = np.zeros(video.shape[:3], bool)
    missing[1::2] = True
    return np.where(missing[..., np.newaxis], 0, video).astype(np.uint8), missing


def shown(made: np.ndarray, cover: np.ndarray, ground: np.ndarray) -> tuple[float, float]:
    """How much of the disc stands where it is, and where it was or will be."""
    there, ghosts = [], []
    for t in range(1, len(made) - 1, 2):
        contrast = (made[t, ..., 0] - ground) / (230 - ground)
        there.append(contrast[cover[t] > 0.9].mean())
        others = (cover[t - 1] > 0.9) | (cover[t + 1] > 0.9)
        ghosts.append(contrast[others & (cover[t] < 0.01)].mean())
    return float(np.mean(there)), float(np.mean(ghosts))


@pytest.mark.parametrize("step", [3.0, 6.0])
def test_a_travelling_disc_is_one_disc(step: float) -> None:
    video, cover = disc(step=step)
    ground = np.median(video[..., 0], axis=0)
    known, missing = between(video)
    made = along_motion(known, missing)
    assert made is not None
    there, ghost = shown(made, cover, ground)
    assert there > 0.85 and ghost < 0.15
    there, ghost = shown(interpolate_in_time(known, missing), cover, ground)
    assert there < 0.6 and ghost > 0.4
    np.testing.assert_array_equal(made[~missing], video[~missing])


def test_the_start_of_the_chains_shows_one_disc() -> None:
    """The guess chooses it, and the draw around it does not tear it."""
    video, cover = disc(15, 6.0)
    known, missing = between(video)
    guess = make_guess(known, missing)
    assert guess.weights[MOVED] > 0.5
    start = with_texture(guess, known, missing, 0)
    np.testing.assert_array_equal(start[~missing], video[~missing])
    there, ghost = shown(start, cover, np.median(video[..., 0], axis=0))
    assert there > 0.7 and ghost < 0.2


def test_it_is_offered_only_between_whole_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    video, _ = disc(7)
    scattered = np.random.default_rng(0).random(video.shape[:3]) < 0.5
    after = np.zeros(video.shape[:3], bool)
    after[5:] = True
    assert along_motion(video, scattered) is None and along_motion(video, after) is None
    monkeypatch.setattr(moving, "WORK", 1)
    assert along_motion(*between(video)) is None


def test_large_pictures_are_matched_at_a_smaller_size(monkeypatch: pytest.MonkeyPatch) -> None:
    video, cover = disc(7, 3.0)
    video, cover = (np.repeat(np.repeat(of, 2, axis=1), 2, axis=2) for of in (video, cover))
    known, missing = between(video)
    gaps = [(0, 2), (2, 4), (4, 6)]
    monkeypatch.setattr(moving, "WORK", 3_000_000)
    assert moving._shrinking(gaps, missing.shape[1:]) == 2
    made = along_motion(known, missing)
    assert made is not None
    there, ghost = shown(made, cover, np.median(video[..., 0], axis=0))
    assert there > 0.7 and ghost < 0.25


def test_a_still_picture_stays_and_a_gap_too_long_is_interpolated() -> None:
    video = np.tile(disc(1)[0], (9, 1, 1, 1))
    known, missing = between(video)
    np.testing.assert_allclose(along_motion(known, missing), video, atol=1e-3)
    moving_video = disc(15)[0]
    missing = np.ones(moving_video.shape[:3], bool)
    missing[[0, 2, 14]] = False
    made = along_motion(moving_video, missing)
    assert made is not None
    plain = interpolate_in_time(moving_video, missing)
    np.testing.assert_array_equal(made[3:], plain[3:])
    assert np.abs(made[1] - plain[1]).max() > 20
