"""The reference distribution of the energy, and the scale on which it is written.

A video on the model's scale is in grey levels minus the mean of the observed ones. There the
reference is N(0, σ²); where unlike videos are learned at once it is a mixture of Gaussians around
the mean of each, so that the network need not hold apart what only stands still differently.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

AXES = {"pixel": (0, 1), "channel": (0, 1, 2, 3), "scalar": None}  # over which a mean is taken


@keras.saving.register_keras_serializable(package="dynpat")
class Reference(keras.layers.Layer):
    """Means and spreads of the observed videos, and the distribution that they define.

    Parameters
    ----------
    centre
        Which mean is subtracted: each 'pixel's over time, each 'channel's, or one 'scalar'.
    sigma
        σ of each Gaussian, in grey levels.
    modes
        Number of Gaussians.
    """

    def __init__(self, centre: str, sigma: float, modes: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.centre, self.sigma, self.modes = centre, sigma, modes

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        shapes = {"pixel": input_shape[2:], "channel": input_shape[4:], "scalar": ()}
        self.mean = self._held(shapes[self.centre], "mean")
        self.still = self._held(self.mean.shape, "still")
        self.mode_means = self._held((self.modes, *self.mean.shape), "mode_means")
        self.mode_spreads = self._held((self.modes, *self.mean.shape), "mode_spreads")

    def _held(self, shape: tuple[int | None, ...], name: str) -> Any:
        return self.add_weight(shape=shape, initializer="zeros", trainable=False, name=name)

    def adapt(self, videos: np.ndarray) -> None:
        """Take means and spreads from observed videos, (N, T, H, W, C) grey levels."""
        axes = AXES[self.centre]
        # Multiples of 1/256 make to_grey(to_model(v)) == v exactly for whole grey levels.
        mean = np.round(np.mean(videos, axis=axes, dtype=np.float64) * 256) / 256
        parts = [videos[group] for group in self.groups(len(videos))]
        means = [np.mean(part, axis=axes, dtype=np.float64) - mean for part in parts]
        self.mean.assign(mean)
        self.still.assign(mean - np.mean(mean, axis=tuple(range(mean.ndim - 1))))
        # A single Gaussian is N(0, σ²) exactly, without what the rounding left.
        self.mode_means.assign(np.stack(means) if self.modes > 1 else [np.zeros_like(mean)])
        self.mode_spreads.assign(
            np.stack([np.std(part, axis=axes, dtype=np.float64) for part in parts])
        )

    def groups(self, videos: int) -> list[np.ndarray]:
        """Which videos each mode stands for; with fewer videos than modes some modes are alike."""
        if videos < self.modes:
            return [np.array([mode % videos]) for mode in range(self.modes)]
        return np.array_split(np.arange(videos), self.modes)

    def energy(self, video: tf.Tensor) -> tf.Tensor:
        """−log of the reference distribution, but for a constant. (N, T, H, W, C) → (N,).

        One mode: ‖I‖²/(2σ²). Several, of means mₖ: −log Σₖ exp(−‖I − mₖ‖²/(2σ²)).
        """
        if self.modes == 1:
            return tf.reduce_sum(tf.square(video), axis=[1, 2, 3, 4]) / (2 * self.sigma**2)
        distances = [
            tf.reduce_sum(tf.square(video - mean), axis=[1, 2, 3, 4])
            for mean in tf.unstack(tf.convert_to_tensor(self.mode_means))
        ]
        return -tf.reduce_logsumexp(tf.stack(distances) / (-2 * self.sigma**2), axis=0)

    def draw(self, shape: tuple[int, ...], seed: int, mode: int, *, spread: bool) -> tf.Tensor:
        """White noise around the mean of a mode, (N, T, H, W, C): with σ, or the wider `spread`."""
        normal = tf.random.stateless_normal(shape, seed=[seed, 0x5EED])
        mean = tf.convert_to_tensor(self.mode_means)[mode % self.modes]
        observed = tf.convert_to_tensor(self.mode_spreads)[mode % self.modes]
        deviation = tf.sqrt(self.sigma**2 + tf.square(observed)) if spread else self.sigma
        return mean + deviation * normal

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(), "centre": self.centre, "sigma": self.sigma,
            "modes": self.modes,
        }
