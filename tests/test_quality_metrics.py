"""Figures of quality on constructed videos whose right figures are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from dynpat.errors import BadOptionError
from dynpat.quality import metrics

pytestmark = pytest.mark.usefixtures("thorough")

SHAPE = (16, 24, 28, 3)


def waves(seed: int = 0, shape: tuple[int, ...] = SHAPE, speed: float = 0.6) -> np.ndarray:
    """A texture that moves: a few travelling plane waves."""
    rng = np.random.default_rng(seed)
    t, y, x = (np.arange(n, dtype=float).reshape(s) for n, s in zip(
        shape[:3], ((-1, 1, 1), (1, -1, 1), (1, 1, -1)), strict=True))
    video = np.zeros(shape, float)
    for channel in range(shape[3]):
        for _ in range(4):
            a, b = rng.normal(0, 0.5, 2)
            phase = rng.uniform(0, 2 * np.pi)
            video[..., channel] += 20 * np.sin(a * x + b * y + speed * t + phase)
    return (video + 128).clip(0, 255).astype(np.float32)


def test_a_video_is_at_no_distance_from_itself() -> None:
    video = waves()
    assert metrics.patch_distance(video, video) < 0.5  # other patches are drawn of each
    assert metrics.motion_distance(video, video) < 0.5
    assert metrics.motion_ratio(video, video) == metrics.sharpness_ratio(video, video) == 1
    for distance in (metrics.mean_error, metrics.deviation_error, metrics.spectrum_distance,
                     metrics.copy_distance):
        assert distance(video, video) == 0


@pytest.mark.parametrize("shift", [5.0, 20.0])
def test_distance_of_shifted_levels_is_what_the_shift_projects_to(shift: float) -> None:
    """All patches move by (s, s, …, s): its mean |projection| is s·√n·E|u| = s·√n·√(2/(πn))."""
    video = waves()
    found = metrics.sliced_wasserstein(video, video + shift)
    assert found == pytest.approx(shift * np.sqrt(2 / np.pi), rel=0.15)


def test_distance_of_single_values_is_that_of_the_sorted_values() -> None:
    """Patches of one value have one direction: the plain Wasserstein distance."""
    low, high = np.zeros((8, 20, 20, 1), np.float32), np.zeros((8, 20, 20, 1), np.float32)
    high[:, :10] = 12  # half of the values are 12 higher: distance 6
    assert metrics.sliced_wasserstein(low, high, (1, 1, 1)) == pytest.approx(6, abs=0.15)


def test_scaling_contrast_scales_motion_and_sharpness() -> None:
    video = waves() - 128
    assert metrics.motion_ratio(video, 0.5 * video) == pytest.approx(0.5)
    assert metrics.sharpness_ratio(video, 1.5 * video) == pytest.approx(1.5)
    assert metrics.deviation_error(video, 2 * video) == pytest.approx(video.std(axis=0).mean())
    noise = np.random.default_rng(0).normal(0, 10, SHAPE)
    assert metrics.spectrum_distance(noise, 10 * noise) == pytest.approx(2, abs=0.01)


def test_a_still_mean_frame_has_no_motion_and_a_right_mean() -> None:
    video = waves()
    still = np.broadcast_to(video.mean(axis=0), video.shape)
    assert metrics.motion_ratio(video, still) == 0
    assert metrics.mean_error(video, still) == pytest.approx(0, abs=1e-4)
    assert metrics.deviation_error(video, still) == pytest.approx(video.std(axis=0).mean())
    assert metrics.motion_distance(video, still) > 5


def test_ratios_of_a_video_that_stands_still() -> None:
    still = np.full(SHAPE, 7, np.float32)
    assert metrics.motion_ratio(still, still) == 1
    assert metrics.motion_ratio(still, waves()) == np.inf


def test_flicker_is_motion_where_nothing_moves() -> None:
    video = np.full(SHAPE, 90, np.float32)
    video[:, :, 10:] = waves()[:, :, 10:]
    flickering = video.copy()
    flickering[::2, :, :10] += 3
    assert metrics.flicker(video, flickering) == pytest.approx(3, rel=0.02)
    assert metrics.flicker(video, video) == 0
    moving = np.random.default_rng(0).uniform(0, 255, SHAPE)
    assert np.isnan(metrics.flicker(moving, moving))


def test_closest_frames_and_passages() -> None:
    video = waves()
    shuffled = video[np.random.default_rng(0).permutation(len(video))]
    assert metrics.copy_distance(video, shuffled) == 0
    assert metrics.copy_distance(video, shuffled, window=6) > 3
    assert metrics.copy_distance(video, np.roll(video, 3, axis=0)[3:], window=6) == 0
    assert metrics.copy_distance(video, video + 4) == pytest.approx(4, rel=0.05)
    assert metrics.copy_distance(video, video[:3], window=99) == 0


def test_diversity_tells_alike_from_unlike() -> None:
    observed, one, other = np.random.default_rng(0).uniform(0, 255, (3, *SHAPE))
    alike = [one, one]
    assert metrics.diversity(observed, alike) == 0
    assert metrics.diversity(observed, [one, other]) == pytest.approx(1, rel=0.02)
    assert metrics.diversity(observed, [one, one, other]) == pytest.approx(2 / 3, rel=0.02)
    assert np.isnan(metrics.diversity(observed, alike[:1]))


def test_edges_are_those_of_what_moves() -> None:
    """Blurring a moving half halves its edges, whatever the half that stands still looks like."""
    rng = np.random.default_rng(0)
    video = np.repeat(rng.integers(0, 256, (1, 24, 24, 3)), 16, axis=0).astype(np.float32)
    video[:, :12] = 128 + 60 * np.sign(waves(0)[:16, :12, :24] - 128)
    video[:, 12] = 128
    assert metrics.edge_ratio(video, video) == 1
    softer = video.copy()
    softer[:, :12] = 128 + (video[:, :12] - 128) / 2
    assert metrics.edge_ratio(video, softer) == pytest.approx(0.5, abs=0.02)
    still = video.copy()
    still[:, 14:] = 0
    assert metrics.edge_ratio(video, still) == pytest.approx(1, abs=0.02)
    assert np.isnan(metrics.edge_ratio(video[:1], video[:1]))


def test_a_checkerboard_is_found_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    video = 128 + 30 * rng.standard_normal((16, 32, 36, 3))
    board = 15.0 * (np.indices((32, 36)).sum(axis=0) % 2)[..., np.newaxis]
    board = board * rng.choice([-1, 1], (16, 1, 1, 1))
    assert metrics.checkerboard(video, video) == 0
    assert metrics.checkerboard(video, video + board) > 1
    columns = 15.0 * (np.arange(36) % 4 < 2)[:, np.newaxis] * rng.choice([-1, 1], (16, 1, 1, 1))
    assert metrics.checkerboard(video, video + columns) > 0.5
    assert metrics.checkerboard(video, 1.5 * video) == pytest.approx(0, abs=0.02)


def test_shrinking_averages_blocks() -> None:
    video = np.arange(2 * 4 * 6 * 1, dtype=np.uint8).reshape(2, 4, 6, 1)
    small = metrics.at_scale(video, 2)
    assert small.shape == (2, 2, 3, 1)
    assert small[0, 0, 0, 0] == np.mean([0, 1, 6, 7])
    assert metrics.at_scale(video, 4).shape == (2, 1, 1, 1)


def test_too_small_for_a_patch_is_said() -> None:
    with pytest.raises(BadOptionError, match="at least 4 frames of 7×7"):
        metrics.patch_distance(waves()[:3], waves())


@settings(max_examples=6)
@given(gain=st.floats(0.2, 3), offset=st.floats(-30, 30), seed=st.integers(0, 99))
def test_figures_are_finite_and_not_negative(gain: float, offset: float, seed: int) -> None:
    observed, made = waves(), gain * (waves(seed) - 128) + 128 + offset
    for measure in (metrics.patch_distance, metrics.motion_distance, metrics.motion_ratio,
                    metrics.sharpness_ratio, metrics.mean_error, metrics.deviation_error,
                    metrics.spectrum_distance, metrics.copy_distance):
        value = measure(observed, made)
        assert np.isfinite(value) and value >= 0
    assert metrics.mean_error(observed, observed + offset) == pytest.approx(abs(offset), abs=1e-3)


def test_quantiles_are_those_of_numpy() -> None:
    numbers = np.random.default_rng(0).normal(size=(5, 777)).astype(np.float32)
    expected = np.quantile(numbers, (np.arange(2000) + 0.5) / 2000, axis=1).T
    np.testing.assert_allclose(metrics._quantiles(numbers), expected, atol=1e-5)
