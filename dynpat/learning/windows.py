"""Choose the observed videos, and the time windows of them, that an update sees."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from dynpat import seeds


def mini_batch(
    update: tf.Tensor, batch: int, videos: int, frames: int, window: int, seed: int, each: int = 1
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the observed videos, and the time windows of each, that update number `update` sees.

    Every epoch goes through the videos in a new order without repeats. A remainder that fills no
    whole batch is left out, so that a batch never holds a video twice. The result depends only on
    the arguments, so that a resumed run sees what an undisturbed one would.

    Returns
    -------
    indices : tf.Tensor
        The numbers of the videos, (batch,) int64.
    starts : tf.Tensor
        The first frames of the windows, (batch · each,) int64.
    """
    per_epoch = videos // batch
    update = tf.cast(update, tf.int64)
    epoch, position = update // per_epoch, update % per_epoch
    own = tf.cast(seed, tf.int64)
    places = position * batch + tf.range(batch, dtype=tf.int64)
    indices = tf.random.experimental.index_shuffle(
        places, tf.stack(seeds.order(own, epoch)), videos - 1
    )
    starts = tf.random.stateless_uniform(
        (batch * each,), tf.stack(seeds.windows(own, update)), 0, frames - window + 1, tf.int64,
    )
    return indices, starts


def observed_windows(
    videos: np.ndarray, window: int, batch: int, seed: int, first_update: int = 0, each: int = 1,
    first_part: int = 0, here: int = 1, parts: int = 1,
) -> tf.data.Dataset:
    """Return the endless stream of mini-batches: for each update, one for each local replica.

    Parameters
    ----------
    videos : ndarray
        The observed videos, (N, T, H, W, C) uint8 or float32 grey levels, T ≥ window.
    window : int
        The number of frames of a window.
    batch : int
        The number B of videos per update.
    seed : int
        The seed of the choice.
    first_update : int
        The number of the first update.
    each : int
        The number V of windows of a video in an update; the replicas share several windows, and all
        see the same if there is one.
    first_part : int
        The number of the first replica of this process.
    here, parts : int
        The number of replicas of this process, and of all.

    Returns
    -------
    tf.data.Dataset
        It yields grey levels (B·V, window, H, W, C), the indices (B,) of their videos, the numbers
        (B·V,) of their first frames and of the windows in the update, and that of the replica.
    """
    count, frames = videos.shape[:2]
    per = each // parts if each > 1 else each

    def cut(number: tf.Tensor) -> tuple[tf.Tensor, ...]:
        update, part = number // here, first_part + number % here
        indices, starts = mini_batch(update, batch, count, frames, window, seed, each)
        first = part * per if each > 1 else tf.zeros_like(part)
        own = tf.reshape(
            tf.range(batch, dtype=tf.int64)[:, tf.newaxis] * each
            + first + tf.range(per, dtype=tf.int64), [batch * per],
        )
        starts = tf.gather(starts, own)
        # NumPy cuts the windows, because videos may lie in a file and must not be copied whole.
        rows = tf.numpy_function(
            lambda those, firsts: np.stack([
                videos[those[n // per], firsts[n] : firsts[n] + window] for n in range(batch * per)
            ]),
            [indices, starts], tf.as_dtype(videos.dtype), stateful=False,
        )
        shape = (batch * per, window, *videos.shape[2:])
        return tf.ensure_shape(rows, shape), indices, starts, own, part

    numbers = tf.data.Dataset.range(first_update * here, np.iinfo(np.int64).max)
    windows = numbers.map(cut, num_parallel_calls=1, deterministic=True).prefetch(1)
    # There is nothing to tune. The tuning thread sometimes misses that its dataset has ended, and
    # releasing the dataset then takes up to a minute.
    options = tf.data.Options()
    options.autotune.enabled = False
    return windows.with_options(options)
