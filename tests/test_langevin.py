"""Langevin dynamics against closed forms, and the contracts of `sample`."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from dynpat import langevin

Energy = Callable[[tf.Tensor], tf.Tensor]
AXES = [1, 2, 3, 4]


def reference_energy(sigma: float) -> Energy:
    """‖I‖²/(2σ²): f = 0."""
    return lambda video: tf.reduce_sum(video**2, axis=AXES) / (2 * sigma**2)


def some_video(seed: int = 0, shape: tuple[int, ...] = (2, 3, 4, 5, 1)) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(("sigma", "step_size"), [(0.5, 0.3), (1.0, 0.6), (2.0, 3.0), (1.0, 1.9)])
def test_zero_energy_chain_is_ar1_with_the_exact_variance(sigma: float, step_size: float) -> None:
    """I ← a·I + ε·Z with a = 1 − ε²/2σ² has the stationary variance ε²/(1 − a²)."""
    expected = sigma**2 / (1 - step_size**2 / (4 * sigma**2))
    assert expected == pytest.approx(step_size**2 / (1 - (1 - step_size**2 / 2 / sigma**2) ** 2))
    count = 20_000
    start = np.zeros((1, 2, 100, 100, 1), np.float32)
    final = langevin.sample(reference_energy(sigma), start, 80, step_size, seed=5).numpy()
    # Four standard errors of the variance and of the mean of `count` independent pixels.
    assert abs(final.var() - expected) < 4 * expected * math.sqrt(2 / count)
    assert abs(final.mean()) < 4 * math.sqrt(expected / count)


@pytest.mark.parametrize("momentum", [0.3, 0.7, 0.95])
def test_a_chain_with_momentum_has_the_variance_of_a_gaussian_exactly(momentum: float) -> None:
    """However long its steps are, where plain Langevin steps of ε = σ have 4/3 of it.

    After a few steps, of velocities that were drawn anew, it is at most 1 + ε⁴/(16σ⁴) of it.
    """
    sigma, count = 0.5, 20_000
    start = sigma * some_video(4, (1, 2, 100, 100, 1))
    for steps, most in ((3, 1 + 1 / 16), (200, 1.0)):
        final = langevin.sample(
            reference_energy(sigma), start, steps, sigma, seed=5, momentum=momentum
        ).numpy()
        slack = 4 * math.sqrt(2 / count)
        assert 1 - slack < final.var() / sigma**2 < most + slack
        assert abs(final.mean()) < 4 * sigma / math.sqrt(count)


def test_momentum_takes_a_chain_farther() -> None:
    """Steps of ε in a flat energy: n steps go √n·ε without it, and up to n·ε with it."""
    def flat(video: tf.Tensor) -> tf.Tensor:
        return 0.0 * tf.reduce_sum(video, axis=AXES)

    start = np.zeros((1, 2, 50, 50, 1), np.float32)
    steps, keeps = 25, 0.9
    plain = langevin.sample(flat, start, steps, 0.1, seed=1).numpy().std()
    fast = langevin.sample(flat, start, steps, 0.1, seed=1, momentum=keeps).numpy().std()
    # Var of a sum of a stationary AR(1) path, each step the mean of two velocities.
    path = np.array([[keeps ** abs(i - j) for j in range(steps + 1)] for i in range(steps + 1)])
    weights = np.full(steps + 1, 1.0)
    weights[[0, -1]] = 0.5
    expected = 0.1 * math.sqrt(weights @ path @ weights)
    assert fast == pytest.approx(expected, rel=0.03)
    assert plain == pytest.approx(0.5, rel=0.03) and fast > 2 * plain


def test_held_pixels_stay_with_momentum() -> None:
    video = some_video(6)
    held = np.random.default_rng(0).random(video.shape) < 0.5
    final = langevin.sample(
        reference_energy(1.0), video, 4, 0.5, seed=1, clamped=held, momentum=0.7
    ).numpy()
    np.testing.assert_array_equal(final[held], video[held])
    assert np.all(final[~held] != video[~held])


def test_the_tolerance_of_the_variance_test_tells_the_naive_formula_apart() -> None:
    """Otherwise the test above would accept an ε² that is wrong by its factor ½."""
    sigma, step_size, count = 0.5, 0.3, 20_000
    exact = sigma**2 / (1 - step_size**2 / (4 * sigma**2))
    assert abs(exact - sigma**2) > 2 * 4 * exact * math.sqrt(2 / count)


def test_consecutive_steps_are_correlated_as_ar1() -> None:
    sigma, step_size, count = 1.0, 0.6, 20_000
    energy = reference_energy(sigma)
    start = np.zeros((1, 2, 100, 100, 1), np.float32)
    before = langevin.sample(energy, start, 80, step_size, seed=1)
    after = langevin.sample(energy, before, 1, step_size, seed=2).numpy()
    correlation = np.corrcoef(before.numpy().ravel(), after.ravel())[0, 1]
    expected = 1 - step_size**2 / (2 * sigma**2)
    assert abs(correlation - expected) < 4 * (1 - expected**2) / math.sqrt(count)


def test_noise_of_a_chain_is_new_at_each_step_and_standard_normal() -> None:
    """With a flat energy the chain is a sum of the steps' noise: variance n·ε²."""
    def flat(video: tf.Tensor) -> tf.Tensor:
        return 0.0 * tf.reduce_sum(video, axis=AXES)

    start = np.zeros((1, 2, 100, 100, 1), np.float32)
    final = langevin.sample(flat, start, 9, 0.5, seed=3).numpy()
    assert abs(final.var() - 9 * 0.25) < 4 * 9 * 0.25 * math.sqrt(2 / final.size)
    half = langevin.sample(flat, start, 9, 0.5, seed=3, noise=0.5).numpy()
    np.testing.assert_allclose(half, final / 2, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("steps", [1, 2, 17])
def test_noise_off_path_is_exact_for_a_quadratic_energy(steps: int) -> None:
    """E = ½·c·(I − m)² per pixel: I ← I − ε²/2·c·(I − m), step by step in numpy."""
    curvature = np.abs(some_video(1)) + 0.5
    centre = some_video(2)

    def energy(video: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(0.5 * curvature * (video - centre) ** 2, axis=AXES)

    step_size, by_hand = 0.4, some_video(3).astype(np.float64)
    start = by_hand.astype(np.float32)
    for _ in range(steps):
        by_hand = by_hand - step_size**2 / 2 * curvature * (by_hand - centre)
    final = langevin.sample(energy, start, steps, step_size, seed=0, noise=0.0).numpy()
    np.testing.assert_allclose(final, by_hand, rtol=2e-5, atol=2e-6)


def test_noise_off_path_is_exact_for_a_linear_energy() -> None:
    """E = −Σ w·I: every step adds ε²/2·w, so the number of steps can be read off."""
    w, start, step_size = some_video(4), some_video(5), 0.5
    for steps in (1, 3, 10):
        final = langevin.sample(
            lambda video: -tf.reduce_sum(w * video, axis=AXES), start, steps, step_size, 0,
            noise=0.0,
        )
        np.testing.assert_allclose(
            final, start + steps * step_size**2 / 2 * w, rtol=1e-5, atol=1e-5
        )


def test_zero_steps_change_nothing() -> None:
    start = some_video()
    np.testing.assert_array_equal(
        langevin.sample(reference_energy(1.0), start, 0, 0.3, seed=0), start
    )


def test_same_seed_same_video_other_seed_another() -> None:
    energy, start = reference_energy(1.0), some_video()
    first = langevin.sample(energy, start, 4, 0.5, seed=11).numpy()
    np.testing.assert_array_equal(first, langevin.sample(energy, start, 4, 0.5, seed=11))
    other = langevin.sample(energy, start, 4, 0.5, seed=12).numpy()
    assert np.mean(first == other) < 0.01
    # Global randomness plays no part.
    tf.random.set_seed(99)
    np.testing.assert_array_equal(first, langevin.sample(energy, start, 4, 0.5, seed=11))


def test_chains_of_one_batch_draw_different_noise() -> None:
    start = np.zeros((3, 2, 4, 4, 1), np.float32)
    final = langevin.sample(reference_energy(1.0), start, 3, 0.5, seed=1).numpy()
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert np.mean(final[a] == final[b]) < 0.01


def test_videos_of_a_batch_do_not_influence_one_another() -> None:
    """One gradient of the summed energy serves all: the noise-off path of each stays its own."""
    start = some_video(7)
    other = np.concatenate([start[:1], 5 * some_video(8)[1:]])

    def energy(video: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(tf.nn.softplus(video) ** 2, axis=AXES)

    one = langevin.sample(energy, start, 5, 0.4, 0, noise=0.0).numpy()
    two = langevin.sample(energy, other, 5, 0.4, 0, noise=0.0).numpy()
    np.testing.assert_allclose(one[0], two[0], rtol=1e-6)
    assert not np.allclose(one[1], two[1])


def test_one_trace_for_one_energy_whatever_else_changes() -> None:
    compiled = langevin._compiled_chain
    before = compiled.experimental_get_tracing_count()
    energy, start = reference_energy(1.0), some_video()
    langevin.sample(energy, start, 2, 0.3, seed=0)
    assert compiled.experimental_get_tracing_count() == before + 1
    for steps, step_size, seed, noise in ((3, 0.3, 0, 1.0), (2, 0.7, 5, 0.0), (40, 1, 2**31, 1)):
        langevin.sample(energy, start, steps, step_size, seed=seed, noise=noise)
    langevin.sample(energy, some_video(1), 1, 0.3, seed=0)
    langevin.sample(energy, tf.constant(start), np.int64(1), np.float32(0.3), seed=np.int64(3))
    assert compiled.experimental_get_tracing_count() == before + 1
    langevin.sample(reference_energy(2.0), start, 2, 0.3, seed=0)
    assert compiled.experimental_get_tracing_count() == before + 2


@pytest.mark.parametrize(
    "shape", [(2, 3, 4, 5, 1), (1, 3, 1, 1, 1), (1, 1, 4, 5, 1)], ids=["full", "frames", "picture"]
)
def test_held_pixels_stay_bit_equal_and_the_others_move(shape: tuple[int, ...]) -> None:
    start = some_video(3) * 1e3 + 1 / 3
    held = np.random.default_rng(1).random(shape) < 0.5
    held.flat[:2] = True, False  # never all alike
    final = langevin.sample(reference_energy(1.0), start, 6, 0.5, seed=1, clamped=held).numpy()
    everywhere = np.broadcast_to(held, start.shape)
    np.testing.assert_array_equal(final[everywhere], start[everywhere])
    assert np.all(final[~everywhere] != start[~everywhere])


def test_held_pixels_change_no_other_pixel_of_a_separable_energy() -> None:
    start, held = some_video(3), some_video(9) > 0
    free = langevin.sample(reference_energy(1.0), start, 6, 0.5, seed=1).numpy()
    part = langevin.sample(reference_energy(1.0), start, 6, 0.5, seed=1, clamped=held).numpy()
    np.testing.assert_allclose(part[~held], free[~held], rtol=1e-6)


def test_one_step_is_the_formula() -> None:
    """I − ε²/2·∂E/∂I + noise·ε·Z with Z from the same seed, written out."""
    video, seed = some_video(6), tf.constant([3, 4], tf.int64)
    sigma, step_size, noise = 1.5, 0.7, 0.25
    moved = langevin.langevin_step(
        reference_energy(sigma), tf.constant(video), tf.constant(step_size), tf.constant(noise),
        seed,
    )
    normal = langevin.standard_normal(tf.constant(video), seed).numpy()
    by_hand = video - step_size**2 / 2 * video / sigma**2 + noise * step_size * normal
    np.testing.assert_allclose(moved, by_hand, rtol=1e-5, atol=1e-6)


def test_noise_is_standard_normal_of_any_shape_and_as_its_seed() -> None:
    """Kolmogorov–Smirnov against the normal distribution, and no dependence between its halves."""
    shape = (1, 17, 33, 71, 3)  # an odd number of values
    drawn = langevin.standard_normal(tf.zeros(shape), tf.constant([5, 6])).numpy()
    again = langevin.standard_normal(tf.zeros(shape), tf.constant([5, 6])).numpy()
    other = langevin.standard_normal(tf.zeros(shape), tf.constant([5, 7])).numpy()
    assert drawn.shape == shape and drawn.dtype == np.float32
    np.testing.assert_array_equal(drawn, again)
    values = np.sort(drawn.ravel().astype(np.float64))
    count = values.size
    expected = np.array([(1 + math.erf(v / math.sqrt(2))) / 2 for v in values])
    distance = np.max(np.abs(expected - (np.arange(count) + 0.5) / count))
    assert distance < 1.63 / math.sqrt(count)  # the 1 % bound
    flat, bound = drawn.ravel(), 4 / math.sqrt(count // 2)
    first, second = flat[: count // 2], flat[-(count // 2) :]
    for one, two in ((first, second), (first**2, second**2), (flat, other.ravel())):
        assert abs(np.corrcoef(one, two)[0, 1]) < bound
