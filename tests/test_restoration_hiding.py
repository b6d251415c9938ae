"""Pixels are hidden in the manner of the missing ones."""

from __future__ import annotations

import numpy as np

from dynpat.datasets import flames
from dynpat.restoration.first_guess import make_guess, with_texture
from dynpat.restoration.hiding import FEWEST, calibration_mask, farther

SHAPE = (30, 20, 20)


def test_known_frames_beside_a_long_run_are_hidden_in_a_row() -> None:
    for place, hidden in ((slice(20, 30), [15, 16, 17, 18, 19]), (slice(10), [10, 11, 12, 13, 14])):
        missing = np.zeros(SHAPE, bool)
        missing[place] = True
        made = calibration_mask(missing, 0)
        assert list(np.flatnonzero(made.any(axis=(1, 2)))) == hidden


def test_something_is_hidden_for_every_seed_if_every_other_frame_is_missing() -> None:
    missing = np.zeros(SHAPE, bool)
    missing[1:-1:2] = True
    for seed in range(12):
        made = calibration_mask(missing, seed)
        assert made.sum() >= FEWEST and not (made & missing).any()


def test_a_hole_that_no_frame_shows_is_made_elsewhere() -> None:
    missing = np.zeros(SHAPE, bool)
    missing[:, 5:10, 5:10] = True
    made = calibration_mask(missing, 0)
    assert made.sum() >= FEWEST and not (made & missing).any()
    assert np.all(made == made[0])
    missing[:, :15] = True  # there is no room for a copy
    assert not calibration_mask(missing, 0).any()


def test_what_is_farther_than_anything_hidden() -> None:
    missing, hidden = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    missing[20:], missing[:, :3, :3], hidden[16:20] = True, True, True
    hidden &= ~missing
    share = farther(missing, hidden)[:, 10, 10]
    assert np.all(share[:24] == 0) and np.all(np.diff(share[23:28]) > 0) and np.all(share[27:] == 1)
    far = farther(missing, hidden)
    assert np.all(far[:, :3, :3] == 1)
    assert not farther(missing, np.zeros(SHAPE, bool))[:, 10, 10].any()


def test_a_hole_that_no_frame_shows_moves() -> None:
    video = flames(30, (32, 32))
    missing = np.zeros(video.shape[:3], bool)
    missing[:, 14:22, 12:20] = True
    known = np.where(missing[..., np.newaxis], 0, video).astype(np.uint8)
    start = with_texture(make_guess(known, missing), known, missing, 0)
    motion = np.abs(np.diff(start, axis=0)).mean(axis=(0, 3))
    ring = np.zeros((32, 32), bool)
    ring[10:26, 8:24], ring[13:23, 11:21] = True, False
    assert 0.7 < motion[14:22, 12:20].mean() / motion[ring].mean() < 1.8
    np.testing.assert_array_equal(start[~missing], video[~missing])
