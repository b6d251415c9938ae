"""Langevin dynamics: draws videos from an energy by following its gradient, with noise.

    I ← I − (ε²/2)·∂E/∂I + ε·Z,    Z ~ N(0, 1),
    E(I) = ‖I‖²/(2σ²) − f(I), so ∂E/∂I = I/σ² − ∂f/∂I      (Xie, Zhu, Wu, CVPR 2017, equation 6)

Nothing here knows what a network is: an energy is any callable (N, T, H, W, C) → (N,).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import tensorflow as tf

Energy: TypeAlias = Callable[[tf.Tensor], tf.Tensor]


def langevin_step(
    energy: Energy, video: tf.Tensor, step_size: tf.Tensor, noise: tf.Tensor, seed: tf.Tensor
) -> tf.Tensor:
    """One step, I ← I − (ε²/2)·∂E/∂I + noise·ε·Z.

    Parameters
    ----------
    energy
        E, maps (N, T, H, W, C) to (N,).
    video
        I, (N, T, H, W, C) float32 on the model's scale.
    step_size
        ε, scalar float32, in the video's units.
    noise
        Scalar factor on the noise; 0 descends the energy.
    seed
        (2,) integers; the same seed draws the same Z.

    Returns
    -------
    (N, T, H, W, C) float32
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(video)
        total = tf.reduce_sum(energy(video))  # videos are independent: one gradient serves all
    gradient = tape.gradient(total, video)
    normal = tf.random.stateless_normal(tf.shape(video), seed=seed)
    return video - 0.5 * step_size**2 * gradient + noise * step_size * normal


def chain(
    energy: Energy,
    video: tf.Tensor,
    steps: tf.Tensor,
    step_size: tf.Tensor,
    noise: tf.Tensor,
    seed: tf.Tensor,
    held: tf.Tensor | None = None,
) -> tf.Tensor:
    """`steps` Langevin steps as one graph loop, for use inside a `tf.function`.

    `held` is a boolean tensor that broadcasts to the video; where it is True the pixels stay
    bit-equal to what they were. `seed` is a scalar; step number n draws its noise from (seed, n).
    """

    def body(step: tf.Tensor, state: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pair = tf.stack([tf.cast(seed, tf.int64), tf.cast(step, tf.int64)])
        moved = langevin_step(energy, state, step_size, noise, pair)
        if held is not None:
            moved = tf.where(held, video, moved)
        return step + 1, moved

    start = (tf.constant(0), tf.convert_to_tensor(video))
    _, final = tf.while_loop(lambda step, _: step < steps, body, start)
    return final


# XLA stays off: on CPU it makes this loop 25 times slower. Everything that changes from call to
# call is a tensor, so that one energy and one shape are traced once.
_compiled_chain = tf.function(chain, jit_compile=False)


def sample(
    model: Energy,
    video: tf.Tensor,
    steps: int,
    step_size: float,
    seed: int,
    held: tf.Tensor | None = None,
    noise: float = 1.0,
) -> tf.Tensor:
    """Run `steps` Langevin steps from `video`.

    Parameters
    ----------
    model
        The energy, maps (N, T, H, W, C) to (N,). A Keras model or any callable.
    video
        Where the chains start, (N, T, H, W, C) float32 on the model's scale.
    steps, step_size
        How many steps, and ε.
    seed
        Same seed, same video.
    held
        Boolean, broadcasts to `video`: True = visible, kept bit-equal.
    noise
        Factor on the noise term.

    Returns
    -------
    (N, T, H, W, C) float32
    """
    held = None if held is None else tf.convert_to_tensor(held, tf.bool)
    return _compiled_chain(
        model,
        tf.convert_to_tensor(video, tf.float32),
        tf.constant(steps, tf.int32),
        tf.constant(step_size, tf.float32),
        tf.constant(noise, tf.float32),
        tf.constant(seed, tf.int64),
        held,
    )
