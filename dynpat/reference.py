"""The reference distribution of the energy, and the scale on which it is written.

A video on the model's scale is in grey levels minus the mean of the observed ones. There the
reference is N(0, σ²). Three things can be added to the paper's: σ follows the spread of each pixel
up to a bound, so that what stands still is held tight and what moves is free; values outside
0 … 255 cost more; and where unlike videos are learned at once it is a mixture of Gaussians around
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
    widest
        If above `sigma`, a pixel's variance is σ² and that of its observed values, but at most
        the square of this.
    bounded
        Whether values outside 0 … 255 cost the square of their distance over 2σ².
    """

    def __init__(
        self, centre: str, sigma: float, modes: int, widest: float = 0.0, bounded: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.centre, self.sigma, self.modes = centre, sigma, modes
        self.widest, self.bounded = widest, bounded

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

        One mode: Σ I²/(2σ²). Several, of means mₖ: −log Σₖ exp(−Σ (I − mₖ)²/(2σₖ²) − Σ log σₖ).
        """
        if self.modes == 1:  # its mean is zero
            energy = self._gaussian(video, 0)
        else:
            means = tf.unstack(tf.convert_to_tensor(self.mode_means))
            parts = [self._gaussian(video - mean, mode) for mode, mean in enumerate(means)]
            energy = -tf.reduce_logsumexp(-tf.stack(parts), axis=0)
        return energy + self._outside(video) if self.bounded else energy

    def _gaussian(self, distance: tf.Tensor, mode: int) -> tf.Tensor:
        """Σ d²/(2σ²) + Σ log σ of a mode; the second sum only where modes differ in it."""
        if self.widest <= self.sigma:
            return tf.reduce_sum(tf.square(distance), axis=[1, 2, 3, 4]) / (2 * self.sigma**2)
        variance = self.variances()[mode]
        scaled = tf.square(distance) / variance
        if self.modes > 1:
            scaled += tf.math.log(variance)
        return tf.reduce_sum(scaled, axis=[1, 2, 3, 4]) / 2

    def variances(self) -> tf.Tensor:
        """σ² of each mode: of each pixel, channel or of all, as `mode_means`."""
        spreads = tf.convert_to_tensor(self.mode_spreads)
        if self.widest <= self.sigma:
            return tf.fill(tf.shape(spreads), float(self.sigma) ** 2)
        return tf.minimum(self.sigma**2 + tf.square(spreads), float(self.widest) ** 2)

    def _outside(self, video: tf.Tensor) -> tf.Tensor:
        """What grey levels outside 0 … 255 cost."""
        grey = video + tf.convert_to_tensor(self.mean)
        beyond = tf.nn.relu(-grey) + tf.nn.relu(grey - 255)
        return tf.reduce_sum(tf.square(beyond), axis=[1, 2, 3, 4]) / (2 * self.sigma**2)

    def draw(self, shape: tuple[int, ...], seed: int, mode: int, *, spread: bool) -> tf.Tensor:
        """White noise around the mean of a mode, (N, T, H, W, C): with σ, or the wider `spread`."""
        normal = tf.random.stateless_normal(shape, seed=[seed, 0x5EED])
        return self.place(normal, tf.constant(mode % self.modes), spread=spread)

    def place(self, normal: tf.Tensor, modes: tf.Tensor, *, spread: bool) -> tf.Tensor:
        """White noise (…, T, H, W, C) of variance 1 to that around the mean of `modes`, (…)."""
        variances = self.variances()
        if spread:
            variances = self.sigma**2 + tf.square(tf.convert_to_tensor(self.mode_spreads))
        between = [1] * (len(normal.shape) - len(modes.shape) - len(self.mean.shape))

        def of(values: tf.Tensor) -> tf.Tensor:
            chosen = tf.gather(values, modes)
            shape = tf.concat([tf.shape(modes), between, tf.shape(values)[1:]], axis=0)
            return tf.reshape(chosen, shape)

        return of(tf.convert_to_tensor(self.mode_means)) + tf.sqrt(of(variances)) * normal

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(), "centre": self.centre, "sigma": self.sigma,
            "modes": self.modes, "widest": self.widest, "bounded": self.bounded,
        }
