"""One update of analysis by synthesis, and what it draws: mini-batches, windows, chains."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings, strategies as st

from dynpat import langevin
from dynpat.config import LangevinConfig
from dynpat.learning import update as synthesis
from dynpat.learning.chains import MOST_SLOTS, Chains, slots
from dynpat.learning.windows import mini_batch, observed_windows
from dynpat.models import TextureModel
from dynpat.reference.gaussians import Reference

FRAMES, HEIGHT, WIDTH, CHANNELS = SHAPE = (4, 5, 6, 1)
MOVING = LangevinConfig(steps=3, step_size=0.4)


def tiny(**changes: Any) -> TextureModel:
    arguments: dict[str, Any] = {
        "filters": (3, 2), "kernels": ((3, 3, 3), (2, 2, 2)),
        "strides": ((1, 2, 2), (1, 1, 1)), "activation": "softplus", "centre": "scalar",
        "input_scale": 0.1, "seed": 3, **changes,
    }  # fmt: skip
    return TextureModel(FRAMES, (HEIGHT, WIDTH), CHANNELS, **arguments)


def grey_levels(count: int, frames: int = FRAMES, seed: int = 0) -> np.ndarray:
    shape = (count, frames, HEIGHT, WIDTH, CHANNELS)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


# The update.


def prepared(
    rate: float = 0.5, **changes: Any
) -> tuple[TextureModel, Chains, tf.Tensor]:
    model = tiny(**changes)
    model.compile(keras.optimizers.SGD(rate), langevin=MOVING)
    model.optimizer.build(model.trainable_variables)
    videos = grey_levels(3)
    model.adapt(videos)
    return model, model.start_chains(3, 2, seed=8), model.to_model(videos)


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


def test_a_share_of_the_chains_starts_again_from_the_noise_of_their_mode() -> None:
    model = tiny(modes=2, start="spread", sigma=2.0)
    model.adapt(grey_levels(2) // np.array([1, 2], np.uint8).reshape(2, 1, 1, 1, 1))
    chains = model.start_chains(2, 3, seed=4)
    still = tf.fill((2, 3, *SHAPE), 1000.0)
    indices, first = tf.constant([1, 0], tf.int64), tf.constant(0, tf.int64)
    times = np.zeros((2, 3))
    for update in range(200):
        chains.update.assign(update)
        after = chains.renewed(indices, first, still, 0.25, model.reference, spread=True).numpy()
        new = (after != 1000.0).all(axis=(2, 3, 4, 5))
        assert (new | (after == 1000.0).all(axis=(2, 3, 4, 5))).all()
        times += new
        for row, video in enumerate((1, 0)):
            if new[row].any():
                mean, spread = (float(w[video]) for w in (
                    model.reference.mode_means.numpy(), model.reference.mode_spreads.numpy()))
                noise = (after[row][new[row]] - mean) / math.sqrt(4 + spread**2)
                assert abs(noise.mean()) < 4.5 / math.sqrt(noise.size)
    assert (np.abs(times / 200 - 0.25) < 4 * math.sqrt(0.25 * 0.75 / 200)).all()
    np.testing.assert_array_equal(
        chains.renewed(indices, first, still, 0.0, model.reference, spread=True), still
    )


def test_chains_live_for_so_many_updates_and_count_from_their_youth_on() -> None:
    """Three chains of each of two videos, in turns: each is new every fourth time."""
    model = tiny(modes=2, start="spread", sigma=2.0)
    model.adapt(grey_levels(2))
    model.compile(keras.optimizers.SGD(0.0), langevin=MOVING, life=4, youth=2)
    chains = model.start_chains(2, 3, seed=4)
    first = tf.constant(0, tf.int64)
    moves = np.zeros((2, 3), int)  # since a chain was new; unknown at the start
    known = np.zeros((2, 3), bool)
    for update in range(16):
        video = update % 2
        indices = tf.constant([video], tf.int64)
        still = tf.fill((1, 3, *SHAPE), 1000.0)
        after = chains.renewed(indices, first, still, 0.0, model.reference, spread=True).numpy()
        new = (after[0] != 1000.0).any(axis=(1, 2, 3, 4))
        assert (moves[video][new & known[video]] == 4).all()
        assert (moves[video][~new & known[video]] < 4).all()
        moves[video][new], known[video][new] = 0, True
        counted = chains.grown(indices, first, 2).numpy()
        assert ((counted == 1) == (moves[video] >= 2))[known[video]].all()
        chains.store(indices, first, still)
        moves[video] += 1
    assert known.all()


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
    seeds = tf.constant([[8 + synthesis.GRAIN, window] for window in range(3)], tf.int64)
    grain = 2.5 * langevin.standard_normal(observed, seeds)
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


# Mini-batches and windows.


def draw(update: int, batch: int, videos: int, frames: int, window: int, seed: int) -> Any:
    indices, starts = mini_batch(
        tf.constant(update, tf.int64), batch, videos, frames, window, seed
    )
    return indices.numpy().tolist(), starts.numpy().tolist()


@given(
    videos=st.integers(1, 13), batch=st.integers(1, 13), seed=st.integers(0, 2**31 - 1),
    epoch=st.integers(0, 5),
)  # fmt: skip
@settings(max_examples=30)
def test_an_epoch_never_repeats_a_video_and_covers_all_that_fill_batches(
    videos: int, batch: int, seed: int, epoch: int
) -> None:
    batch = min(batch, videos)
    per_epoch = videos // batch
    seen: list[int] = []
    for position in range(per_epoch):
        indices, _ = draw(epoch * per_epoch + position, batch, videos, 9, 9, seed)
        assert len(set(indices)) == batch
        seen += indices
    assert all(0 <= index < videos for index in seen)
    assert len(set(seen)) == len(seen) == per_epoch * batch
    if videos % batch == 0:
        assert sorted(seen) == list(range(videos))


def test_every_video_has_its_turn_although_an_epoch_leaves_a_remainder() -> None:
    seen = [index for update in range(20) for index in draw(update, 4, 7, 9, 9, 3)[0]]
    assert set(seen) == set(range(7))


def test_mini_batch_is_a_pure_function_and_orders_differ_between_epochs_and_seeds() -> None:
    first = [draw(update, 2, 8, 20, 5, 7) for update in range(8)]
    assert [draw(update, 2, 8, 20, 5, 7) for update in reversed(range(8))] == first[::-1]
    graph = tf.function(mini_batch)
    indices, starts = graph(tf.constant(6, tf.int64), 2, 8, 20, 5, 7)
    assert (indices.numpy().tolist(), starts.numpy().tolist()) == first[6]
    assert [row[0] for row in first[:4]] != [row[0] for row in first[4:]]
    assert first != [draw(update, 2, 8, 20, 5, 8) for update in range(8)]


def test_windows_start_everywhere_they_fit_and_nowhere_else() -> None:
    starts = [start for update in range(60) for start in draw(update, 3, 3, 8, 5, 1)[1]]
    assert set(starts) == {0, 1, 2, 3}
    # Four equally probable starts: within four standard errors of a quarter each.
    counts = np.bincount(starts)
    assert np.all(np.abs(counts - 45) < 4 * math.sqrt(180 * 0.25 * 0.75))
    assert {start for update in range(9) for start in draw(update, 3, 3, 5, 5, 1)[1]} == {0}


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_windows_come_from_the_right_place(dtype: type) -> None:
    """Frame t of video n has the grey level 20·n + t."""
    levels = 20 * np.arange(5)[:, None] + np.arange(9)
    shape = (5, 9, 2, 3, 1)
    videos: np.ndarray = np.broadcast_to(levels[:, :, None, None, None], shape).astype(dtype)
    rows = list(observed_windows(videos, 4, 2, seed=6).take(7).as_numpy_iterator())
    for update, (windows, indices, first, numbers, part) in enumerate(rows):
        assert numbers.tolist() == [0, 1] and part == 0
        expected, starts = draw(update, 2, 5, 9, 4, 6)
        assert indices.tolist() == expected and first.tolist() == starts
        assert windows.shape == (2, 4, 2, 3, 1) and windows.dtype == dtype
        for window, index, start in zip(windows, expected, starts, strict=True):
            np.testing.assert_array_equal(window, videos[index, start : start + 4])
    # Beginning later is the same stream from there on.
    later = observed_windows(videos, 4, 2, seed=6, first_update=4)
    for row, same in zip(rows[4:], later.as_numpy_iterator(), strict=False):
        for one, other in zip(row, same, strict=True):
            np.testing.assert_array_equal(one, other)


def test_several_windows_of_each_video() -> None:
    videos = np.arange(3 * 9, dtype=np.float32).reshape(3, 9, 1, 1, 1)
    rows = list(observed_windows(videos, 4, 2, seed=1, each=3).take(5).as_numpy_iterator())
    for windows, indices, starts, numbers, _ in rows:
        assert numbers.tolist() == list(range(6))
        assert windows.shape == (6, 4, 1, 1, 1) and starts.shape == (6,)
        for n, (window, start) in enumerate(zip(windows, starts, strict=True)):
            np.testing.assert_array_equal(window, videos[indices[n // 3], start : start + 4])
    # Three replicas, two of them in this process, see one window of each video each.
    shared = observed_windows(videos, 4, 2, seed=1, each=3, first_part=1, here=2, parts=3)
    for place, row in enumerate(shared.take(10).as_numpy_iterator()):
        whole, part = rows[place // 2], 1 + place % 2
        assert row[4] == part and row[3].tolist() == [part, 3 + part]
        np.testing.assert_array_equal(row[1], whole[1])
        for mine, every in zip((row[0], row[2]), (whole[0], whole[2]), strict=True):
            np.testing.assert_array_equal(mine, every[[part, 3 + part]])


@pytest.mark.parametrize(("videos", "modes"), [(64, 32), (65, 32), (1000, 32), (70, 1), (99, 7)])
def test_many_videos_share_the_chains_of_few(videos: int, modes: int) -> None:
    groups = np.array_split(np.arange(videos), modes)
    shared = slots(groups, videos)
    assert np.array_equal(np.concatenate(shared), np.arange(videos))
    assert len(shared) <= MOST_SLOTS and all(len(part) for part in shared)
    if videos <= MOST_SLOTS:
        assert len(shared) == videos
    for part in shared:  # all of one mode, where chains start
        assert sum(set(part) <= set(group) for group in groups) == 1


def test_what_many_videos_share_is_moved_by_each() -> None:
    videos = grey_levels(66)
    model = tiny(modes=3)
    model.compile(keras.optimizers.Adam(1e-3), langevin=MOVING)
    model.fit(videos, batch_size=2, chains=1, seed=0)
    chains = model.chains
    assert chains is not None and chains.video.shape[0] == 63 and len(chains.slot_of) == 66
    before = chains.video.numpy()
    model.fit(videos, batch_size=66, chains=1, seed=0)
    assert model.chains is chains  # goes on with them
    moved = np.abs(chains.video.numpy() - before).max(axis=(1, 2, 3, 4, 5))
    assert moved.min() > 0 and np.all(np.isfinite(moved))
