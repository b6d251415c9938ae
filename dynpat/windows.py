"""Which observed videos, and which time windows of them, an update looks at."""

from __future__ import annotations

import numpy as np
import tensorflow as tf


def mini_batch(
    update: tf.Tensor, batch: int, videos: int, frames: int, window: int, seed: int, each: int = 1
) -> tuple[tf.Tensor, tf.Tensor]:
    """Which observed videos, and which time windows of each, update number `update` looks at.

    Every epoch goes through the videos in a new order without repeats (the remainder of an
    epoch that fills no whole batch is left out, so that a batch never holds a video twice).
    A pure function of its arguments, so that a resumed run sees what an undisturbed one would.

    Returns
    -------
    indices, starts
        (batch,) and (batch · each,) int64.
    """
    per_epoch = videos // batch
    update = tf.cast(update, tf.int64)
    epoch, position = update // per_epoch, update % per_epoch
    order_seed = tf.stack([tf.cast(seed, tf.int64), epoch])
    places = position * batch + tf.range(batch, dtype=tf.int64)
    indices = tf.random.experimental.index_shuffle(places, order_seed, videos - 1)
    starts = tf.random.stateless_uniform(
        (batch * each,), tf.stack([tf.cast(seed, tf.int64), update]), 0, frames - window + 1,
        tf.int64,
    )
    return indices, starts


def observed_windows(
    videos: np.ndarray, window: int, batch: int, seed: int, first_update: int = 0, each: int = 1
) -> tf.data.Dataset:
    """The endless stream of mini-batches: grey levels (B·V, window, H, W, C), the indices (B,) of
    their videos, and the numbers (B·V,) of their first frames; V = `each` windows of a video.

    Parameters
    ----------
    videos
        (N, T, H, W, C) uint8 or float32 grey levels, T ≥ window.
    """
    count, frames = videos.shape[:2]
    with tf.device("CPU:0"):
        held = tf.convert_to_tensor(videos)

    def cut(update: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        indices, starts = mini_batch(update, batch, count, frames, window, seed, each)
        rows = [
            held[indices[n // each], starts[n] : starts[n] + window] for n in range(batch * each)
        ]
        shape = (batch * each, window, *videos.shape[2:])
        return tf.ensure_shape(tf.stack(rows), shape), indices, starts

    numbers = tf.data.Dataset.range(first_update, np.iinfo(np.int64).max)
    return numbers.map(cut, num_parallel_calls=1, deterministic=True).prefetch(1)
