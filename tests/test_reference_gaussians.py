"""The reference distribution: one Gaussian, or a mixture of them around unlike videos."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from dynpat.models import SceneModel
from dynpat.reference.gaussians import Reference

SHAPE = (4, 8, 9, 3)


def grey_levels(seed: int = 0) -> np.ndarray:
    """Two unlike videos: a dark one, and a bright one that moves more."""
    rng = np.random.default_rng(seed)
    dark = rng.normal(40, 3, (1, *SHAPE)) + np.arange(9)[:, np.newaxis]
    bright = rng.normal(180, 12, (1, *SHAPE))
    return np.concatenate([dark, bright]).clip(0, 255).astype(np.uint8)


def adapted(centre: str = "pixel", modes: int = 2, sigma: float = 2.0) -> Reference:
    reference = Reference(centre, sigma, modes)
    reference.build((None, *SHAPE))
    reference.adapt(grey_levels())
    return reference


def test_one_mode_is_the_gaussian_of_the_paper() -> None:
    reference = adapted(modes=1)
    video = tf.random.stateless_normal((3, *SHAPE), [1, 2]) * 7
    expected = np.sum(video.numpy() ** 2, axis=(1, 2, 3, 4)) / 8
    assert np.allclose(reference.energy(video), expected, rtol=1e-5)
    assert not np.any(reference.mode_means.numpy())


@pytest.mark.parametrize("centre", ["pixel", "channel", "scalar"])
def test_the_mixture_is_the_sum_of_its_gaussians(centre: str) -> None:
    """Against the densities added up one by one, where both count."""
    reference = adapted(centre, sigma=50.0)
    means = [np.broadcast_to(mean, SHAPE) for mean in reference.mode_means.numpy()]
    video = (0.5 * (means[0] + means[1]) + np.random.default_rng(3).normal(0, 1, SHAPE))
    powers = [-np.sum((video - mean) ** 2) / (2 * 50.0**2) for mean in means]
    expected = -np.logaddexp(*powers)
    ours = float(reference.energy(tf.constant(video[np.newaxis], tf.float32))[0])
    assert ours == pytest.approx(expected, rel=1e-3)
    assert abs(ours - max(-p for p in powers)) > 0.1  # not merely one of the two


def test_a_pixel_is_as_free_as_it_was_seen_to_move_up_to_a_bound() -> None:
    for modes in (1, 2):
        reference = Reference("pixel", 2.0, modes, widest=11.0)
        reference.build((None, *SHAPE))
        reference.adapt(grey_levels())
        spreads = reference.mode_spreads.numpy()
        expected = np.minimum(4 + spreads**2, 121)
        assert modes == 1 or ((expected < 121).any() and (expected == 121).any())
        video = tf.random.stateless_normal((2, *SHAPE), [1, 2]) * 7
        means = np.zeros((1, 1)) if modes == 1 else reference.mode_means.numpy()
        powers = [
            -np.sum((video.numpy() - mean) ** 2 / (2 * variance), axis=(1, 2, 3, 4))
            - (SHAPE[0] / 2 * np.log(variance).sum() if modes > 1 else 0)
            for mean, variance in zip(means, expected, strict=True)
        ]
        np.testing.assert_allclose(
            reference.energy(video), -np.logaddexp.reduce(powers, axis=0), rtol=1e-4
        )


def test_levels_that_no_picture_has_cost_the_square_of_their_distance() -> None:
    bounded, plain = (Reference("channel", 2.0, 1, bounded=flag) for flag in (True, False))
    for reference in (bounded, plain):
        reference.build((None, *SHAPE))
        reference.adapt(grey_levels())
    mean = plain.mean.numpy()
    inside = np.random.default_rng(0).uniform(0, 255, (1, *SHAPE))
    outside = inside.copy()
    outside[0, 0, 0, 0] = (-10, 265, 100)
    for grey, cost in ((inside, 0), (outside, 2 * 10**2 / (2 * 2.0**2))):
        video = tf.constant(grey - mean, tf.float32)
        found = float(bounded.energy(video)[0]) - float(plain.energy(video)[0])
        assert found == pytest.approx(cost, abs=1)  # of energies of about a million


def test_the_mean_level_of_a_video_is_held_and_its_pixels_are_not() -> None:
    plain, steady = (Reference("channel", 5.0, 1, steady=held) for held in (0.0, 3.0))
    for reference in (plain, steady):
        reference.build((None, *SHAPE))
    video = tf.random.stateless_normal((2, *SHAPE), [1, 2]) * 7 + tf.constant([4.0, 0.0, -2.0])
    levels = video.numpy().mean(axis=(1, 2, 3))
    pixels = math.prod(SHAPE[:3])
    more = 3 * pixels * np.sum(levels**2, axis=1) / (2 * 25)
    assert np.allclose(steady.energy(video) - plain.energy(video), more, rtol=1e-3)
    balanced = video - levels[:, np.newaxis, np.newaxis, np.newaxis]
    assert np.allclose(steady.energy(balanced), plain.energy(balanced), rtol=1e-5)


def test_the_mixture_pulls_to_the_nearest_mean() -> None:
    reference = adapted(sigma=2.0)
    means = reference.mode_means.numpy()
    for mean in means:
        video = tf.constant(mean + np.random.default_rng(4).normal(0, 2, (1, *SHAPE)), tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(video)
            energy = tf.reduce_sum(reference.energy(video))
        expected = (video.numpy() - mean) / 2.0**2
        assert np.allclose(tape.gradient(energy, video), expected, atol=1e-4)


def test_each_mode_keeps_the_mean_and_spread_of_its_video() -> None:
    reference, videos = adapted(), grey_levels().astype(np.float64)
    for number, video in enumerate(videos):
        mean = reference.mean.numpy() + reference.mode_means.numpy()[number]
        assert np.allclose(mean, video.mean(axis=0), atol=1e-3)
        assert np.allclose(reference.mode_spreads.numpy()[number], video.std(axis=0), atol=1e-3)


def test_noise_is_drawn_around_its_mode_with_its_spread() -> None:
    reference = adapted(sigma=2.0)
    for mode in (0, 1):
        mean, spread = (w.numpy()[mode] for w in (reference.mode_means, reference.mode_spreads))
        drawn = reference.draw((50, *SHAPE), 7, mode, spread=True).numpy() - mean
        expected = np.sqrt(4 + spread**2)
        assert np.mean(drawn**2 / expected**2) == pytest.approx(1, abs=0.02)
        narrow = reference.draw((50, *SHAPE), 7, mode, spread=False).numpy() - mean
        assert narrow.std() == pytest.approx(2, rel=0.02)
        assert np.array_equal(reference.draw((1, *SHAPE), 7, mode, spread=True),
                              reference.draw((1, *SHAPE), 7, mode + 2, spread=True))


@pytest.mark.parametrize(("videos", "modes", "expected"), [
    (5, 2, [[0, 1, 2], [3, 4]]), (2, 3, [[0], [1], [0]]), (3, 3, [[0], [1], [2]]),
])  # fmt: skip
def test_videos_share_modes(videos: int, modes: int, expected: list[list[int]]) -> None:
    groups = Reference("pixel", 1.0, modes).groups(videos)
    assert [list(group) for group in groups] == expected


def model(**changes: Any) -> SceneModel:
    return SceneModel(
        SHAPE[0], SHAPE[1:3], 3, filters=(4, 3), kernels=((3, 3, 3), 2), strides=((2, 2, 2), 1),
        **changes,
    )


def test_a_network_that_is_shown_the_picture_sees_the_still_mean() -> None:
    """f of the deviation plus the mean equals f of a network that is shown that sum."""
    seeing, plain = model(shown="picture"), model()
    seeing.adapt(grey_levels())
    still = seeing.to_grey(np.zeros((1, *SHAPE))).numpy()
    still -= still.mean(axis=(0, 1, 2, 3))
    video = tf.random.stateless_normal((2, *SHAPE), [5, 6]) * 10
    assert np.allclose(seeing.f(video), plain.f(video + still), rtol=1e-3)
    assert not np.allclose(seeing.f(video), plain.f(video), rtol=1e-2)


def test_chains_start_around_the_mean_of_their_own_video() -> None:
    learned = model(modes=2, sigma=2.0)
    learned.adapt(grey_levels())
    chains = learned.start_chains(2, 3, seed=1).video.numpy()
    means = learned.reference.mode_means.numpy()
    for number in (0, 1):
        rest = chains[number] - means[number]
        assert abs(rest.mean()) < 4 * 2 / math.sqrt(rest.size)
        assert rest.std() == pytest.approx(2, rel=0.05)


def test_chains_differ_from_each_other_and_follow_the_seed() -> None:
    learned = model(modes=2, sigma=2.0)
    learned.adapt(grey_levels())
    start = learned.start_chains(2, 3, seed=1).video.numpy()
    assert start.shape == (2, 3, *SHAPE)
    assert len({chain.tobytes() for chain in start.reshape(6, -1)}) == 6
    assert np.array_equal(learned.start_chains(2, 3, seed=1).video.numpy(), start)
    assert np.mean(learned.start_chains(2, 3, seed=2).video.numpy() == start) < 0.01
