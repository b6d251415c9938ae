"""While a model is learned, missing pixels move and visible ones are kept."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from flat_energy import MOVING, SHAPE, flat

from dynpat.config import LearnConfig
from dynpat.learning.learner import Learner
from dynpat.learning.missing import Fills
from dynpat.models import TextureModel


def test_only_missing_pixels_of_the_window_move() -> None:
    rng = np.random.default_rng(1)
    videos = rng.normal(0, 20, (3, *SHAPE)).astype(np.float32)
    missing = rng.random((3, *SHAPE[:3])) < 0.4
    fills = Fills(tf.constant(videos), missing)
    moved = fills.move(flat(), tf.constant([2, 0], tf.int64), tf.constant([1, 3], tf.int64), 2,
                       MOVING, tf.constant(5))
    after = fills.video.numpy()
    may = np.zeros((3, *SHAPE[:3]), bool)
    may[2, 1:3], may[0, 3:5] = missing[2, 1:3], missing[0, 3:5]
    np.testing.assert_array_equal(after[~may], videos[~may])
    assert np.all(after[may] != videos[may])
    np.testing.assert_array_equal(moved[0], after[2, 1:3])
    np.testing.assert_array_equal(moved[1], after[0, 3:5])


def test_visible_pixels_have_grain_while_others_move_and_are_kept_without() -> None:
    videos = np.random.default_rng(1).normal(0, 30, (1, *SHAPE)).astype(np.float32)
    missing = np.random.default_rng(2).random((1, *SHAPE[:3])) < 0.3
    fills = Fills(tf.constant(videos), missing)
    moved = fills.move(flat(), tf.constant([0], tf.int64), tf.constant([0], tf.int64), 6, MOVING,
                       tf.constant(3), grain=1.5).numpy()
    after = fills.video.numpy()
    np.testing.assert_array_equal(after[~missing], videos[~missing])
    np.testing.assert_array_equal(after[missing], moved[missing])
    grain = (moved - videos)[~missing]
    assert grain.std() == pytest.approx(1.5, rel=0.1) and abs(grain.mean()) < 0.2


def test_learning_keeps_visible_pixels_bit_equal_and_moves_the_others() -> None:
    rng = np.random.default_rng(2)
    videos = rng.integers(0, 256, (2, 12, 12, 12, 3)).astype(np.float32)
    missing = rng.random((2, 12, 12, 12)) < 0.3
    model = TextureModel(6, (12, 12), 3, filters=(4, 2), kernels=((3, 3, 3), (3, 3, 3)),
                         strides=((2, 2, 2), (1, 1, 1)))
    learner = Learner(model, videos, LearnConfig(iterations=4, chains=1, batch=1), MOVING,
                      missing=missing)
    fills = model.fills
    assert fills is not None
    start = fills.video.numpy()
    model.fit(videos, batch_size=1, chains=1, steps_per_epoch=12)
    after = fills.video.numpy()
    np.testing.assert_array_equal(after[~missing], start[~missing])
    assert np.mean(after[missing] != start[missing]) > 0.7  # some frames are in few windows
    assert learner.update == 12
