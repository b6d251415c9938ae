"""Take noise off videos: the mean of the clean video, from the energy of noisy videos."""

from __future__ import annotations

from contextlib import nullcontext

import tensorflow as tf

from dynpat.langevin import Energy, energy_gradient


def denoised(
    energy: Energy, video: tf.Tensor, noise: float, views: int, modes: tf.Tensor | None = None
) -> tf.Tensor:
    """Return the mean of the clean video given a noisy one, y − ρ²·∂E/∂y (Tweedie's formula).

    Parameters
    ----------
    energy : callable
        The energy E of videos that carry white noise of standard deviation ρ.
    video : tf.Tensor
        The noisy videos y, (N, T, H, W, C) float32.
    noise : float
        The standard deviation ρ of the noise.
    views : int
        Over how many random shifts the gradient is averaged, if the energy has a method `shifted`.
    modes : tf.Tensor or None
        The mode of each video, (N,), for an energy that has a method `shifted`.

    Returns
    -------
    tf.Tensor
        The denoised videos, (N, T, H, W, C) float32.
    """
    return _compiled_denoised(
        energy, video, tf.constant(noise, tf.float32), tf.constant(views), modes
    )


def _denoised(
    energy: Energy, video: tf.Tensor, noise: tf.Tensor, views: tf.Tensor, modes: tf.Tensor | None
) -> tf.Tensor:
    shifted = getattr(energy, "shifted", lambda seed, modes: energy)

    def body(view: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        one = shifted(tf.stack([0, view]), modes)
        return view + 1, total + energy_gradient(one, video)

    with getattr(energy, "standing_still", nullcontext)():
        _, total = tf.while_loop(
            lambda view, _: view < views, body, (tf.constant(0), tf.zeros_like(video))
        )
    return video - noise**2 * total / tf.cast(views, tf.float32)


_compiled_denoised = tf.function(_denoised, jit_compile=False)
