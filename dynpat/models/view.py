"""The energy of a model as one Langevin step sees it, through a grid that is shifted at random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import tensorflow as tf

if TYPE_CHECKING:
    from dynpat.models.energy import EnergyModel


class View:
    """The energy of videos of given modes (N,), with a grid shifted by a seed of shape (2,).

    Without `modes`, all videos have mode 0.
    """

    def __init__(self, model: EnergyModel, seed: tf.Tensor, modes: tf.Tensor | None) -> None:
        self.model, self.seed, self.modes = model, seed, modes

    def __call__(self, video: tf.Tensor) -> tf.Tensor:
        f = self.model.f(video, self.seed, self.modes)
        return self.model.reference.energy(video, self.modes) - f

    def of_rows(self, first: tf.Tensor, last: tf.Tensor) -> View:
        """Return the energy of the videos `first` … `last` − 1 alone."""
        modes = None if self.modes is None else self.modes[first:last]
        return View(self.model, self.seed, modes)


def through_grid(seen: tf.Tensor, reach: Sequence[int], seed: tf.Tensor | None) -> tf.Tensor:
    """Put zeros around `seen` (N, T, H, W, C), `reach` of them on each axis.

    How many of them come first decides where the grid of the strides lies: a random number with a
    `seed` of shape (2,), else half of them.
    """
    before = tf.constant([own // 2 for own in reach]) if seed is None else shift_of(reach, seed)
    paddings = tf.stack([before, tf.constant(reach) - before], axis=1)
    paddings = tf.pad(paddings, [[1, 1], [0, 0]])  # videos and channels are not padded
    sizes = [n if n is None else n + more
             for n, more in zip(seen.shape[1:4], reach, strict=True)]
    return tf.ensure_shape(tf.pad(seen, paddings), (seen.shape[0], *sizes, seen.shape[-1]))


def shift_of(reach: Sequence[int], seed: tf.Tensor) -> tf.Tensor:
    """Draw where the grid lies by a `seed` (2,): (3,) integers from 0 to below `reach`."""
    share = tf.random.stateless_uniform((3,), seed)
    return tf.cast(share * tf.constant(reach, tf.float32), tf.int32)
