"""The persistent Langevin chains of learning."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from dynpat.reference import Reference

RENEWAL = 0x1F3  # keeps the noise of chains that start again apart from that of steps


class Chains(tf.Module):
    """Persistent Langevin chains, several per observed video, and the number of updates done.

    Attributes
    ----------
    video
        (videos, chains, T, H, W, C) float32 on the model's scale.
    update
        () int64: updates done; with the seed it fixes all noise of the next one.
    """

    def __init__(self, start: tf.Tensor, seed: int, modes: Sequence[int] = ()) -> None:
        super().__init__(name="chains")
        self.seed = seed
        self.modes = list(modes) or [0] * int(start.shape[0])
        self.video = tf.Variable(start, trainable=False, name="video")
        self.update = tf.Variable(0, dtype=tf.int64, trainable=False, name="update")

    @property
    def per_video(self) -> int:
        return int(self.video.shape[1])

    def starts(self, indices: tf.Tensor) -> tf.Tensor:
        """Where the chains of some observed videos go on: (B, K, T, H, W, C)."""
        return tf.gather(self.video, indices)

    def renewed(
        self, indices: tf.Tensor, current: tf.Tensor, share: float, reference: Reference,
        spread: bool,
    ) -> tf.Tensor:
        """Chains (B, K, T, H, W, C) of some videos, of which a `share` starts again from noise.

        Samples start there: a model that only knows old chains does not lead them far.
        """
        draw = tf.stack([tf.cast(self.seed, tf.int64) + RENEWAL, self.update])
        which = tf.random.stateless_uniform(tf.shape(current)[:2], draw) < share

        def anew() -> tf.Tensor:
            normal = tf.random.stateless_normal(tf.shape(current), draw + 1)
            modes = tf.gather(tf.constant(self.modes), indices)
            modes = tf.repeat(modes[:, tf.newaxis], self.per_video, axis=1)
            noise = reference.place(
                tf.ensure_shape(normal, current.shape), modes, spread=spread
            )
            return tf.where(tf.reshape(which, [-1, self.per_video, 1, 1, 1, 1]), noise, current)

        return tf.cond(tf.reduce_any(which), anew, lambda: current)

    def store(self, indices: tf.Tensor, moved: tf.Tensor) -> None:
        """Keep the chains (B, K, T, H, W, C) of some videos."""
        self.video.scatter_nd_update(indices[:, tf.newaxis], moved)
