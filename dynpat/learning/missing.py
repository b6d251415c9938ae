"""Sample the missing pixels while a model is learned from the visible ones.

    I_missing ~ p(I_missing | I_visible; θ)      (CVPR 2017, section 5.4)

Before each update of the weights, the missing pixels move by the same Langevin dynamics as the
other chains, while the visible pixels stay. The result counts as an observed video.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from dynpat import langevin, seeds
from dynpat.config import LangevinConfig


class Fills(tf.Module):
    """Observed videos whose missing pixels are persistent Langevin chains.

    Attributes
    ----------
    video : tf.Variable
        The videos, (N, T, H, W, C) float32 on the model's scale; visible pixels never change.
    visible : tf.Tensor
        True where a pixel is visible, (N, T, H, W, 1) bool.
    """

    def __init__(self, start: tf.Tensor, missing: np.ndarray) -> None:
        super().__init__(name="fills")
        self.video = tf.Variable(start, trainable=False, name="video")
        self.visible = tf.constant(~missing[..., np.newaxis])

    def move(
        self, model: Any, indices: tf.Tensor, starts: tf.Tensor, frames: int,
        config: LangevinConfig, seed: tf.Tensor, at_once: int = 0, grain: float = 0.0,
    ) -> tf.Tensor:
        """Move the missing pixels of some windows, and return the windows.

        Parameters
        ----------
        model : Any
            The energy.
        indices, starts : tf.Tensor
            The videos (B,) of the windows, and the first frame (B,) of each window.
        frames : int
            The length of the windows.
        config : LangevinConfig
            How chains move.
        seed : tf.Tensor
            A scalar integer that differs from update to update.
        at_once : int
            How many windows pass the network together; see `langevin.energy_gradient`.
        grain : float
            The standard deviation of noise on the visible pixels, while the others move and in the
            result: the energy is that of videos with as much noise as chains have.

        Returns
        -------
        tf.Tensor
            The windows, (B, frames, H, W, C) float32.
        """
        count = int(indices.shape[0])

        def windows(of: tf.Tensor) -> tf.Tensor:
            rows = [of[indices[b], starts[b] : starts[b] + frames] for b in range(count)]
            return tf.ensure_shape(tf.stack(rows), (count, frames, *of.shape[2:]))

        known, visible = windows(tf.convert_to_tensor(self.video)), windows(self.visible)
        start = known
        if grain:
            pair = tf.stack(seeds.grain_of_fills(tf.cast(seed, tf.int64)))
            noise = tf.random.stateless_normal(tf.shape(known), pair)
            start = tf.where(visible, known + grain * noise, known)
        moved, _ = langevin.chain(
            model, start,
            tf.constant(config.steps, tf.int32),
            tf.constant(config.step_size, tf.float32),
            tf.constant(1.0),
            seeds.fills(tf.cast(seed, tf.int64)),
            clamped=visible, at_once=at_once, momentum=config.momentum,
        )
        numbers = starts[:, tf.newaxis] + tf.range(frames, dtype=starts.dtype)
        videos = tf.broadcast_to(indices[:, tf.newaxis], tf.shape(numbers))
        kept = tf.where(visible, known, moved)
        self.video.scatter_nd_update(tf.stack([videos, numbers], axis=-1), kept)
        return moved
