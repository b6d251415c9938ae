"""The persistent Langevin chains of learning."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from dynpat.reference import Reference

# They keep the noise of restarts, and of chains that start from noise, apart from that of steps.
RESTART, RENEWAL = 0x0B5, 0x1F3


class Chains(tf.Module):
    """Persistent Langevin chains, several per observed video, and the number of updates done.

    A chain that is lost (its energy gap is at its limit, so that learning cannot reach it) starts
    again from its observed video plus noise, as in contrastive divergence. That keeps the energy
    right around the observed, which chains stuck elsewhere do not.

    Attributes
    ----------
    video
        (videos, chains, T, H, W, C) float32 on the model's scale.
    lost
        (videos, chains) bool: starts again at the next update.
    update
        () int64: updates done; with the seed it fixes all noise of the next one.
    """

    def __init__(self, start: tf.Tensor, seed: int, modes: Sequence[int] = ()) -> None:
        super().__init__(name="chains")
        self.seed = seed
        self.modes = list(modes) or [0] * int(start.shape[0])
        self.video = tf.Variable(start, trainable=False, name="video")
        self.lost = tf.Variable(tf.zeros(start.shape[:2], tf.bool), trainable=False, name="lost")
        self.update = tf.Variable(0, dtype=tf.int64, trainable=False, name="update")

    @property
    def per_video(self) -> int:
        return int(self.video.shape[1])

    def starts(self, indices: tf.Tensor, observed: tf.Tensor, sigma: float) -> tf.Tensor:
        """Where the chains of some observed videos go on: (B, K, T, H, W, C).

        `observed` (B·V, T, H, W, C) holds one window of each, or one for each of its chains.
        """
        current = tf.gather(self.video, indices)
        lost = tf.gather(self.lost, indices)

        def start_again() -> tf.Tensor:
            seed = tf.stack([tf.cast(self.seed, tf.int64) + RESTART, self.update])
            noise = tf.random.stateless_normal(tf.shape(current), seed)
            each = int(observed.shape[0]) // int(indices.shape[0])
            windows = tf.reshape(observed, [-1, each, *current.shape[2:]])
            again = windows + sigma * noise
            which = tf.reshape(lost, [-1, self.per_video, 1, 1, 1, 1])
            return tf.where(which, again, current)

        return tf.cond(tf.reduce_any(lost), start_again, lambda: current)

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

    def store(self, indices: tf.Tensor, moved: tf.Tensor, lost: tf.Tensor) -> None:
        """Keep the chains (B, K, T, H, W, C) of some videos, and which of them (B, K) are lost."""
        places = indices[:, tf.newaxis]
        self.video.scatter_nd_update(places, moved)
        self.lost.scatter_nd_update(places, lost)
