"""Mini-batches and time windows: each video has its turn, each window its place."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings, strategies as st

from dynpat.learning.windows import mini_batch, observed_windows


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
