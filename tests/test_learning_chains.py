"""The persistent chains: their ages, and how many videos share them."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_updates import MOVING, SHAPE, grey_levels, tiny

from dynpat.learning.chains import MOST_SLOTS, slots


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
