"""Trivial ways to make a video: seeded, in range, and each what it says."""

from __future__ import annotations

import numpy as np
import pytest

from dynpat.datasets import flames
from dynpat.quality import baselines, metrics

SIZE, FRAMES = (32, 32), 40


@pytest.fixture(scope="module")
def observed() -> np.ndarray:
    return flames(FRAMES, SIZE)


def test_shuffled_frames_are_the_same_frames(observed: np.ndarray) -> None:
    made = baselines.shuffled_frames(observed)
    assert not np.array_equal(made, observed)
    keys = [sorted(frame.tobytes() for frame in video.astype(np.uint8))
            for video in (made, observed)]
    assert keys[0] == keys[1]


def test_the_pixel_gaussian_has_every_pixels_mean_and_deviation() -> None:
    rng = np.random.default_rng(0)
    means, spreads = rng.uniform(90, 160, (6, 6, 3)), rng.uniform(1, 15, (6, 6, 3))
    observed = means + spreads * rng.normal(size=(3000, 6, 6, 3))
    made = baselines.pixel_gaussian(observed)
    assert metrics.mean_error(observed, made) < 0.3
    assert metrics.deviation_error(observed, made) < 0.2
    lagged = np.corrcoef(made[:-1, 0, 0, 0], made[1:, 0, 0, 0])[0, 1]
    assert abs(lagged) < 0.06


def test_a_linear_system_learns_a_rotation() -> None:
    """Two pixels that turn as sine and cosine: it goes on for ever, without noise."""
    angle = 2 * np.pi / 20 * np.arange(60)
    observed = 128 + 50 * np.stack([np.cos(angle), np.sin(angle)], -1).reshape(60, 1, 2, 1)
    made = baselines.linear_system(observed) - 128
    assert np.hypot(made[:, 0, 0, 0], made[:, 0, 1, 0]) == pytest.approx(50, rel=0.01)
    turned = np.unwrap(np.arctan2(made[:, 0, 1, 0], made[:, 0, 0, 0]))
    assert np.diff(turned) == pytest.approx(2 * np.pi / 20, abs=0.002)


def test_every_baseline_is_seeded_and_in_range(observed: np.ndarray) -> None:
    for make in baselines.BASELINES.values():
        made = make(observed, seed=3)
        assert made.shape == observed.shape and made.dtype == np.float32
        assert made.min() >= 0 and made.max() <= 255
        np.testing.assert_array_equal(made, make(observed, seed=3))
        assert not np.array_equal(made, make(observed, seed=4))


def test_baselines_of_a_still_video_stand_still() -> None:
    still = np.full((10, 8, 8, 3), 77, np.uint8)
    for make in baselines.BASELINES.values():
        np.testing.assert_allclose(make(still), 77)
