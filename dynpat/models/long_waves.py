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
from collections.abc import Sequence
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

    def measured(self, part: np.ndarray, places: Sequence[np.ndarray]) -> np.ndarray:
        """Measure the long waves of a part (T, H, W, C) that has these `places` on each axis.

        Returns
        -------
        numpy.ndarray
            (waves…, C) float32; over parts that cover a video they add up to its amplitudes.
        """
        if not self.bases:
            return np.zeros((), np.float32)
        return np.asarray(_measured(tf.constant(part[np.newaxis]), self._at(places))[0].numpy())

    def without(
        self, part: np.ndarray, places: Sequence[np.ndarray], amplitudes: np.ndarray
    ) -> np.ndarray:
        """Take waves of these `amplitudes` out of a part that has these `places`, in place."""
        if self.bases:
            part -= _sum(tf.constant(amplitudes[np.newaxis]), self._at(places))[0].numpy()
        return part

    def _at(self, places: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [basis[:, own] for basis, own in zip(self.bases, places, strict=True)]


def _measured(video: tf.Tensor, bases: Sequence[np.ndarray]) -> tf.Tensor:
    """The amplitudes of waves in videos: (N, T, H, W, C) → (N, waves…, C)."""
    for axis in _order(bases):
        video = _product(bases[axis], video, axis)
    return video


def _sum(amplitudes: tf.Tensor, bases: Sequence[np.ndarray]) -> tf.Tensor:
    """The sum of waves of given amplitudes: (N, waves…, C) → (N, T, H, W, C)."""
    for axis in reversed(_order(bases)):
        amplitudes = _product(bases[axis].T, amplitudes, axis)
    return amplitudes


def _order(bases: Sequence[np.ndarray]) -> tuple[int, ...]:
    """The order of the axes in which their products are cheap.

    What has few waves for its places comes first, but never the width: a row of pixels is short.
    """
    time, down = (len(basis) / basis.shape[1] for basis in bases[:2])
    return (0, 1, 2) if time < down else (1, 2, 0)


def _product(matrix: np.ndarray, values: tf.Tensor, axis: int) -> tf.Tensor:
    """Multiply an axis (0 time, 1 height, 2 width) of values by a matrix."""
    if axis == 2:
        return tf.einsum("vw,nthwc->nthvc", matrix, values)
    before, after = values.shape[1 : 1 + axis], values.shape[2 + axis :]
    flat = tf.reshape(values, (-1, matrix.shape[1], math.prod(after)))
    return tf.reshape(tf.matmul(matrix, flat), (-1, *before, matrix.shape[0], *after))
