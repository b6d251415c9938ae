"""Filled-in pixels beside what surrounds them: a copy of the rest is alike, a still one is not."""

from __future__ import annotations

import numpy as np
import pytest

from dynpat.quality.surroundings import beside_surroundings


@pytest.fixture
def video() -> np.ndarray:
    """Noise that is alike everywhere, (12, 32, 32, 3) grey levels."""
    return np.random.default_rng(0).normal(128, 20, (12, 32, 32, 3)).astype(np.float32)


def hole(frames: slice = slice(None), side: int = 12) -> np.ndarray:
    missing = np.zeros((12, 32, 32), bool)
    missing[frames, 10 : 10 + side, 10 : 10 + side] = True
    return missing


@pytest.mark.parametrize("missing", [
    hole(), hole(slice(3, 9)),
    np.repeat(np.arange(12) >= 8, 32 * 32).reshape(12, 32, 32),  # whole frames at the end
    np.repeat(np.arange(12) % 2 == 1, 32 * 32).reshape(12, 32, 32),  # every other frame
])
def test_what_is_alike_everywhere_is_alike_in_a_hole(
    video: np.ndarray, missing: np.ndarray
) -> None:
    found = beside_surroundings(video, missing)
    assert found.motion == pytest.approx(1, rel=0.1)
    assert found.edges == pytest.approx(1, rel=0.1)


def test_half_the_contrast_has_half_the_motion_and_edges(video: np.ndarray) -> None:
    missing = hole()
    video[missing] = 128 + (video[missing] - 128) / 2
    found = beside_surroundings(video, missing)
    assert found.motion == pytest.approx(0.5, rel=0.05)
    assert found.edges == pytest.approx(0.5, rel=0.05)


def test_a_still_hole_does_not_move(video: np.ndarray) -> None:
    video[hole()] = 128
    found = beside_surroundings(video, hole())
    assert found.motion == 0 and found.edges == 0


def test_only_the_pixels_around_count(video: np.ndarray) -> None:
    missing = np.zeros((12, 32, 32), bool)
    missing[:, :10, :10] = True
    video[:, 20:, :] = video[:, :, 20:] = 128  # farther than 8 pixels from the hole, and still
    assert beside_surroundings(video, missing).motion == pytest.approx(1, rel=0.05)


def test_what_cannot_be_measured_is_none(video: np.ndarray) -> None:
    few = beside_surroundings(video, hole(slice(5, 6), side=1))
    assert few.motion is None and few.edges is None
    video[~hole()] = 128
    still = beside_surroundings(video, hole())
    assert still.motion is None and still.edges is None
    everything = beside_surroundings(video, np.ones((12, 32, 32), bool))
    assert everything.motion is None and everything.edges is None
