"""Pixels are hidden in the manner of the missing ones."""

from __future__ import annotations

import numpy as np

from dynpat.datasets import flames
from dynpat.restoration.first_guess import _surely_better, make_guess, with_texture
from dynpat.restoration.hiding import (
    FEWEST,
    _usual_gap,
    as_far,
    calibration_mask,
    farther,
    likeness,
)

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


def _runs(shown: np.ndarray) -> set[int]:
    """The lengths of the runs of True in (T,)."""
    edges = np.flatnonzero(np.diff(np.pad(shown, 1).astype(int)))
    return set(np.diff(edges)[::2])


def test_pixels_are_hidden_for_as_long_as_others_are_missing() -> None:
    """A thing covers each place for five frames on its way, or for single ones."""
    for length in (5, 1):
        missing = np.zeros((60, 20, 60), bool)
        for number in range(60 - length):
            missing[number, 5:15, number : number + length] = True
        made = calibration_mask(missing, 0)
        assert not (made & missing).any()
        lengths = [_runs(made[:, 10, column]) for column in range(60)]
        assert max(set().union(*lengths)) == length


def test_runs_are_no_longer_than_that_two_fit_in() -> None:
    missing = np.zeros((36, 20, 20), bool)
    missing[4:30, 5:10, 5:10] = True
    assert _usual_gap(missing, missing) == 6
    assert _usual_gap(missing[:3], missing[:3]) == 1


def test_missing_pixels_count_as_far_away_as_hidden_ones() -> None:
    """Three frames are missing in a row, of which the middle one is two frames from the known."""
    missing, hidden = np.zeros((20, 2, 2), bool), np.zeros((20, 2, 2), bool)
    missing[4:7], hidden[12] = True, True
    counts = as_far(missing, hidden).reshape(3, 4)
    np.testing.assert_allclose(counts, [[1.5] * 4, [0] * 4, [1.5] * 4])


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


def test_hidden_pixels_count_by_how_long_their_gaps_are() -> None:
    """Single frames are missing; one that is hidden beside two of them makes a gap of three."""
    missing = np.zeros((20, 4, 4), bool)
    missing[[3, 5, 12]] = True
    hidden = np.zeros_like(missing)
    hidden[[4, 9]] = True
    counts = likeness(missing, hidden)
    assert counts.mean() == 1
    np.testing.assert_array_equal(counts[:16], 0)  # no gap of three is missing
    np.testing.assert_array_equal(counts[16:], 2)


def test_gaps_of_any_length_count_if_none_is_like_the_missing_ones() -> None:
    missing = np.zeros((20, 4, 4), bool)
    missing[4:8] = True
    hidden = np.zeros_like(missing)
    hidden[12] = True
    np.testing.assert_array_equal(likeness(missing, hidden), 1)


def test_what_few_frames_tell_has_to_be_clear() -> None:
    errors = np.ones((300, 2))
    errors[:, 0] = 1.1  # the second estimate saves a tenth
    second = np.array([0.0, 1.0])
    assert _surely_better(errors, second, np.repeat(np.arange(6), 50))
    assert not _surely_better(errors, second, np.zeros(300, np.int64))
    errors[:, 0] = 1.5
    assert _surely_better(errors, second, np.zeros(300, np.int64))
