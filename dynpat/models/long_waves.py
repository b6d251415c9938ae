"""What f is not shown: the waves of a video that are long in time, in height and in width alike.

Under a coloured reference a wave has a variance of λ, and the longest waves have the largest. A
chain takes about λ/0.028 of the usual Langevin steps to change one, and few live so long.
If f asked for other long waves than the reference has, chains could not follow, f would find the
same difference again at the next update, and push on without end. So the waves that are longer than
a limit are taken out of the video before f sees it. Then f has no slope along them, and a chain
keeps those that the reference drew.

A wave of an axis is a cosine that is even at both ends of the video (those of the discrete cosine
transform), or a sine or cosine that fits a repeating axis. To take out is an orthogonal projection,
which is its own transpose: the slope of f is ∂f/∂y = P·f'(P·y).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
import tensorflow as tf


@lru_cache(maxsize=64)
def long_waves(length: int, longest: float, repeating: bool = False) -> np.ndarray:
    """The waves of an axis of `length` places that are longer than `longest` places.

    Returns
    -------
    numpy.ndarray
        (waves, length) float32; the rows are orthonormal, the first of them is constant.

    Examples
    --------
    >>> long_waves(8, longest=8.0).shape, long_waves(8, longest=8.0, repeating=True).shape
    ((2, 8), (1, 8))
    """
    places = np.arange(length)
    if repeating:
        turns = np.arange(1, math.ceil(length / longest))[:, np.newaxis] * places / length
        rows = np.concatenate([np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)])
    else:
        halves = np.arange(1, math.ceil(2 * length / longest))[:, np.newaxis]
        rows = np.cos(np.pi * halves * (places + 0.5) / length)
    rows = np.concatenate([np.ones((1, length)), rows])
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


class LongWaves:
    """The long waves of videos of one shape.

    Parameters
    ----------
    shape : sequence of int
        The shape (T, H, W) of the videos; what follows it has no influence.
    longest : float
        The length in frames and pixels above which a wave is long; 0: none is.
    repeating : sequence of int
        The axes (1 time, 2 height, 3 width) on which the videos repeat.
    """

    def __init__(
        self, shape: Sequence[int], longest: float, repeating: Sequence[int] = ()
    ) -> None:
        self.bases = [
            long_waves(int(length), longest, axis in repeating)
            for axis, length in enumerate(shape[:3], start=1)
        ] if longest else []

    def taken_out(self, video: tf.Tensor) -> tf.Tensor:
        """Return videos (N, T, H, W, C) float32 without their long waves."""
        return video - _sum(_measured(video, self.bases), self.bases) if self.bases else video

    # The same for a video in a file, of which only a part is in memory.

    def amplitudes(self, frames: Iterable[np.ndarray]) -> np.ndarray:
        """Measure the long waves of a video given by its frames (H, W, C): (waves…, C)."""
        total: np.ndarray = np.zeros(())
        if self.bases:
            time, *others = self.bases
            for number, frame in enumerate(frames):
                own = tf.constant(frame[np.newaxis, np.newaxis])
                total = total + _measured(own, [time[:, [number]], *others])[0].numpy()
        return np.asarray(total, np.float32)

    def without(
        self, part: np.ndarray, places: Sequence[np.ndarray], amplitudes: np.ndarray
    ) -> np.ndarray:
        """Take these waves out of a part (…, C) that has these `places` on each axis, in place."""
        if self.bases:
            bases = [basis[:, own] for basis, own in zip(self.bases, places, strict=True)]
            part -= _sum(tf.constant(amplitudes[np.newaxis]), bases)[0].numpy()
        return part


def _measured(video: tf.Tensor, bases: Sequence[np.ndarray]) -> tf.Tensor:
    """The amplitudes of waves in videos: (N, T, H, W, C) → (N, waves…, C)."""
    time, down, across = bases
    frames, height, width, channels = (int(size) for size in video.shape[1:])
    kept = tf.matmul(down, tf.reshape(video, (-1, height, width * channels)))
    kept = tf.matmul(across, tf.reshape(kept, (-1, width, channels)))
    kept = tf.matmul(time, tf.reshape(kept, (-1, frames, len(down) * len(across) * channels)))
    return tf.reshape(kept, (-1, len(time), len(down), len(across), channels))


def _sum(amplitudes: tf.Tensor, bases: Sequence[np.ndarray]) -> tf.Tensor:
    """The sum of waves of given amplitudes: (N, waves…, C) → (N, T, H, W, C)."""
    time, down, across = bases
    channels = int(amplitudes.shape[-1])
    (frames, height, width), inner = (basis.shape[1] for basis in bases), len(across) * channels
    kept = tf.reshape(amplitudes, (-1, len(time), len(down) * inner))
    kept = tf.matmul(time, kept, transpose_a=True)
    kept = tf.matmul(across, tf.reshape(kept, (-1, len(across), channels)), transpose_a=True)
    # Height last, so that the large product is one of two whole matrices for each frame.
    kept = tf.matmul(down, tf.reshape(kept, (-1, len(down), width * channels)), transpose_a=True)
    return tf.reshape(kept, (-1, frames, height, width, channels))
