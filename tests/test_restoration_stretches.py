"""Stretches of long videos move one after the other, as all frames do together."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from dynpat import langevin
from dynpat.restoration import stretches as module
from dynpat.restoration.stretches import AROUND, move_each, stretches


@pytest.mark.parametrize(("frames", "pixels", "count"), [
    (70, 14_000, 1), (150, 43_200, 7), (30, 1_000_000, 2), (2, 10**9, 1),
])  # fmt: skip
def test_each_frame_moves_once(frames: int, pixels: int, count: int) -> None:
    parts = stretches(frames, pixels)
    assert len(parts) == count
    moved = [n for part in parts for n in range(frames)[part.inner]]
    assert moved == list(range(frames))
    for part in parts:
        seen = range(frames)[part.region]
        assert seen[0] == max(0, part.inner.start - AROUND)
        assert seen[-1] == min(frames, part.inner.stop + AROUND) - 1


def test_a_single_stretch_is_all_of_the_video() -> None:
    video = tf.random.stateless_normal((1, 6, 4, 4, 1), (0, 1))
    clamped = tf.random.stateless_uniform((1, 6, 4, 4, 1), (0, 2)) < 0.5
    given: list[tf.Tensor] = []

    def move(number: int, seen: tf.Tensor, stays: tf.Tensor) -> tf.Tensor:
        given.extend([seen, stays])
        return seen + 1

    moved = move_each(stretches(6, 16), video, clamped, move)
    np.testing.assert_array_equal(moved, video + 1)
    np.testing.assert_array_equal(given[0], video)
    np.testing.assert_array_equal(given[1], clamped)


def test_stretches_have_the_distribution_of_all_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neighbouring frames attract each other, and the first and the last one are known.

    Between them the mean is the straight line, and the variance that of the Gaussian with this
    precision, whether frames move together or in stretches.
    """
    monkeypatch.setattr(module, "MOST", 4)
    monkeypatch.setattr(module, "LEAST", 4)
    monkeypatch.setattr(module, "AROUND", 2)
    frames, count, pull = 12, 400, 2.0

    def energy(video: tf.Tensor) -> tf.Tensor:
        return pull * tf.reduce_sum(tf.square(video[:, 1:] - video[:, :-1]), axis=[1, 2, 3, 4]) / 2

    video = np.zeros((count, frames, 1, 1, 1), np.float32)
    video[:, -1] = 11
    clamped = np.zeros((1, frames, 1, 1, 1), bool)
    clamped[:, [0, -1]] = True
    parts, state = stretches(frames, 1), tf.constant(video)
    assert len(parts) == 3
    for sweep in range(150):
        state = move_each(
            parts, state, tf.constant(clamped),
            lambda number, seen, stays, sweep=sweep: langevin.sample(
                energy, seen, 8, 0.3, 10 * sweep + number, clamped=stays),
        )
    found = np.asarray(state)[:, 1:-1, 0, 0, 0]
    precision = pull * (2 * np.eye(10) - np.eye(10, k=1) - np.eye(10, k=-1))
    variance = np.diag(np.linalg.inv(precision))
    np.testing.assert_allclose(found.mean(axis=0), np.arange(1, 11), atol=0.3)
    np.testing.assert_allclose(found.var(axis=0), variance, rtol=0.3)
    np.testing.assert_array_equal(np.asarray(state)[:, [0, -1]], video[:, [0, -1]])
