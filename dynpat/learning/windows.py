"""Which observed videos, and which time windows of them, an update looks at."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from dynpat import seeds


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
    """The endless stream of mini-batches, for each update one to each replica of this process.

    Parameters
    ----------
    videos
        (N, T, H, W, C) uint8 or float32 grey levels, T ≥ window.
    each
        V, windows of a video in an update; several are shared out among the replicas, one is
        seen by all.
    first_part, here, parts
        Number of the first replica of this process, how many it has, and how many there are.

    Yields
    ------
    grey levels (B·V, window, H, W, C), the indices (B,) of their videos, the numbers (B·V,) of
    their first frames, those (B·V,) of the windows in the update, and the replica's own
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
        # Cut outside of TensorFlow: the videos may lie in a file, and are not copied as a whole.
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
    # There is nothing to tune, and the thread that would tune it now and then misses that its
    # dataset has ended; who lets go of the dataset then waits for up to a minute.
    options = tf.data.Options()
    options.autotune.enabled = False
    return windows.with_options(options)
