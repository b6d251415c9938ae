"""One update of analysis by synthesis.

    ∂/∂θ log p ≈ mean ∂f(observed)/∂θ − mean ∂f(synthesised)/∂θ      (CVPR 2017, equation 5)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import tensorflow as tf

from dynpat import langevin
from dynpat.chains import Chains
from dynpat.config import LangevinConfig
from dynpat.reference import Reference

GRAIN = 0x67A  # keeps the noise on the observed apart from the chains' own
LOST = 0.95  # a chain is lost from this share of the gap's limit on


class Potential(Protocol):
    """What an update needs of a model: f, the energy by call, weights and an optimizer."""

    optimizer: Any
    sigma: float
    reference: Reference
    starts_spread: bool
    trainable_variables: list[Any]

    def __call__(self, video: tf.Tensor) -> tf.Tensor: ...
    def f(self, video: tf.Tensor) -> tf.Tensor: ...


def update(
    model: Potential,
    chains: Chains,
    observed: tf.Tensor,
    indices: tf.Tensor,
    config: LangevinConfig,
    gap_limit: float = 0.0,
    at_once: int = 0,
    observed_noise: float = 0.0,
    renewed: float = 0.0,
) -> dict[str, tf.Tensor]:
    """Move the chains, then move θ by ∂f(observed) − ∂f(synthesised).

    Energies are divided by the number of values in a video, so that learning rates carry over
    from size to size.

    Parameters
    ----------
    observed
        (B·V, T, H, W, C) float32 on the model's scale: one window of each observed video, or one
        for each of its chains to be measured by.
    indices
        (B,) which observed videos these are: each has its own chains.
    gap_limit
        Where learning comes to rest, see `loss_of_gap`; 0 for none.
    at_once
        Videos that pass the network together, to bound memory; 0 for all.
    observed_noise
        Standard deviation of noise on the observed windows. Chains are never without noise of
        about ε; if the observed are, the network learns that difference first, and ever steeper.
    renewed
        Share of the chains that start again from noise.

    Returns
    -------
    dict of scalars
        What the log and the divergence watch look at, see `measure`.
    """
    if observed_noise:
        seed = tf.stack([tf.cast(chains.seed, tf.int64) + GRAIN, chains.update])
        observed += observed_noise * tf.random.stateless_normal(tf.shape(observed), seed)
    # Noisy windows are where chains live already.
    starts = chains.starts(indices, observed, 0.0 if observed_noise else model.sigma)
    if renewed:
        starts = chains.renewed(indices, starts, renewed, model.reference, model.starts_spread)
    synthesised = langevin.chain(
        model,
        tf.reshape(starts, [-1, *observed.shape[1:]]),
        tf.constant(config.steps),
        tf.constant(config.step_size, tf.float32),
        tf.constant(config.noise, tf.float32),
        tf.cast(chains.seed, tf.int64) * 1_000_003 + chains.update,
        at_once=at_once,
    )
    values = tf.cast(tf.size(observed[0]), tf.float32)
    windows = int(observed.shape[0]) // int(indices.shape[0])
    references = tf.reshape(model.reference.energy(observed) / values, [-1, windows])
    reference = tf.reduce_mean(references, axis=1, keepdims=True)
    limit = gap_limit * reference
    batch = tf.shape(observed)[0]

    def gaps_of(f: tf.Tensor) -> tf.Tensor:
        return (tf.reshape(f[:batch], [-1, windows])
                - tf.reshape(f[batch:], [-1, chains.per_video]))

    gradients, f = statistics(
        model, tf.concat([observed, synthesised], axis=0),
        lambda f: tf.reduce_mean(loss_of_gap(gaps_of(f / values), limit)), at_once,
    )
    gaps = gaps_of(f / values)
    model.optimizer.apply(gradients, model.trainable_variables)
    reference_of_chains = tf.reshape(
        model.reference.energy(synthesised) / values, [-1, chains.per_video]
    )
    synthesised = tf.reshape(synthesised, tf.shape(starts))
    lost = (gaps > LOST * limit) & (limit > 0)
    chains.store(indices, synthesised, lost)
    chains.update.assign_add(1)
    return {
        "energy_gap": tf.reduce_mean(gaps),
        "f_observed": tf.reduce_mean(f[:batch]) / values,
        "f_synthesised": tf.reduce_mean(f[batch:]) / values,
        "gradient_norm": tf.linalg.global_norm(gradients),
        "lost": tf.reduce_mean(tf.cast(lost, tf.float32)),
        **measure(observed, synthesised, reference, reference_of_chains),
    }


def statistics(
    model: Potential, videos: tf.Tensor, loss_of: Callable[[tf.Tensor], tf.Tensor], at_once: int
) -> tuple[list[tf.Tensor], tf.Tensor]:
    """The gradient of a loss of f(videos) to the weights, and f (N,).

    Where the videos pass in groups, the loss's pull on each f is found first: the gradient is the
    sum of ∂loss/∂f · ∂f/∂θ over all videos.
    """
    weights = model.trainable_variables
    count = int(videos.shape[0])
    if at_once == 0 or count <= at_once:
        with tf.GradientTape() as tape:
            f = model.f(videos)
            loss = loss_of(f)
        return tape.gradient(loss, weights), f
    f = tf.ensure_shape(langevin.in_groups(model.f, videos, at_once), (count,))
    with tf.GradientTape() as tape:
        tape.watch(f)
        loss = loss_of(f)
    pull = tape.gradient(loss, f)

    def body(start: tf.Tensor, sums: list[tf.Tensor]) -> tuple[tf.Tensor, list[tf.Tensor]]:
        part = slice(start, start + at_once)
        with tf.GradientTape() as tape:
            pulled = tf.reduce_sum(pull[part] * model.f(videos[part]))
        parts = tape.gradient(pulled, weights)
        return start + at_once, [a + b for a, b in zip(sums, parts, strict=True)]

    zeros = [tf.zeros(weight.shape) for weight in weights]
    _, gradients = tf.while_loop(
        lambda start, _: start < count, body, (tf.constant(0), zeros), parallel_iterations=1
    )
    return gradients, f


def loss_of_gap(gap: tf.Tensor, limit: tf.Tensor) -> tf.Tensor:
    """−gap, or −gap + gap²/(2·limit) where the gap is positive and there is a limit.

    Maximum likelihood (no limit) raises f(observed) − f(synthesised) for ever when the chains
    cannot follow, and dies of it; with a limit its pull fades and ends at gap = limit.
    """
    excess = tf.math.divide_no_nan(tf.square(tf.nn.relu(gap)), 2 * limit)
    return excess - gap


def measure(
    observed: tf.Tensor, synthesised: tf.Tensor, reference: tf.Tensor, of_chains: tf.Tensor
) -> dict[str, tf.Tensor]:
    """Cheap figures of chains (B, K, T, H, W, C) against the observed (B, T, H, W, C).

    `contrast` is the ratio of root mean squares (about the mean of the mode) and `motion` that of
    mean |temporal difference|, 1 = alike; `weakest` and `strongest` are the extreme chains'
    contrast. The root mean squares are given as reference energies, (B, 1) and (B, K).
    """
    contrast = tf.sqrt(of_chains / (reference + 1e-12))
    videos = tf.reshape(synthesised, [-1, *observed.shape[1:]])
    return {
        "contrast": tf.reduce_mean(contrast),
        "motion": _motion(videos) / (_motion(observed) + 1e-6),
        "weakest": tf.reduce_min(contrast),
        "strongest": tf.reduce_max(contrast),
    }


def _motion(video: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.abs(video[:, 1:] - video[:, :-1]))
