"""One update of analysis by synthesis: its gradient, its noise, its figures."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf
from small_updates import FRAMES, MOVING, SHAPE, grey_levels, prepared

from dynpat import langevin, seeds
from dynpat.learning import update as synthesis
from dynpat.models import TextureModel
from dynpat.reference.gaussians import Reference


def statistics(model: TextureModel, video: tf.Tensor) -> list[np.ndarray]:
    """Mean ∂f/∂θ per value of a video."""
    with tf.GradientTape() as tape:
        f = tf.reduce_mean(model.f(video))
    gradients = tape.gradient(f, model.trainable_variables)
    return [gradient.numpy() / math.prod(SHAPE) for gradient in gradients]


def test_the_update_is_observed_minus_synthesised_statistics() -> None:
    """Chains as `langevin.chain` moves them, then θ ← θ + rate·(observed − synthesised)."""
    model, chains, scaled = prepared()
    start = chains.video.numpy()
    indices = [2, 0]
    observed = tf.gather(scaled, indices)
    moved, _ = langevin.chain(
        model, start[indices].reshape(4, *SHAPE), MOVING.steps, MOVING.step_size, 1.0,
        8 * 1_000_003, numbers=tf.constant([4, 5, 0, 1], tf.int64),  # two of each video
    )
    moved = moved.numpy()
    before = [weight.numpy() for weight in model.trainable_variables]
    towards, away = statistics(model, observed), statistics(model, moved)
    f_observed, f_moved = (
        float(tf.reduce_mean(model.f(video))) / math.prod(SHAPE) for video in (observed, moved)
    )
    figures = synthesis.update(model, chains, observed, tf.constant(indices, tf.int64), MOVING)
    for weight, old, plus, minus in zip(
        model.trainable_variables, before, towards, away, strict=True
    ):
        np.testing.assert_allclose(weight.numpy(), old + 0.5 * (plus - minus), rtol=1e-4, atol=1e-6)
        assert np.abs(plus - minus).max() > 1e-5  # there was something to learn
    after = chains.video.numpy()
    np.testing.assert_allclose(after[indices].reshape(moved.shape), moved, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(after[1], start[1])  # chains of videos not looked at wait
    assert int(chains.update) == 1
    assert float(figures["f_observed"]) == pytest.approx(f_observed, rel=1e-4)
    assert float(figures["f_synthesised"]) == pytest.approx(f_moved, rel=1e-4)
    assert float(figures["energy_gap"]) == pytest.approx(f_observed - f_moved, rel=1e-3)
    norm = math.sqrt(sum(np.sum((p - m) ** 2) for p, m in zip(towards, away, strict=True)))
    assert float(figures["gradient_norm"]) == pytest.approx(norm, rel=1e-3)


def test_an_update_raises_f_of_the_observed_against_the_synthesised() -> None:
    model, chains, scaled = prepared(rate=0.01)
    indices = tf.range(3, dtype=tf.int64)
    gap = float(synthesis.update(model, chains, scaled, indices, MOVING)["energy_gap"])
    moved = tf.reshape(chains.video, (-1, *SHAPE))
    after = tf.reduce_mean(model.f(scaled)) - tf.reduce_mean(model.f(moved))
    assert float(after) / math.prod(SHAPE) > gap


def test_a_window_for_each_chain_is_the_mean_of_their_gaps() -> None:
    """Twice the same window changes nothing; two windows give the mean of both gaps."""
    gaps = []
    for numbers in ([1], [1, 1], [0], [0, 1]):
        model, chains, scaled = prepared()
        observed = tf.gather(scaled, numbers)
        figures = synthesis.update(model, chains, observed, tf.constant([2], tf.int64), MOVING)
        gaps.append(float(figures["energy_gap"]))
    assert gaps[0] == pytest.approx(gaps[1], rel=1e-4)
    assert gaps[3] == pytest.approx((gaps[0] + gaps[2]) / 2, rel=1e-4)


def test_train_step_in_a_graph_is_the_update() -> None:
    eager, graph = prepared(), prepared()
    indices = tf.constant([1, 2], tf.int64)
    levels = tf.constant(grey_levels(3)[1:])
    by_hand = synthesis.update(eager[0], eager[1], eager[0].to_model(levels), indices, MOVING)
    figures = tf.function(graph[0].train_step)(
        (levels, indices, 0 * indices, tf.range(2, dtype=tf.int64), tf.constant(0, tf.int64))
    )
    assert set(figures) == set(by_hand)
    for name, value in by_hand.items():
        assert float(figures[name]) == pytest.approx(float(value), rel=1e-4, abs=1e-7), name
    np.testing.assert_allclose(graph[1].video, eager[1].video, rtol=1e-5, atol=1e-5)


def test_noise_of_consecutive_updates_differs_and_a_repeated_one_is_the_same() -> None:
    model, chains, scaled = prepared(rate=0.0)
    start = chains.video.numpy()

    def moved(update: int, seed: int = 8) -> np.ndarray:
        chains.video.assign(start)
        chains.update.assign(update)
        chains.seed = seed
        synthesis.update(model, chains, scaled[:1], tf.constant([0], tf.int64), MOVING)
        return chains.video.numpy()[0]

    first = moved(0)
    np.testing.assert_array_equal(moved(0), first)
    for other in (moved(1), moved(0, seed=9)):
        assert np.mean(other == first) < 0.01


def test_young_chains_have_no_pull_and_take_their_share_of_the_observed_with_them() -> None:
    f = tf.constant([4.0, 6.0, 1.0, 1.0, 4.0, -1.0, 4.0, -1.0])
    grown = tf.constant([1.0, 0.0, 1.0, 1.0])
    found = synthesis.pulls(f, (4, 4), 2, 0.0, grown).numpy()
    np.testing.assert_allclose(found, [-1 / 8, -1 / 8, -1 / 4, -1 / 4, 1 / 4, 0, 1 / 4, 1 / 4])
    assert not synthesis.pulls(f, (4, 4), 2, 0.0, tf.zeros([4])).numpy().any()


def test_chains_far_below_their_video_count_less_and_so_does_their_video() -> None:
    """Two videos of two windows and two chains; gaps of the first 1 and 6, of the second −3, 2."""
    f = tf.constant([4.0, 6.0, 1.0, 1.0, 4.0, -1.0, 4.0, -1.0])
    found = synthesis.pulls(f, (4, 4), 2, limit=4.0).numpy()
    np.testing.assert_allclose(found[4:] * 4, [0.75, 0, 1, 0.5])
    np.testing.assert_allclose(found[:4] * 4, [-0.375, -0.375, -0.75, -0.75])
    free = synthesis.pulls(f, (4, 4), 2, limit=0.0).numpy()
    np.testing.assert_allclose(free, [-0.25] * 4 + [0.25] * 4)


def test_with_a_limit_the_update_descends_what_counts() -> None:
    limit = 0.02
    model, chains, scaled = prepared(rate=0.25)
    indices = tf.range(3, dtype=tf.int64)
    moved = langevin.sample(
        model, tf.reshape(chains.video, (-1, *SHAPE)), MOVING.steps, MOVING.step_size,
        seed=8 * 1_000_003,
    )
    both = tf.concat([scaled, moved], axis=0)
    pull = synthesis.pulls(model.f(both) / math.prod(SHAPE), (3, 6), 3, limit).numpy()
    assert 0 < np.abs(pull[3:]).min() < np.abs(pull[3:]).max() or (pull[3:] == 0).any()
    before = [weight.numpy() for weight in model.trainable_variables]
    by_hand = [np.zeros_like(weight) for weight in before]
    for own, video in zip(pull, both, strict=True):
        for total, part in zip(by_hand, statistics(model, video[tf.newaxis]), strict=True):
            total += own * part
    synthesis.update(model, chains, scaled, indices, MOVING, gap_limit=limit)
    for variable, old, step in zip(model.trainable_variables, before, by_hand, strict=True):
        np.testing.assert_allclose(variable.numpy(), old - 0.25 * step, rtol=1e-3, atol=1e-6)


def test_noise_on_the_observed_is_what_chains_are_compared_with() -> None:
    indices = tf.range(3, dtype=tf.int64)
    (noisy, chains, observed), (clean, clean_chains, _) = prepared(), prepared()
    own = tf.constant([[8 + seeds.GRAIN, window] for window in range(3)], tf.int64)
    grain = 2.5 * langevin.standard_normal(observed, own)
    ours = synthesis.update(noisy, chains, observed, indices, MOVING, observed_noise=2.5)
    theirs = synthesis.update(clean, clean_chains, observed + grain, indices, MOVING)
    for name, value in theirs.items():
        assert float(ours[name]) == pytest.approx(float(value), rel=1e-5), name
    for mine, other in zip(noisy.get_weights(), clean.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5)
    chains.update.assign(0)
    again = synthesis.update(noisy, chains, observed, indices, MOVING, observed_noise=2.5)
    chains.update.assign(1)
    other = synthesis.update(noisy, chains, observed, indices, MOVING, observed_noise=2.5)
    assert float(again["f_observed"]) != float(other["f_observed"])


def test_measure_is_one_for_alike_and_follows_contrast_and_motion() -> None:
    video = tf.constant(np.random.default_rng(0).normal(size=(2, *SHAPE)).astype(np.float32))
    copies = tf.stack([video, video], axis=1)

    def measured(chains: tf.Tensor) -> dict[str, float]:
        white = Reference("scalar", 1.0, 1)
        white.build((None, *SHAPE))
        figures = synthesis.measure(white, video, chains)
        return {name: float(value) for name, value in figures.items()}

    alike = measured(copies)
    assert all(value == pytest.approx(1, rel=1e-4) for value in alike.values())
    assert all(value == pytest.approx(2, rel=1e-4) for value in measured(2 * copies).values())
    mixed = measured(tf.stack([0 * video, 5 * video], axis=1))
    assert mixed["weakest"] == 0 and mixed["strongest"] == pytest.approx(5, rel=1e-4)
    still = measured(tf.repeat(copies[:, :, :1], FRAMES, axis=2))
    assert still["motion"] == 0 and still["contrast"] > 0.5
