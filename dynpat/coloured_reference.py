"""The coloured reference as a part of a model: its energy, its maps and its draws, in TensorFlow.

    E(y) = ½·yᵀ(S + ρ²)⁻¹y − f(I(y)),    I(y) = m + g(y)·Rᵀ

A model on this reference moves in Gaussian coordinates y (`dynpat.coloured`). The observed get
noise ρ, so that their distribution under q alone is N(0, S + ρ²), and chains move by steps of about
ρ: both follow each pixel's own contrast. S acts by a Fourier transform on a periodic grid.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dynpat import coloured
from dynpat.coloured import KNOTS, LAGS, STEEPNESS, Coloured

STEP = float(KNOTS[1] - KNOTS[0])
HALVINGS = (len(KNOTS) - 1).bit_length() - 1  # of a map, until one interval is left
BLUR = (0.25, 0.5, 0.25)  # of neighbours down and across: 0 at half a cycle a pixel


@keras.saving.register_keras_serializable(package="dynpat")
class ColouredReference(keras.layers.Layer):
    """Quantiles and correlations of the observed videos, and the Gaussian process they define.

    Parameters
    ----------
    everywhere
        Whether all places share one map, or each pixel has its own.
    rho
        ρ, the standard deviation of the noise on the observed, where y has variance 1.
    """

    modes = 1
    steady = 0.0

    def __init__(self, everywhere: bool, rho: float = 0.1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.everywhere, self.rho = everywhere, rho
        self._spectra: dict[tuple[int, int, int], tf.Variable] = {}

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        channels = input_shape[-1]
        places = (1, 1) if self.everywhere else input_shape[2:4]
        self.mean = self._held((channels,) if self.everywhere else (*places, channels), "mean")
        self.axes = self._held((channels, channels), "axes")
        self.maps = self._held((len(KNOTS), *places, channels), "maps")
        self.correlations = self._held(
            (channels, *(2 * lag + 1 for lag in LAGS)), "correlations"
        )
        self.scale = self._held((), "scale")

    def _held(self, shape: tuple[int | None, ...], name: str) -> Any:
        return self.add_weight(shape=shape, initializer="zeros", trainable=False, name=name)

    def adapt(self, videos: np.ndarray) -> None:
        """Fit to observed videos, (N, T, H, W, C) grey levels."""
        found = coloured.fit(np.asarray(videos), everywhere=self.everywhere)
        for name in ("mean", "axes", "maps"):
            getattr(self, name).assign(getattr(found, name))
        missing = [
            (wanted - size) // 2 for wanted, size in zip(
                self.correlations.shape[1:], found.correlations.shape[1:], strict=True
            )
        ]
        padded = np.pad(found.correlations, [(0, 0), *((n, n) for n in missing)])
        self.correlations.assign(padded)
        deviation = np.asarray(videos, np.float32) - found.mean
        self.scale.assign(np.sqrt(np.mean(deviation**2)) + 1e-3)
        for shape, spectrum in self._spectra.items():
            spectrum.assign(found.spectrum(shape))

    def groups(self, videos: int) -> list[np.ndarray]:
        """All videos belong to the one process."""
        return [np.arange(videos)]

    # The maps.

    def to_grey(self, video: tf.Tensor) -> tf.Tensor:
        """Gaussian coordinates (…, H, W, C) to grey levels; piecewise linear."""
        maps = tf.convert_to_tensor(self.maps)
        top, last = float(KNOTS[-1]), len(KNOTS) - 1
        position = (tf.clip_by_value(video, -top, top) + top) / STEP
        below = tf.stop_gradient(tf.clip_by_value(tf.floor(position), 0.0, last - 1.0))
        index = tf.cast(below, tf.int32)
        low, high = self._at(maps, index), self._at(maps, index + 1)
        values = low + (position - below) * (high - low)
        # Not by einsum: that of TensorFlow 2.17 with oneDNN gives wrong numbers here.
        grey = tf.tensordot(values, tf.transpose(tf.convert_to_tensor(self.axes)), 1)
        return grey + tf.convert_to_tensor(self.mean)

    def to_model(self, grey: tf.Tensor) -> tf.Tensor:
        """Grey levels (…, H, W, C) to Gaussian coordinates, by binary search in the maps."""
        maps = tf.convert_to_tensor(self.maps)
        deviation = grey - tf.convert_to_tensor(self.mean)
        values = tf.tensordot(deviation, tf.convert_to_tensor(self.axes), 1)
        below = tf.zeros(tf.shape(values), tf.int32)
        for halving in reversed(range(HALVINGS)):
            further = below + 2**halving
            below = tf.where(values >= self._at(maps, further), further, below)
        low, high = self._at(maps, below), self._at(maps, below + 1)
        share = tf.clip_by_value(tf.math.divide_no_nan(values - low, high - low), 0.0, 1.0)
        found = (tf.cast(below, tf.float32) + share) * STEP + float(KNOTS[0])
        return tf.where(maps[-1] - maps[0] > STEEPNESS, found, 0.0)

    def _at(self, maps: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        """The values of the maps at knots `index`, (…, H, W, C)."""
        places = tf.range(tf.size(maps[0]))
        return tf.gather(
            tf.reshape(maps, [-1]),
            index * tf.size(maps[0]) + tf.reshape(places, tf.shape(maps)[1:]),
        )

    def seen(self, video: tf.Tensor) -> tf.Tensor:
        """What f sees: the deviation from the mean picture, of variance 1, a little blurred.

        A strided convolution leaves a grid at half a cycle a pixel, where the blur is blind.
        """
        deviation = (self.to_grey(video) - tf.convert_to_tensor(self.mean)) / self.scale
        for axis in (2, 3):
            first, last = (
                tf.gather(deviation, [place], axis=axis)
                for place in (0, deviation.shape[axis] - 1)
            )
            padded = tf.concat([first, deviation, last], axis=axis)
            size = int(deviation.shape[axis])
            deviation = tf.add_n([
                weight * tf.gather(padded, tf.range(offset, offset + size), axis=axis)
                for offset, weight in enumerate(BLUR)
            ])
        return deviation

    # The process.

    def energy(self, video: tf.Tensor) -> tf.Tensor:
        """½·yᵀ(S + ρ²)⁻¹y, (N, T, H, W, C) → (N,)."""

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def quadratic(y: tf.Tensor) -> Any:
            solved = self.filtered(y, -1.0)  # irfft3d has no gradient of its own; this is ours
            value = 0.5 * tf.reduce_sum(y * solved, axis=[1, 2, 3, 4])
            return value, lambda up: up[:, tf.newaxis, tf.newaxis, tf.newaxis, tf.newaxis] * solved

        return quadratic(video)

    def filtered(self, video: tf.Tensor, power: float) -> tf.Tensor:
        """(S + ρ²)^power·y of each video (N, T, H, W, C) on its periodic grid."""
        frames, height, width = (int(size) for size in video.shape[1:4])
        shape = (frames, height, width)
        gain = (self._spectrum(shape) + self.rho**2) ** power
        waves = tf.signal.rfft3d(tf.transpose(video, [0, 4, 1, 2, 3]))
        waves *= tf.cast(gain, tf.complex64)
        return tf.transpose(tf.signal.irfft3d(waves, shape), [0, 2, 3, 4, 1])

    def _spectrum(self, shape: tuple[int, int, int]) -> tf.Tensor:
        if shape not in self._spectra:
            with tf.init_scope():  # made once, not at every call of a graph
                parts = (self.mean, self.axes, self.maps, self.correlations)
                process = Coloured(*(np.asarray(part) for part in parts))
                self._spectra[shape] = tf.Variable(process.spectrum(shape), trainable=False)
        return tf.convert_to_tensor(self._spectra[shape])

    def place(self, normal: tf.Tensor, modes: tf.Tensor, *, spread: bool) -> tf.Tensor:
        """White noise (…, T, H, W, C) of variance 1 to draws of y."""
        flat = tf.reshape(normal, [-1, *normal.shape[-4:]])
        return tf.reshape(self.filtered(flat, 0.5), tf.shape(normal))

    def draw(self, shape: tuple[int, ...], seed: int, mode: int, *, spread: bool) -> tf.Tensor:
        """Draws of y, (N, T, H, W, C)."""
        normal = tf.random.stateless_normal(shape, seed=[seed, 0x5EED])
        return self.filtered(normal, 0.5)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "everywhere": self.everywhere, "rho": self.rho}
