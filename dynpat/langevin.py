"""Langevin dynamics draws videos from an energy: it follows the gradient downhill and adds noise.

    I ← I − (ε²/2)·∂E/∂I + ε·Z,    Z ~ N(0, 1),
    E(I) = ‖I‖²/(2σ²) − f(I), so ∂E/∂I = I/σ² − ∂f/∂I      (Xie, Zhu, Wu, CVPR 2017, equation 6)

With momentum a video has a velocity and keeps moving, so that it gets farther in the same number of
steps (`kinetic_step`).

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
    """Take one Langevin step, I ← I − (ε²/2)·∂E/∂I + noise·ε·Z.

    Parameters
    ----------
    energy : callable
        The energy E; it maps (N, T, H, W, C) to (N,).
    video : tf.Tensor
        The videos I, (N, T, H, W, C) float32 on the model's scale.
    step_size : tf.Tensor
        The step size ε, a float32 scalar in the units of the video.
    noise : tf.Tensor
        A scalar factor on the noise; 0 descends the energy without noise.
    seed : tf.Tensor
        Integers of shape (2,), or (N, 2) with a row for each video; one seed always draws one Z.
    at_once : int
        How many videos pass the energy together; see `energy_gradient`.

    Returns
    -------
    tf.Tensor
        The moved videos, (N, T, H, W, C) float32.
    """
    gradient = energy_gradient(energy, video, at_once)
    normal = standard_normal(video, seed)
    return video - 0.5 * step_size**2 * gradient + noise * step_size * normal


def kinetic_step(
    energy: Energy, video: tf.Tensor, velocity: tf.Tensor, step_size: tf.Tensor,
    momentum: tf.Tensor, noise: tf.Tensor, seed: tf.Tensor, kick: tf.Tensor, at_once: int = 0,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Take one step of Langevin dynamics with inertia: v moves I, and E and Z change v.

        v ← v − kick·ε·∂E/∂I
        I ← I + ε/2·v,    v ← μ·v + noise·√(1 − μ²)·Z,    I ← I + ε/2·v

    It draws from the same distribution as `langevin_step`. For a Gaussian energy it does so exactly
    if the first step of a chain has a `kick` of ½ and all others have 1 (the scheme BAOAB of
    Leimkuhler and Matthews, "Rational construction of stochastic numerical methods for molecular
    sampling", 2013).

    Parameters
    ----------
    energy : callable
        The energy E, as in `langevin_step`.
    video : tf.Tensor
        The videos I, as in `langevin_step`.
    velocity : tf.Tensor
        The velocity v, of the shape of the video.
    step_size : tf.Tensor
        The step size ε, as in `langevin_step`.
    momentum : tf.Tensor
        The share μ of the velocity that a step keeps, a scalar from 0 to 1.
    noise, seed : tf.Tensor
        The factor on the noise and its seed, as in `langevin_step`.
    kick : tf.Tensor
        How much of the gradient changes the velocity: ½ at the first step of a chain, then 1.
    at_once : int
        How many videos pass the energy together; see `energy_gradient`.

    Returns
    -------
    tuple[tf.Tensor, tf.Tensor]
        The moved videos and their velocities, both (N, T, H, W, C) float32.
    """
    velocity -= kick * step_size * energy_gradient(energy, video, at_once)
    video += 0.5 * step_size * velocity
    normal = standard_normal(video, seed)
    velocity = momentum * velocity + noise * tf.sqrt(1 - momentum**2) * normal
    return video + 0.5 * step_size * velocity, velocity


def standard_normal(like: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draw Z ~ N(0, 1) in float32, of the shape of `like`.

    A `seed` of shape (2,) always draws the same numbers. Seeds of shape (N, 2) belong to the N rows
    of `like`, and no row depends on how many stand beside it.

    The numbers are uniform ones, transformed by Box and Muller's method, which TensorFlow computes
    in whole vectors: on a CPU in half the time of `tf.random.stateless_normal`.
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
    """Return seeds (N, 2) for N things with `numbers` (N,), made from one seed (2,)."""
    first = tf.fill(tf.shape(numbers), seed[0])
    return tf.ensure_shape(
        tf.stack([first, seeds.numbered(seed[1], numbers)], axis=1), (numbers.shape[0], 2)
    )


def energy_gradient(energy: Energy, video: tf.Tensor, at_once: int = 0) -> tf.Tensor:
    """Return ∂E/∂I of each video; (N, T, H, W, C) → (N, T, H, W, C).

    Videos do not depend on each other. Their gradients can therefore be computed for `at_once`
    videos at a time (0: for all together), where the values inside the network would not fit into
    memory otherwise. An energy that differs between the N videos has a method `of_rows`, which
    returns the energy of the videos `first` … `last` − 1.
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
    """Apply `function` to groups of videos, one group after the other, and concatenate the results.

    `function` gets a group (n, …) and the number of its first video; it returns (n, …). A group has
    `at_once` videos; 0 means one group of all.
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

    # The loop runs one iteration at a time: groups side by side would need the memory of all.
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
    clamped: tf.Tensor | None = None,
    at_once: int = 0,
    numbers: tf.Tensor | None = None,
    momentum: float = 0.0,
    modes: tf.Tensor | None = None,
    velocity: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Run `steps` Langevin steps as one graph loop, for use inside a `tf.function`.

    With a `momentum` the steps are those of `kinetic_step`. They continue with the `velocity` at
    which an earlier chain ended; without one, a velocity is drawn. `modes` (N,) tells the mode of
    each video to an energy that has a method `shifted`. The result is the videos and their
    velocities; velocities are zero without a momentum.

    `clamped` is a boolean tensor that broadcasts to the video; pixels where it is True stay as they
    are, bit by bit.
    `seed` is a scalar; step number n draws its noise from (seed, n). `at_once` is described at
    `energy_gradient`. With `numbers` (N,) the noise of a chain depends on its own number only, not
    on the chains that move beside it.
    """

    def seed_of(step: tf.Tensor | int) -> tf.Tensor:
        pair = tf.stack(seeds.step(tf.cast(seed, tf.int64), tf.cast(step, tf.int64)))
        return pair if numbers is None else numbered(pair, numbers)

    def body(step: tf.Tensor, state: tf.Tensor, velocity: tf.Tensor) -> tuple[tf.Tensor, ...]:
        # Some energies change at each step, in such a way that their mean is the energy meant.
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
        if clamped is not None:
            moved = tf.where(clamped, video, moved)
        return step + 1, moved, velocity

    video = tf.convert_to_tensor(video)
    first_kick = 0.5 if velocity is None else 1.0
    if velocity is None:
        velocity = noise * standard_normal(video, seed_of(-1)) if momentum else tf.constant(0.0)
    # The weights do not change during a chain, so a network may cast them once for all steps.
    with getattr(energy, "standing_still", nullcontext)():
        _, final, velocity = tf.while_loop(
            lambda step, *_: step < steps, body, (tf.constant(0), video, velocity)
        )
    return final, velocity



# XLA stays off because it makes this loop 25 times slower on a CPU. Everything that changes from
# call to call is a tensor, so that one energy and one shape are traced only once.
_compiled_chain = tf.function(chain, jit_compile=False)


def sample(
    model: Energy,
    video: tf.Tensor,
    steps: int,
    step_size: float,
    seed: int,
    clamped: tf.Tensor | None = None,
    noise: float = 1.0,
    momentum: float = 0.0,
    modes: tf.Tensor | None = None,
) -> tf.Tensor:
    """Run `steps` Langevin steps from `video`.

    Parameters
    ----------
    model : callable
        The energy, a Keras model or any callable; it maps (N, T, H, W, C) to (N,).
    video : tf.Tensor
        The videos from which the chains start, (N, T, H, W, C) float32 on the model's scale.
    steps : int
        The number of Langevin steps.
    step_size : float
        The step size ε, in the units of the video.
    seed : int
        The seed of the noise; the same seed gives the same videos.
    clamped : tf.Tensor or None
        A boolean tensor that broadcasts to `video`: pixels where it is True stay bit-equal.
    noise : float
        A factor on the noise; 0 descends the energy without noise.
    momentum : float
        The momentum μ of `kinetic_step`, from 0 to 1; 0 is equation 6.
    modes : tf.Tensor or None
        The mode of each video, (N,) int32, for an energy that tells modes apart.

    Returns
    -------
    tf.Tensor
        The moved videos, (N, T, H, W, C) float32.

    Examples
    --------
    >>> energy = lambda video: tf.reduce_sum(video**2, axis=[1, 2, 3, 4]) / 2
    >>> sample(energy, tf.zeros((1, 4, 8, 8, 3)), steps=5, step_size=0.5, seed=0).shape
    TensorShape([1, 4, 8, 8, 3])
    """
    clamped = None if clamped is None else tf.convert_to_tensor(clamped, tf.bool)
    final, _ = _compiled_chain(
        model,
        tf.convert_to_tensor(video, tf.float32),
        tf.constant(steps, tf.int32),
        tf.constant(step_size, tf.float32),
        tf.constant(noise, tf.float32),
        tf.constant(seed, tf.int64),
        clamped,
        momentum=momentum,
        modes=modes,
    )
    return final
