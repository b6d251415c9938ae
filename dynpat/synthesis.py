"""One update of analysis by synthesis, and the persistent chains that it needs.

    ∂/∂θ log p ≈ mean ∂f(observed)/∂θ − mean ∂f(synthesised)/∂θ      (CVPR 2017, equation 5)
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from dynpat import langevin
from dynpat.config import LangevinConfig


class Potential(Protocol):
    """What an update needs of a model: f, the energy by call, weights and an optimizer."""

    optimizer: Any
    sigma: float
    trainable_variables: list[Any]

    def __call__(self, video: tf.Tensor) -> tf.Tensor: ...
    def f(self, video: tf.Tensor) -> tf.Tensor: ...


class Chains(tf.Module):
    """Persistent Langevin chains, several per observed video, and the number of updates done.

    Attributes
    ----------
    video
        (videos, chains, T, H, W, C) float32 on the model's scale.
    update
        () int64: updates done; with the seed it fixes all noise of the next one.
    """

    def __init__(self, videos: int, chains: int, shape: tuple[int, ...], sigma: float, seed: int):
        super().__init__(name="chains")
        self.seed = seed
        start = draw_reference((videos, chains, *shape), sigma, seed)
        self.video = tf.Variable(start, trainable=False, name="video")
        self.update = tf.Variable(0, dtype=tf.int64, trainable=False, name="update")

    @property
    def per_video(self) -> int:
        return int(self.video.shape[1])


def draw_reference(shape: tuple[int, ...], sigma: float, seed: int) -> tf.Tensor:
    """The reference distribution N(0, σ²), where every chain starts."""
    return sigma * tf.random.stateless_normal(shape, seed=[seed, 0x5EED])


def mini_batch(
    update: tf.Tensor, batch: int, videos: int, frames: int, window: int, seed: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Which observed videos, and which time window of each, update number `update` looks at.

    Every epoch goes through the videos in a new order without repeats (the remainder of an
    epoch that fills no whole batch is left out, so that a batch never holds a video twice).
    A pure function of its arguments, so that a resumed run sees what an undisturbed one would.

    Returns
    -------
    indices, starts
        (batch,) int64 each.
    """
    per_epoch = videos // batch
    update = tf.cast(update, tf.int64)
    epoch, position = update // per_epoch, update % per_epoch
    order_seed = tf.stack([tf.cast(seed, tf.int64), epoch])
    places = position * batch + tf.range(batch, dtype=tf.int64)
    indices = tf.random.experimental.index_shuffle(places, order_seed, videos - 1)
    starts = tf.random.stateless_uniform(
        (batch,), tf.stack([tf.cast(seed, tf.int64), update]), 0, frames - window + 1, tf.int64
    )
    return indices, starts


def observed_windows(
    videos: np.ndarray, window: int, batch: int, seed: int, first_update: int = 0
) -> tf.data.Dataset:
    """The endless stream of mini-batches: grey levels (B, window, H, W, C) and video indices (B,).

    Parameters
    ----------
    videos
        (N, T, H, W, C) uint8 or float32 grey levels, T ≥ window.
    """
    count, frames = videos.shape[:2]
    with tf.device("CPU:0"):
        held = tf.convert_to_tensor(videos)

    def cut(update: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        indices, starts = mini_batch(update, batch, count, frames, window, seed)
        rows = [held[indices[b], starts[b] : starts[b] + window] for b in range(batch)]
        return tf.ensure_shape(tf.stack(rows), (batch, window, *videos.shape[2:])), indices

    numbers = tf.data.Dataset.range(first_update, np.iinfo(np.int64).max)
    return numbers.map(cut, num_parallel_calls=1, deterministic=True).prefetch(1)


def advance(
    model: Potential, chains: Chains, indices: tf.Tensor, config: LangevinConfig
) -> tf.Tensor:
    """Move the chains of the given observed videos and store them; returns them (B·K, T, H, W, C).
    """
    current = tf.gather(chains.video, indices)
    shape = chains.video.shape[2:]
    moved = langevin.chain(
        model,
        tf.reshape(current, [-1, *shape]),
        tf.constant(config.steps),
        tf.constant(config.step_size, tf.float32),
        tf.constant(config.noise, tf.float32),
        tf.cast(chains.seed, tf.int64) * 1_000_003 + chains.update,
    )
    chains.video.scatter_nd_update(
        indices[:, tf.newaxis], tf.reshape(moved, [-1, chains.per_video, *shape])
    )
    return moved


def update(
    model: Potential,
    chains: Chains,
    observed: tf.Tensor,
    indices: tf.Tensor,
    config: LangevinConfig,
    gap_limit: float = 0.0,
) -> dict[str, tf.Tensor]:
    """Move the chains, then move θ by ∂f(observed) − ∂f(synthesised).

    Energies are divided by the number of values in a video, so that learning rates carry over
    from size to size.

    Parameters
    ----------
    observed
        (B, T, H, W, C) float32 on the model's scale.
    indices
        (B,) which observed videos these are: each has its own chains.
    gap_limit
        Where learning comes to rest, see `loss_of_gap`; 0 for none.

    Returns
    -------
    dict of scalars
        What the log and the divergence watch look at, see `measure`.
    """
    synthesised = advance(model, chains, indices, config)
    values = tf.cast(tf.size(observed[0]), tf.float32)
    with tf.GradientTape() as tape:
        f_observed = tf.reduce_mean(model.f(observed)) / values
        f_synthesised = tf.reduce_mean(model.f(synthesised)) / values
        gap = f_observed - f_synthesised
        loss = loss_of_gap(gap, gap_limit * reference_energy(observed, model.sigma))
    gradients = tape.gradient(loss, model.trainable_variables)
    model.optimizer.apply(gradients, model.trainable_variables)
    chains.update.assign_add(1)
    return {
        "energy_gap": gap,
        "f_observed": f_observed,
        "f_synthesised": f_synthesised,
        "gradient_norm": tf.linalg.global_norm(gradients),
        **measure(observed, synthesised),
    }


def reference_energy(video: tf.Tensor, sigma: float) -> tf.Tensor:
    """Mean ‖I‖²/(2σ²) per value: the unit in which energies of any scale compare."""
    return tf.reduce_mean(tf.square(video)) / (2 * sigma**2)


def loss_of_gap(gap: tf.Tensor, limit: tf.Tensor) -> tf.Tensor:
    """−gap, or −gap + gap²/(2·limit) where the gap is positive and there is a limit.

    Maximum likelihood (no limit) raises f(observed) − f(synthesised) for ever when the chains
    cannot follow, and dies of it; with a limit its pull fades and ends at gap = limit.
    """
    excess = tf.math.divide_no_nan(tf.square(tf.nn.relu(gap)), 2 * limit)
    return excess - gap


def measure(observed: tf.Tensor, synthesised: tf.Tensor) -> dict[str, tf.Tensor]:
    """Cheap figures of the chains against the observed: their contrast and motion, 1 = alike.

    `contrast` is the ratio of root mean squares, `weakest` and `strongest` those of the extreme
    chains, `motion` the ratio of mean |temporal difference|.
    """
    size = tf.sqrt(tf.reduce_mean(tf.square(observed))) + 1e-6
    each = tf.sqrt(tf.reduce_mean(tf.square(synthesised), axis=[1, 2, 3, 4])) / size
    return {
        "contrast": tf.reduce_mean(each),
        "weakest": tf.reduce_min(each),
        "strongest": tf.reduce_max(each),
        "motion": _motion(synthesised) / (_motion(observed) + 1e-6),
    }


def _motion(video: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.abs(video[:, 1:] - video[:, :-1]))
