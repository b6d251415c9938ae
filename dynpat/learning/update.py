"""One update of the weights by analysis by synthesis.

    ∂/∂θ log p ≈ mean ∂f(observed)/∂θ − mean ∂f(synthesised)/∂θ      (CVPR 2017, equation 5)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

import tensorflow as tf

from dynpat import langevin, seeds
from dynpat.config import LangevinConfig
from dynpat.learning.chains import Chains
from dynpat.learning.replicas import all_mean, all_of, replicas_now
from dynpat.reference.gaussians import Reference


class Potential(Protocol):
    """What an update needs of a model: f, the energy by call, weights and an optimizer."""

    optimizer: Any
    reference: Reference
    starts_spread: bool
    trainable_variables: list[Any]

    def __call__(self, video: tf.Tensor) -> tf.Tensor: ...
    def f(
        self, video: tf.Tensor, seed: tf.Tensor | None = None, modes: tf.Tensor | None = None
    ) -> tf.Tensor: ...


def update(
    model: Potential,
    chains: Chains,
    observed: tf.Tensor,
    indices: tf.Tensor,
    config: LangevinConfig,
    at_once: int = 0,
    observed_noise: float = 0.0,
    renewed: float = 0.0,
    gap_limit: float = 0.0,
    youth: int = 0,
    part: tf.Tensor | int = 0,
    windows: tf.Tensor | None = None,
    squared: float = 0.0,
) -> dict[str, tf.Tensor]:
    """Move the chains, then move θ by ∂f(observed) − ∂f(synthesised).

    Energies are divided by the number of values in a video, so that one learning rate serves videos
    of all sizes.

    Parameters
    ----------
    model : Potential
        The model whose weights move.
    chains : Chains
        The persistent chains.
    observed : tf.Tensor
        The observed windows, (B·V, T, H, W, C) float32 on the model's scale: V of each video.
    indices : tf.Tensor
        The slots (B,) of the observed videos; each has its own chains.
    config : LangevinConfig
        How the chains move.
    at_once : int
        How many videos pass the network together, to save memory; 0 is all.
    observed_noise : float
        The standard deviation of noise on the observed windows. Chains always have noise of about
        ε; without noise on the observed, the network would learn that difference, ever more
        steeply.
    renewed : float
        The share of the chains that start again from noise.
    gap_limit : float
        The gap above which a chain does not count (see `pulls`); 0 sets no limit.
    youth : int
        The number of updates for which a chain with a `life` does not count.
    part : tf.Tensor or int
        The number of this replica.
    windows : tf.Tensor or None
        The numbers (B·V,) of its windows among those of all replicas.
    squared : float
        The weight α of α·(mean f²(observed) + mean f²(synthesised)) in the loss, with f per value.
        It keeps small what is learned beyond the reference, and so its slopes.

    Returns
    -------
    dict
        Scalars by name, for the log and the divergence watch; see `measure`.
    """
    part = tf.cast(part, tf.int64)
    if observed_noise:
        seed = tf.stack(seeds.grain(tf.cast(chains.seed, tf.int64), chains.update))
        if windows is None:
            windows = tf.range(int(observed.shape[0]), dtype=tf.int64)
        observed += observed_noise * langevin.standard_normal(
            observed, langevin.numbered(seed, windows)
        )
    # Each chain and each window lies in the coordinates of the mode of its group.
    of_slots = chains.modes_of(indices)
    modes = tf.repeat(of_slots, chains.per_video)
    own = tf.repeat(of_slots, int(observed.shape[0]) // int(indices.shape[0]))
    starts = chains.starts(indices, part)
    if renewed or chains.life:
        starts = chains.renewed(
            indices, part, starts, renewed, model.reference, model.starts_spread
        )
    synthesised, velocity = langevin.chain(
        model,
        tf.reshape(starts, [-1, *observed.shape[1:]]),
        tf.constant(config.steps),
        tf.constant(config.step_size, tf.float32),
        tf.constant(1.0),
        seeds.chains(tf.cast(chains.seed, tf.int64), chains.update),
        at_once=at_once,
        numbers=chains.numbers(indices, part),
        momentum=config.momentum,
        modes=modes,
        velocity=chains.velocities(indices, part),
    )
    counts = int(observed.shape[0]), int(synthesised.shape[0])
    values = math.prod(observed.shape[1:])
    shift = tf.stack(seeds.shift(tf.cast(chains.seed, tf.int64), chains.update))
    sizes = tf.repeat(tf.constant(counts, tf.float32), counts)
    grown = chains.grown(indices, part, youth)

    def plain(f: tf.Tensor) -> tf.Tensor:
        return pulls(f / values, counts, int(indices.shape[0]), gap_limit, grown)

    gradients, f, _ = statistics(
        model, tf.concat([observed, synthesised], axis=0),
        lambda f: (plain(f) + 2 * squared * f / values / sizes) / values, at_once, shift,
        tf.concat([own, modes], axis=0),
    )
    # The optimizer adds up the gradients of all replicas.
    model.optimizer.apply([g / replicas_now() for g in gradients], model.trainable_variables)
    chains.store(indices, part, tf.reshape(synthesised, tf.shape(starts)), velocity)
    f_observed, f_synthesised = (
        all_mean(tf.reduce_sum(part_of_f * weight)) / all_mean(tf.reduce_sum(weight)) / values
        for part_of_f, weight in zip(
            tf.split(f, counts), (tf.ones([counts[0]]), tf.maximum(grown, 1e-6)), strict=True
        )
    )
    return {
        "energy_gap": f_observed - f_synthesised,
        "f_observed": f_observed,
        "f_synthesised": f_synthesised,
        # With several replicas, this is the mean of their norms.
        "gradient_norm": all_mean(tf.linalg.global_norm(gradients)),
        # The first two variables of the optimizer are the number of steps and the learning rate.
        "optimizer_norm": tf.linalg.global_norm(model.optimizer.variables[2:]),
        # This is the share of the chains that count, among those that are old enough.
        "counting": all_mean(
            tf.reduce_sum(plain(f)[counts[0] :]) + 1 - tf.reduce_mean(grown)
        ),
        **measure(
            model.reference, observed, tf.reshape(synthesised, tf.shape(starts)), own, modes
        ),
    }


def pulls(
    f: tf.Tensor, counts: tuple[int, int], videos: int, limit: float,
    grown: tf.Tensor | None = None,
) -> tf.Tensor:
    """Return how much each f counts, (N,), in the descent of −mean f(observed) + mean f(chains).

    A chain that is stuck far below its observed video, where f is flat, would be pushed down for
    ever and pull everything with it. The closer its gap f(observed) − f(chain) comes to `limit`,
    the less the chain and its share of the observed count; beyond, they do not count. The chain
    will be renewed.

    Parameters
    ----------
    f : tf.Tensor
        The values f, (N,) per value of a video: of the observed windows, then of the chains.
    counts : tuple of int
        The numbers of windows and of chains, of all `videos` together.
    videos : int
        The number of observed videos.
    limit : float
        The gap above which a chain does not count; 0 lets all count alike.
    grown : tf.Tensor or None
        1 for chains that count and 0 for those that are too young, (chains,); by default all count.

    Returns
    -------
    tf.Tensor
        The factor of each f, (N,) float32.
    """
    observed, chains = (tf.reshape(part, [videos, -1]) for part in tf.split(f, counts))
    level = all_mean(tf.stop_gradient(tf.reduce_mean(observed, axis=1, keepdims=True)))
    gaps = level - tf.stop_gradient(chains)
    weights = tf.ones_like(gaps)
    if limit:
        weights = tf.clip_by_value(1 - gaps / limit, 0.0, 1.0)
    if grown is not None:
        weights *= tf.reshape(grown, tf.shape(weights))
    shares = all_mean(tf.reduce_mean(weights, axis=1, keepdims=True)) * tf.ones_like(observed)
    up, down = tf.reshape(shares, [-1]) / counts[0], tf.reshape(weights, [-1]) / counts[1]
    return tf.stop_gradient(tf.concat([-up, down], axis=0))


def statistics(
    model: Potential, videos: tf.Tensor, pulls_of: Callable[[tf.Tensor], tf.Tensor], at_once: int,
    shift: tf.Tensor, modes: tf.Tensor,
) -> tuple[list[tf.Tensor], tf.Tensor, tf.Tensor]:
    """Return ∂/∂θ Σ pull·f(videos) with pulls (N,) that depend on f, then f (N,) and the pulls.

    The network gets `at_once` videos at a time (0: all). `shift` (2,) is the seed of the shift of
    its grid, and `modes` (N,) are the modes of the videos.
    """
    weights = model.trainable_variables

    def f_of(part: tf.Tensor, first: tf.Tensor) -> tf.Tensor:
        return model.f(part, shift, modes[first : first + tf.shape(part)[0]])

    count = int(videos.shape[0])
    if at_once == 0 or count <= at_once:
        with tf.GradientTape() as tape:
            f = f_of(videos, tf.constant(0))
            pull = pulls_of(f)
            total = tf.reduce_sum(pull * f)
        return tape.gradient(total, weights), f, pull
    f = tf.ensure_shape(langevin.in_groups(f_of, videos, at_once), (count,))
    pull = pulls_of(f)

    def body(start: tf.Tensor, sums: list[tf.Tensor]) -> tuple[tf.Tensor, list[tf.Tensor]]:
        part = slice(start, start + at_once)
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(pull[part] * f_of(videos[part], start))
        parts = tape.gradient(total, weights)
        return start + at_once, [a + b for a, b in zip(sums, parts, strict=True)]

    zeros = [tf.zeros(weight.shape) for weight in weights]
    _, gradients = tf.while_loop(
        lambda start, _: start < count, body, (tf.constant(0), zeros),
        parallel_iterations=1,  # parallel groups would need the memory of all
    )
    return gradients, f, pull


def measure(
    reference: Reference, observed: tf.Tensor, chains: tf.Tensor, own: tf.Tensor | None = None,
    modes: tf.Tensor | None = None,
) -> dict[str, tf.Tensor]:
    """Return cheap figures of chains (B, K, T, H, W, C) against observed windows (B·V, T, H, W, C).

    `contrast` is the ratio of root mean squares, in units of the reference distribution, and
    `motion` that of the mean |temporal difference|; 1 means alike. `weakest` and `strongest` are
    the smallest and the largest contrast of a chain. `own` (B·V,) and `modes` (B·K,) are the modes
    of the observed windows and of the chains.
    """
    videos = reference.levels(tf.reshape(chains, [-1, *observed.shape[1:]]), modes)
    observed = reference.levels(observed, own)
    real = tf.reshape(reference.size(observed), [chains.shape[0], -1])
    made = tf.reshape(reference.size(videos), [chains.shape[0], -1])
    level = all_mean(tf.reduce_mean(real, axis=1, keepdims=True))
    contrast = all_of(tf.reshape(tf.sqrt(made / (level + 1e-9)), [-1]))
    return {
        "contrast": tf.reduce_mean(contrast),
        "motion": all_mean(_motion(videos)) / (all_mean(_motion(observed)) + 1e-6),
        "weakest": tf.reduce_min(contrast),
        "strongest": tf.reduce_max(contrast),
    }


def _motion(video: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.abs(video[:, 1:] - video[:, :-1]))
