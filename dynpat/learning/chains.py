"""The persistent Langevin chains of learning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from dynpat import langevin, seeds
from dynpat.reference.gaussians import Reference

MOST_SLOTS = 64  # more observed videos than this share their chains


def slots(groups: Sequence[np.ndarray], videos: int) -> list[np.ndarray]:
    """The observed videos that share chains, of each slot that has some.

    A chain is a sample of the model and of none of the videos but for the mode, one of `groups`,
    that it starts from. Of thousands of videos, chains of each would take more memory than the
    videos, and each would move once in a thousand updates, long after the model has left it.
    """
    if videos <= MOST_SLOTS:
        return [np.array([video]) for video in range(videos)]
    each = max(MOST_SLOTS // len(groups), 1)
    return [part for group in groups for part in np.array_split(group, min(each, len(group)))]


def modes_of_slots(groups: Sequence[np.ndarray], videos: int) -> list[int]:
    """The mode of each slot: number of the one of `groups` that its observed videos are in."""
    mode_of = {video: mode for mode, group in enumerate(groups) for video in group}
    return [mode_of[first] for first, *_ in slots(groups, videos)]


class Chains(tf.Module):
    """Persistent Langevin chains, several per slot, and the number of updates done.

    Each observed video has a slot, of its own unless there are many: see `slots`. What is called
    a video below is a slot.

    Attributes
    ----------
    video
        (slots, chains, T, H, W, C) float32 on the model's scale.
    age
        (slots, chains) int64: how often each chain has moved since it last started from noise; None
        if chains go on for ever.
    velocity
        As `video`: of chains with a momentum, else None.
    slot_of
        For each observed video, its slot.
    update
        () int64: updates done; with the seed it fixes all noise of the next one.
    parts, here
        How many replicas share out the chains of each video, in all and in this process.
    """

    def __init__(
        self, start: tf.Tensor, seed: int, modes: Sequence[int] = (), parts: int = 1, here: int = 1,
        slot_of: Sequence[int] = (), moving: bool = False, life: int = 0,
    ) -> None:
        super().__init__(name="chains")
        self.seed, self.parts, self.here = seed, parts, here
        self.modes = list(modes) or [0] * int(start.shape[0])
        self.slot_of = list(slot_of) or list(range(int(start.shape[0])))
        self.video = tf.Variable(start, trainable=False, name="video")
        self.velocity: tf.Variable | None = None
        if moving:
            drawn = tf.random.stateless_normal(start.shape, seeds.velocity(seed))
            self.velocity = tf.Variable(drawn, trainable=False, name="velocity")
        self.life = life
        self.age: tf.Variable | None = None
        if life:
            ages = _ages(int(start.shape[0]), int(start.shape[1]), life)
            self.age = tf.Variable(ages, trainable=False, name="age")
        self.update = tf.Variable(0, dtype=tf.int64, trainable=False, name="update")

    @property
    def per_video(self) -> int:
        """K, how many chains a replica moves for each video."""
        return int(self.video.shape[1]) // self.parts

    def slots(self, indices: tf.Tensor) -> tf.Tensor:
        """(B,) int64: the slots of some observed videos."""
        return tf.gather(tf.constant(self.slot_of, tf.int64), indices)

    def modes_of(self, indices: tf.Tensor) -> tf.Tensor:
        """(B,) int32: the modes of some slots."""
        return tf.gather(tf.constant(self.modes), indices)

    def own(self, part: tf.Tensor) -> tf.Tensor:
        """(K,) int64: which of a video's chains replica `part` moves."""
        return tf.range(self.per_video, dtype=tf.int64) + part * self.per_video

    def places(self, indices: tf.Tensor, part: tf.Tensor) -> tf.Tensor:
        """(B, K, 2) int64: the video, and the chain of it."""
        videos, chains = tf.meshgrid(tf.cast(indices, tf.int64), self.own(part), indexing="ij")
        return tf.stack([videos, chains], axis=-1)

    def numbers(self, indices: tf.Tensor, part: tf.Tensor) -> tf.Tensor:
        """(B·K,) int64: the number of each chain among all."""
        videos, chains = tf.unstack(self.places(indices, part), axis=-1)
        numbers = tf.reshape(videos * int(self.video.shape[1]) + chains, [-1])
        return tf.ensure_shape(numbers, (int(indices.shape[0]) * self.per_video,))

    def starts(self, indices: tf.Tensor, part: tf.Tensor) -> tf.Tensor:
        """Where the chains of some observed videos go on: (B, K, T, H, W, C)."""
        found = tf.gather_nd(self.video, self.places(indices, part))
        return tf.ensure_shape(
            found, (int(indices.shape[0]), self.per_video, *self.video.shape[2:])
        )

    def velocities(self, indices: tf.Tensor, part: tf.Tensor) -> tf.Tensor | None:
        """Those of the chains of some observed videos, (B·K, T, H, W, C), if they have some.

        A chain that starts again keeps its own: it is independent of where the chain is.
        """
        if self.velocity is None:
            return None
        found = tf.gather_nd(self.velocity, self.places(indices, part))
        rows = int(indices.shape[0]) * self.per_video
        return tf.ensure_shape(
            tf.reshape(found, [rows, *self.video.shape[2:]]), (rows, *self.video.shape[2:])
        )

    def renewed(
        self, indices: tf.Tensor, part: tf.Tensor, current: tf.Tensor, share: float,
        reference: Reference, spread: bool,
    ) -> tf.Tensor:
        """Chains (B, K, T, H, W, C) of some videos; a `share` starts again from noise, and the old.

        Samples start there: a model that only knows old chains does not lead them far.
        """
        seed = tf.cast(self.seed, tf.int64)
        draw = tf.stack(seeds.renewal(seed, self.update))
        first = tf.stack(seeds.anew(seed, self.update))
        # One draw for each chain of all: two videos of an update that share one must agree.
        every = tf.random.stateless_uniform(self.video.shape[:2], draw)
        which = tf.gather_nd(every, self.places(indices, part)) < share
        if self.age is not None:
            which |= tf.gather_nd(self.age, self.places(indices, part)) >= self.life

        def anew() -> tf.Tensor:
            flat = tf.reshape(current, [-1, *current.shape[2:]])
            own = langevin.numbered(first, self.numbers(indices, part))
            normal = tf.reshape(langevin.standard_normal(flat, own), tf.shape(current))
            modes = tf.repeat(self.modes_of(indices)[:, tf.newaxis], self.per_video, axis=1)
            noise = reference.place(
                tf.ensure_shape(normal, current.shape), modes, spread=spread
            )
            return tf.where(tf.reshape(which, [-1, self.per_video, 1, 1, 1, 1]), noise, current)

        return tf.cond(tf.reduce_any(which), anew, lambda: current)

    def grown(self, indices: tf.Tensor, part: tf.Tensor, youth: int) -> tf.Tensor:
        """(B·K,) float32: 1 where a chain of some videos counts, 0 in its youth."""
        if self.age is None:
            return tf.ones([int(indices.shape[0]) * self.per_video])
        age = tf.reshape(tf.gather_nd(self.age, self.places(indices, part)), [-1])
        age = tf.ensure_shape(age, (int(indices.shape[0]) * self.per_video,))
        return tf.cast((age >= youth) & (age < self.life), tf.float32)

    def store(
        self, indices: tf.Tensor, part: tf.Tensor, moved: tf.Tensor,
        velocity: tf.Tensor | None = None,
    ) -> None:
        """Keep the chains (B, K, T, H, W, C) of some videos, and count the update once."""
        places = self.places(indices, part)
        self.video.scatter_nd_update(places, moved)
        if self.age is not None:
            age = tf.gather_nd(self.age, places)
            age *= tf.cast(age < self.life, tf.int64)  # those that have just begun anew
            self.age.scatter_nd_update(places, age + 1)
        if self.velocity is not None:
            self.velocity.scatter_nd_update(places, tf.reshape(velocity, tf.shape(moved)))
        self.update.assign_add(tf.cast(part % self.here == 0, tf.int64))


def _ages(slots: int, chains: int, life: int) -> np.ndarray:
    """Ages (slots, chains) at the start, all alike often: else all chains would end at once."""
    of_chain, of_slot = np.arange(chains) * life // chains, np.arange(slots)[:, np.newaxis]
    return np.asarray((of_chain + of_slot) % life, np.int64)
