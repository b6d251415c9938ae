"""Langevin dynamics: draws videos from an energy by following its gradient, with noise.

    I ← I − (ε²/2)·∂E/∂I + ε·Z,    Z ~ N(0, 1),
    E(I) = ‖I‖²/(2σ²) − f(I), so ∂E/∂I = I/σ² − ∂f/∂I      (Xie, Zhu, Wu, CVPR 2017, equation 6)

With a momentum the video has a velocity and goes on moving, which takes it farther in as many steps
(`kinetic_step`).

Nothing here knows what a network is: an energy is any callable (N, T, H, W, C) → (N,).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from typing import TypeAlias

import tensorflow as tf

from dynpat import seeds

Energy: TypeAlias = Callable[[tf.Tensor], tf.Tensor]


def langevin_step(
    energy: Energy, video: tf.Tensor, step_size: tf.Tensor, noise: tf.Tensor, seed: tf.Tensor,
    at_once: int = 0,
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
        (2,) integers, or (N, 2) for each video; the same seed draws the same Z.
    at_once
        See `energy_gradient`.

    Returns
    -------
    (N, T, H, W, C) float32
    """
    gradient = energy_gradient(energy, video, at_once)
    normal = standard_normal(video, seed)
    return video - 0.5 * step_size**2 * gradient + noise * step_size * normal


def kinetic_step(
    energy: Energy, video: tf.Tensor, velocity: tf.Tensor, step_size: tf.Tensor,
    momentum: tf.Tensor, noise: tf.Tensor, seed: tf.Tensor, kick: tf.Tensor, at_once: int = 0,
) -> tuple[tf.Tensor, tf.Tensor]:
    """One step of Langevin dynamics with inertia: v is what moves I, and E and Z change v.

        v ← v − kick·ε·∂E/∂I
        I ← I + ε/2·v,    v ← μ·v + noise·√(1 − μ²)·Z,    I ← I + ε/2·v

    It draws from the same distribution, of a Gaussian energy exactly if the first step of a chain
    has a `kick` of ½ and all others of 1 (the scheme BAOAB of Leimkuhler and Matthews, "Rational
    construction of stochastic numerical methods for molecular sampling", 2013).

    Parameters
    ----------
    velocity
        v, of the video's shape.
    momentum
        μ, the share of v that a step keeps: scalar, 0 … 1.
    energy, video, step_size, noise, seed, at_once
        As in `langevin_step`.

    Returns
    -------
    I and v, both (N, T, H, W, C) float32
    """
    velocity -= kick * step_size * energy_gradient(energy, video, at_once)
    video += 0.5 * step_size * velocity
    normal = standard_normal(video, seed)
    velocity = momentum * velocity + noise * tf.sqrt(1 - momentum**2) * normal
    return video + 0.5 * step_size * velocity, velocity


def standard_normal(like: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Z ~ N(0, 1) of the shape of `like`, float32; a `seed` of (2,) integers always draws the same.

    Seeds (N, 2) are those of each of N rows, whatever stands beside them.

    By Box and Muller's transform of uniform numbers, whose operations TensorFlow computes in whole
    vectors: on CPU in half the time of `tf.random.stateless_normal`, which takes 15 % of a step.
    """
    if len(seed.shape) == 2:
        return tf.stack([standard_normal(like[n], seed[n]) for n in range(seed.shape[0])])
    shape = tf.shape(like)
    count = tf.reduce_prod(shape)
    uniform = tf.random.stateless_uniform(tf.stack([2, (count + 1) // 2]), seed)
    radius = tf.sqrt(-2 * tf.math.log(1 - uniform[0]))  # 1 − u lies in (0, 1]
    angle = 2 * math.pi * uniform[1]
    both = tf.concat([radius * tf.cos(angle), radius * tf.sin(angle)], axis=0)
    return tf.reshape(both[:count], shape)


def numbered(seed: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
    """Seeds (N, 2) of things with `numbers` (N,), from one (2,)."""
    first = tf.fill(tf.shape(numbers), seed[0])
    return tf.ensure_shape(
        tf.stack([first, seeds.numbered(seed[1], numbers)], axis=1), (numbers.shape[0], 2)
    )


def energy_gradient(energy: Energy, video: tf.Tensor, at_once: int = 0) -> tf.Tensor:
    """∂E/∂I of each video, (N, T, H, W, C) → (N, T, H, W, C).

    Videos are independent of each other, so their gradients can be taken `at_once` by `at_once` (0:
    all together) where the network's inner values would not fit into memory otherwise. An energy
    that is not the same for each of the N videos has a method `of_rows`, which gives that of some.
    """
    of_rows = getattr(energy, "of_rows", lambda first, last: energy)

    def of(part: tf.Tensor, first: tf.Tensor) -> tf.Tensor:
        own = of_rows(first, first + tf.shape(part)[0])
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(part)
            total = tf.reduce_sum(own(part))
        return tape.gradient(total, part)

    return in_groups(of, video, at_once)


def in_groups(
    function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], video: tf.Tensor, at_once: int
) -> tf.Tensor:
    """`function` of some videos at once, one group after the other, and the results in a row.

    It maps (n, …), and the number of the first of these, to (n, …); `at_once` 0 is all together.
    """
    count = video.shape[0]
    if at_once == 0 or (count is not None and count <= at_once):
        return function(video, tf.constant(0))
    count = tf.shape(video)[0]
    groups = -(-count // at_once)
    results = tf.TensorArray(tf.float32, size=groups, infer_shape=False)

    def body(group: tf.Tensor, results: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
        part = video[group * at_once : (group + 1) * at_once]
        return group + 1, results.write(group, function(part, group * at_once))

    # One iteration at a time: groups side by side would need the memory of all.
    _, results = tf.while_loop(
        lambda group, _: group < groups, body, (tf.constant(0), results), parallel_iterations=1
    )
    return results.concat()


def chain(
    energy: Energy,
    video: tf.Tensor,
    steps: tf.Tensor,
    step_size: tf.Tensor,
    noise: tf.Tensor,
    seed: tf.Tensor,
    held: tf.Tensor | None = None,
    at_once: int = 0,
    numbers: tf.Tensor | None = None,
    momentum: float = 0.0,
    modes: tf.Tensor | None = None,
    velocity: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """`steps` Langevin steps as one graph loop, for use inside a `tf.function`.

    With a `momentum` they are those of `kinetic_step`, from the `velocity` at which a chain before
    ended, or else from one that is drawn. `modes` (N,) are those of the videos, for an energy with
    a `shifted`. Returns the videos and their velocities (zero without a momentum).

    `held` is a boolean tensor that broadcasts to the video; where it is True the pixels stay
    bit-equal to what they were. `seed` is a scalar; step number n draws its noise from (seed, n).
    `at_once`: see `energy_gradient`. With `numbers` (N,) each chain has noise of its own number,
    whatever chains move beside it.
    """

    def seed_of(step: tf.Tensor | int) -> tf.Tensor:
        pair = tf.stack(seeds.step(tf.cast(seed, tf.int64), tf.cast(step, tf.int64)))
        return pair if numbers is None else numbered(pair, numbers)

    def body(step: tf.Tensor, state: tf.Tensor, velocity: tf.Tensor) -> tuple[tf.Tensor, ...]:
        # An energy may be another at each step, on average the one that is meant.
        shifted = getattr(energy, "shifted", None)
        own = tf.stack(seeds.step(tf.cast(seed, tf.int64), tf.cast(step, tf.int64)))
        one = energy if shifted is None else shifted(own, modes)
        if momentum:
            moved, velocity = kinetic_step(
                one, state, velocity, step_size, tf.constant(momentum, tf.float32), noise,
                seed_of(step), tf.where(step == 0, first_kick, 1.0), at_once,
            )
        else:
            moved = langevin_step(one, state, step_size, noise, seed_of(step), at_once)
        moved = tf.ensure_shape(moved, state.shape)
        if held is not None:
            moved = tf.where(held, video, moved)
        return step + 1, moved, velocity

    video = tf.convert_to_tensor(video)
    first_kick = 0.5 if velocity is None else 1.0
    if velocity is None:
        velocity = noise * standard_normal(video, seed_of(-1)) if momentum else tf.constant(0.0)
    # A network may cast its weights once for the whole chain: they stand still here.
    with getattr(energy, "standing_still", nullcontext)():
        _, final, velocity = tf.while_loop(
            lambda step, *_: step < steps, body, (tf.constant(0), video, velocity)
        )
    return final, velocity


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
    momentum: float = 0.0,
    modes: tf.Tensor | None = None,
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
    momentum
        μ of `kinetic_step`; 0 is equation 6.
    modes
        (N,) int32, those of the videos, if the energy tells modes apart.

    Returns
    -------
    (N, T, H, W, C) float32
    """
    held = None if held is None else tf.convert_to_tensor(held, tf.bool)
    final, _ = _compiled_chain(
        model,
        tf.convert_to_tensor(video, tf.float32),
        tf.constant(steps, tf.int32),
        tf.constant(step_size, tf.float32),
        tf.constant(noise, tf.float32),
        tf.constant(seed, tf.int64),
        held,
        momentum=momentum,
        modes=modes,
    )
    return final
