"""The persistent Langevin chains of learning."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dynpat import langevin, seeds
from dynpat.reference.gaussians import Reference

# Returns how the chains of a slot start: 'video' (K, T, H, W, C), and 'velocity' with momentum.
Start = Callable[[int], dict[str, tf.Tensor]]
MOST_SLOTS = 64  # if there are more observed videos, several share their chains


def slots(groups: Sequence[np.ndarray], videos: int) -> list[np.ndarray]:
    """Return the observed videos of each slot; the videos of a slot share its chains.

    A chain is a sample of the model and belongs to no video, except that it starts from a mode, one
    of `groups`. With thousands of videos, chains for each video would take more memory than the
    videos. Each would also move only once in a thousand updates, long after the model has changed.
    """
    if videos <= MOST_SLOTS:
        return [np.array([video]) for video in range(videos)]
    each = max(MOST_SLOTS // len(groups), 1)
    return [part for group in groups for part in np.array_split(group, min(each, len(group)))]


def modes_of_slots(groups: Sequence[np.ndarray], videos: int) -> list[int]:
    """Return the mode of each slot: the number of the group that its observed videos are in."""
    mode_of = {video: mode for mode, group in enumerate(groups) for video in group}
    return [mode_of[first] for first, *_ in slots(groups, videos)]


class Chains(tf.Module, ABC):
    """Persistent Langevin chains, several per slot, and the number of updates done.

    Each observed video has a slot: its own, or a shared one if there are many videos (see `slots`).
    In the methods below, "video" means a slot. A subclass says where the chains lie.

    Attributes
    ----------
    shape : tuple of int
        The slots, the chains of each, and the shape of a chain: (slots, chains, T, H, W, C).
    moving : bool
        Whether chains have velocities.
    age : tf.Variable or None
        How often each chain has moved since it last started from noise, (slots, chains) int64; None
        if chains go on for ever.
    slot_of : list of int
        The slot of each observed video.
    update : tf.Variable
        The number of updates done, () int64. With the seed it determines all noise of the next one.
    parts, here : int
        The number of replicas that share the chains of each video: in all, and in this process.
    """

    def __init__(
        self, shape: Sequence[int], seed: int, modes: Sequence[int] = (), parts: int = 1,
        here: int = 1, slot_of: Sequence[int] = (), moving: bool = False, life: int = 0,
    ) -> None:
        super().__init__(name="chains")
        self.shape = tuple(int(length) for length in shape)
        self.seed, self.parts, self.here, self.moving = seed, parts, here, moving
        self.modes = list(modes) or [0] * self.shape[0]
        self.slot_of = list(slot_of) or list(range(self.shape[0]))
        self.life = life
        self.age: tf.Variable | None = None
        if life:
            ages = _ages(self.shape[0], self.shape[1], life)
            self.age = tf.Variable(ages, trainable=False, name="age")
        self.update = tf.Variable(0, dtype=tf.int64, trainable=False, name="update")

    @abstractmethod
    def first(self) -> tf.Tensor:
        """Return the present state (T, H, W, C) of the first chain of the first video."""

    @abstractmethod
    def _read(self, state: str, places: tf.Tensor) -> tf.Tensor:
        """Return the `state`, 'video' or 'velocity', of the chains at (B, K, 2) places."""

    @abstractmethod
    def _write(self, places: tf.Tensor, states: Mapping[str, tf.Tensor]) -> None:
        """Replace states, (B, K, T, H, W, C) each, of the chains at (B, K, 2) places."""

    def open(self, folder: Path) -> None:
        """Get ready to learn with checkpoints in a folder."""

    def begin(self) -> None:
        """Start all chains; not called if they continue from a checkpoint."""

    def restored(self) -> None:
        """Get ready to go on from the checkpoint that has just been restored.

        Raises
        ------
        ValueError
            If something that the checkpoint refers to is missing.
        """

    def keep(self, checkpoints: Sequence[str]) -> None:
        """Keep what these checkpoints refer to, which are all that there are."""

    def tidy(self) -> None:
        """Remove what no checkpoint refers to any more, after an update."""

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Turn errors of the place where chains lie into one sentence."""
        yield

    @property
    def per_video(self) -> int:
        """The number K of chains that a replica moves for each video."""
        return self.shape[1] // self.parts

    def slots(self, indices: tf.Tensor) -> tf.Tensor:
        """Return the slots (B,) int64 of some observed videos."""
        return tf.gather(tf.constant(self.slot_of, tf.int64), indices)

    def modes_of(self, indices: tf.Tensor) -> tf.Tensor:
        """Return the modes (B,) int32 of some slots."""
        return tf.gather(tf.constant(self.modes), indices)

    def own(self, part: tf.Tensor) -> tf.Tensor:
        """Return which chains of a video replica `part` moves, (K,) int64."""
        return tf.range(self.per_video, dtype=tf.int64) + part * self.per_video

    def places(self, indices: tf.Tensor, part: tf.Tensor) -> tf.Tensor:
        """Return the pairs of a video and one of its chains, (B, K, 2) int64."""
        videos, chains = tf.meshgrid(tf.cast(indices, tf.int64), self.own(part), indexing="ij")
        return tf.stack([videos, chains], axis=-1)

    def numbers(self, indices: tf.Tensor, part: tf.Tensor) -> tf.Tensor:
        """Return the number of each chain among all chains, (B·K,) int64."""
        videos, chains = tf.unstack(self.places(indices, part), axis=-1)
        numbers = tf.reshape(videos * self.shape[1] + chains, [-1])
        return tf.ensure_shape(numbers, (int(indices.shape[0]) * self.per_video,))

    def starts(self, indices: tf.Tensor, part: tf.Tensor) -> tf.Tensor:
        """Return the present state of the chains of some videos, (B, K, T, H, W, C)."""
        found = self._read("video", self.places(indices, part))
        return tf.ensure_shape(found, (int(indices.shape[0]), self.per_video, *self.shape[2:]))

    def velocities(self, indices: tf.Tensor, part: tf.Tensor) -> tf.Tensor | None:
        """Return the velocities (B·K, T, H, W, C) of the chains of some videos, or None.

        A chain that starts again keeps its velocity, which does not depend on where the chain is.
        """
        if not self.moving:
            return None
        found = self._read("velocity", self.places(indices, part))
        flat = (int(indices.shape[0]) * self.per_video, *self.shape[2:])
        return tf.ensure_shape(tf.reshape(found, flat), flat)

    def renewed(
        self, indices: tf.Tensor, part: tf.Tensor, current: tf.Tensor, share: float,
        reference: Reference, spread: bool,
    ) -> tf.Tensor:
        """Return chains (B, K, T, H, W, C), of which a `share` and all old ones have started again.

        They start from noise, as samples do: a model that knows only old chains leads samples
        nowhere.
        """
        seed = tf.cast(self.seed, tf.int64)
        draw = tf.stack(seeds.renewal(seed, self.update))
        first = tf.stack(seeds.anew(seed, self.update))
        # A number is drawn for each chain of all, because videos that share a chain must agree.
        every = tf.random.stateless_uniform(self.shape[:2], draw)
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
        """Return for each chain of some videos, (B·K,) float32: 1 if it counts, 0 in its youth."""
        if self.age is None:
            return tf.ones([int(indices.shape[0]) * self.per_video])
        age = tf.reshape(tf.gather_nd(self.age, self.places(indices, part)), [-1])
        age = tf.ensure_shape(age, (int(indices.shape[0]) * self.per_video,))
        return tf.cast((age >= youth) & (age < self.life), tf.float32)

    def store(
        self, indices: tf.Tensor, part: tf.Tensor, moved: tf.Tensor,
        velocity: tf.Tensor | None = None,
    ) -> None:
        """Store the moved chains (B, K, T, H, W, C) of some videos, and count the update once."""
        places = self.places(indices, part)
        states = {"video": moved}
        if self.moving:
            states["velocity"] = tf.reshape(velocity, tf.shape(moved))
        self._write(places, states)
        if self.age is not None:
            age = tf.gather_nd(self.age, places)
            age *= tf.cast(age < self.life, tf.int64)  # chains that have just started again
            self.age.scatter_nd_update(places, age + 1)
        self.update.assign_add(tf.cast(part % self.here == 0, tf.int64))


class HeldChains(Chains):
    """Chains in memory.

    Attributes
    ----------
    video, velocity : tf.Variable
        The chains, (slots, chains, T, H, W, C) float32 on the model's scale, and their velocities
        of the same shape; without momentum, `velocity` is None.
    """

    def __init__(self, start: Start, shape: Sequence[int], seed: int, **settings: Any) -> None:
        empty = tf.zeros(shape)  # if memory does not suffice, this fails at once, and alone
        super().__init__(shape, seed, **settings)
        self.video = tf.Variable(empty, trainable=False, name="video")
        self.velocity: tf.Variable | None = None
        if self.moving:
            self.velocity = tf.Variable(empty, trainable=False, name="velocity")
        for slot in range(self.shape[0]):  # one after the other: all twice may exceed memory
            for name, state in start(slot).items():
                getattr(self, name)[slot].assign(state)

    def first(self) -> tf.Tensor:
        return self.video[0, 0]

    def _read(self, state: str, places: tf.Tensor) -> tf.Tensor:
        return tf.gather_nd(getattr(self, state), places)

    def _write(self, places: tf.Tensor, states: Mapping[str, tf.Tensor]) -> None:
        for name, values in states.items():
            getattr(self, name).scatter_nd_update(places, values)


def _ages(slots: int, chains: int, life: int) -> np.ndarray:
    """Return ages (slots, chains), spread evenly so that not all chains start again at once."""
    of_chain, of_slot = np.arange(chains) * life // chains, np.arange(slots)[:, np.newaxis]
    return np.asarray((of_chain + of_slot) % life, np.int64)
