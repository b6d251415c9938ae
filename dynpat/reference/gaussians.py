"""The reference distribution of the energy, and the scale on which it is written.

A video on the model's scale is in grey levels minus the mean of the observed ones. There the
reference is N(0, σ²). Three things can be added to the paper's: σ follows the spread of each pixel
up to a bound, so that what stands still hardly moves and what moves is free; values outside
0 … 255 cost more; and where unlike videos are learned at once it is a mixture of Gaussians around
the mean of each, so that the network need not hold apart what only stands still differently.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dynpat import seeds
from dynpat.reference.groups import Grouped
from dynpat.reference.visible import moments

AXES = {"pixel": (0, 1), "channel": (0, 1, 2, 3), "scalar": None}  # over which a mean is taken


@keras.saving.register_keras_serializable(package="dynpat")
class Reference(Grouped):
    """Means and spreads of the observed videos, and the distribution that they define.

    Parameters
    ----------
    centre : str
        Which mean is subtracted: each 'pixel's over time, each 'channel's, or one 'scalar'.
    sigma : float
        σ of each Gaussian, in grey levels.
    modes : int
        Number of Gaussians.
    widest : float
        If above `sigma`, a pixel's variance is σ² and that of its observed values, but at most
        the square of this.
    bounded : bool
        Whether values outside 0 … 255 cost the square of their distance over 2σ².
    steady : float
        How firmly a video's mean level of each channel is kept: a deviation m costs each pixel
        `steady`·m²/(2σ²). A network that is the same everywhere hardly knows that level, and what
        it learns about it swings to and fro.
    """

    def __init__(
        self, centre: str, sigma: float, modes: int, widest: float = 0.0, bounded: bool = False,
        steady: float = 0.0, **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.centre, self.sigma, self.modes = centre, sigma, modes
        self.widest, self.bounded, self.steady = widest, bounded, steady

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        shapes = {"pixel": input_shape[2:], "channel": input_shape[4:], "scalar": ()}
        self.mean = self._measured(shapes[self.centre], "mean")
        self.still = self._measured(self.mean.shape, "still")
        self.mode_means = self._measured((self.modes, *self.mean.shape), "mode_means")
        self.mode_spreads = self._measured((self.modes, *self.mean.shape), "mode_spreads")

    def adapt(self, videos: np.ndarray, missing: np.ndarray | None = None) -> None:
        """Take means and spreads from observed videos, (N, T, H, W, C) grey levels.

        Pixels that are `missing`, (N, T, H, W) bool, have no influence.
        """
        axes = AXES[self.centre]
        # Multiples of 1/256 make to_grey(to_model(v)) == v exactly for whole grey levels.
        mean = np.round(moments(videos, range(len(videos)), axes, missing)[0] * 256) / 256
        parts = [moments(videos, group, axes, missing) for group in self.groups(len(videos))]
        means = [part - mean for part, _ in parts]
        self.mean.assign(mean)
        self.still.assign(mean - np.mean(mean, axis=tuple(range(mean.ndim - 1))))
        # A single Gaussian is N(0, σ²) exactly, without what the rounding left.
        self.mode_means.assign(np.stack(means) if self.modes > 1 else [np.zeros_like(mean)])
        self.mode_spreads.assign(np.stack([spread for _, spread in parts]))

    def to_model(self, grey: tf.Tensor, modes: Any = None) -> tf.Tensor:
        """Grey levels to the model's scale, which is the same for all modes."""
        return grey - tf.convert_to_tensor(self.mean)

    def to_grey(self, video: tf.Tensor, modes: Any = None) -> tf.Tensor:
        """The model's scale to grey levels."""
        return video + tf.convert_to_tensor(self.mean)

    def levels(self, video: tf.Tensor, modes: Any = None) -> tf.Tensor:
        """In which figures of learning are measured: the model's scale."""
        return video

    def size(self, levels: tf.Tensor) -> tf.Tensor:
        """How far `levels` are from the mean picture, in units of the reference: energies, (N,)."""
        return self.energy(levels)

    def ready_for(self, shape: Any) -> None:
        """Nothing is made for one shape of videos."""

    def shift(self, by: np.ndarray) -> None:
        """Move the means of the modes, (K, …) as `mode_means`, in grey levels."""
        self.mode_means.assign_add(by)

    def energy(self, video: tf.Tensor, modes: Any = None) -> tf.Tensor:
        """−log of the reference distribution, but for a constant. (N, T, H, W, C) → (N,).

        It is that of a mixture: whatever `modes` videos were started from, they may change.

        One mode: Σ I²/(2σ²). Several, of means mₖ: −log Σₖ exp(−Σ (I − mₖ)²/(2σₖ²) − Σ log σₖ).
        """
        parts = self.mode_energies(video)
        # One mode is the sum itself.
        energy = parts[0] if self.modes == 1 else -tf.reduce_logsumexp(-parts, axis=0)
        if self.steady:
            levels = tf.reduce_mean(video, axis=[1, 2, 3], keepdims=True)
            energy += self._unsteady(video, levels) / 2
        return energy + self._outside(video) if self.bounded else energy

    def mode_energies(self, video: tf.Tensor) -> tf.Tensor:
        """What each mode alone would cost, (N, T, H, W, C) → (K, N); sums over the pixels."""
        narrow = self.widest <= self.sigma
        variances = [self.sigma**2] * self.modes if narrow else tf.unstack(self.variances())
        if self.modes == 1 and narrow:  # the paper's: its mean is zero
            return tf.stack([self._gaussian(video, variances[0])])
        means = tf.unstack(tf.convert_to_tensor(self.mode_means))
        return tf.stack([
            self._gaussian(video - mean, variance)
            for mean, variance in zip(means, variances, strict=True)
        ])

    def energy_of_part(self, part: tf.Tensor, shares: tf.Tensor, levels: tf.Tensor) -> tf.Tensor:
        """An energy of a part of a video, (N, T, H, W, C) → (N,), whose gradient is `energy`'s.

        `shares` (K,) are those of the modes in the whole video, softmax(−`mode_energies`), and
        `levels` (C,) its means.
        """
        energy = tf.einsum("k,kn->n", shares, self.mode_energies(part))
        if self.steady:
            energy += self._unsteady(part, levels)
        return energy + self._outside(part) if self.bounded else energy

    def _gaussian(self, distance: tf.Tensor, variance: tf.Tensor | float) -> tf.Tensor:
        """Σ d²/(2σ²) + Σ log σ of a mode; the second sum only where modes differ in it."""
        if isinstance(variance, float):
            return tf.reduce_sum(tf.square(distance), axis=[1, 2, 3, 4]) / (2 * variance)
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

    def _unsteady(self, video: tf.Tensor, levels: tf.Tensor) -> tf.Tensor:
        """`steady`/σ² · Σ level·I, with the mean level of each channel in the whole video."""
        return self.steady / self.sigma**2 * tf.reduce_sum(levels * video, axis=[1, 2, 3, 4])

    def _outside(self, video: tf.Tensor) -> tf.Tensor:
        """What grey levels outside 0 … 255 cost."""
        grey = video + tf.convert_to_tensor(self.mean)
        beyond = tf.nn.relu(-grey) + tf.nn.relu(grey - 255)
        return tf.reduce_sum(tf.square(beyond), axis=[1, 2, 3, 4]) / (2 * self.sigma**2)

    def draw(self, shape: tuple[int, ...], seed: int, mode: int, *, spread: bool) -> tf.Tensor:
        """White noise around the mean of a mode, (N, T, H, W, C): with σ, or the wider `spread`."""
        normal = tf.random.stateless_normal(shape, seed=seeds.start(seed))
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
            "steady": self.steady,
        }
