"""The coloured reference as a part of a model: its energy, its maps and its draws, in TensorFlow.

    E(y) = ½·yᵀ(S + ρ²)⁻¹y − f(I(y)),    I(y) = m + g(y)·Rᵀ

A model on this reference moves in Gaussian coordinates y (`dynpat.reference.translation`). The
observed get noise ρ, so that their distribution under q alone is N(0, S + ρ²), and chains move by
steps of about ρ: both follow each pixel's own contrast. S acts by a Fourier transform on a periodic
grid.

Of several observed videos, each group (mode) has a process of its own, and so coordinates of its
own: who has a video in coordinates knows its mode.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dynpat import seeds
from dynpat.reference import translation
from dynpat.reference.colours import EVERY
from dynpat.reference.groups import Grouped
from dynpat.reference.maps import KNOTS, STEEPNESS
from dynpat.reference.translation import LAGS, Coloured
from dynpat.reference.view import ORDER, TERMS, polynomials, seen, seen_in_colour

STEP = float(KNOTS[1] - KNOTS[0])
TOP = float(KNOTS[-1])
HALVINGS = (len(KNOTS) - 1).bit_length() - 1  # of a map, until one interval is left
MOST = 8  # videos of a group that its process is fitted to


@keras.saving.register_keras_serializable(package="dynpat")
class ColouredReference(Grouped):
    """Quantiles and correlations of the observed videos, and the Gaussian processes they define.

    Parameters
    ----------
    everywhere : bool
        Whether all places share one map, or each pixel has its own.
    rho : float
        ρ, the standard deviation of the noise on the observed, where y has variance 1.
    modes : int
        Number of groups of videos, each with a process of its own.
    follow : bool
        Whether the colours follow the brightness (`dynpat.reference.colours`), where each pixel
        has its own map.
    """

    def __init__(
        self, everywhere: bool, rho: float = 0.1, modes: int = 1, follow: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.everywhere, self.rho, self.modes, self.follow = everywhere, rho, modes, follow
        self._gains: dict[tuple[int, int, int], dict[float, tf.Variable]] = {}

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        channels, modes = int(input_shape[-1] or 0), self.modes
        places = (1, 1) if self.everywhere else input_shape[2:4]
        self.mean = self._measured((modes, *places, channels), "mean")
        self.axes = self._measured((channels, channels), "axes")
        self.maps = self._measured((modes, len(KNOTS), *places, channels), "maps")
        self.series = self._measured((modes, ORDER + 1, *places, channels), "series")
        self.correlations = self._measured(
            (modes, channels, *(2 * lag + 1 for lag in LAGS)), "correlations"
        )
        self.follows = self.follow and not self.everywhere and channels > 1
        if self.follows:
            tables = (modes, len(KNOTS[::EVERY]), *places, channels - 1)
            self.given_mean = self._measured(tables, "given_mean")
            self.given_spread = self._measured(tables, "given_spread")
            self.colours = self._measured((modes, TERMS, *places, channels - 1), "colours")

    def adapt(self, videos: np.ndarray, missing: np.ndarray | None = None) -> None:
        """Fit to observed videos, (N, T, H, W, C) grey levels; to eight of a group at most.

        Pixels that are `missing`, (N, T, H, W) bool, have no influence. Where maps are each
        pixel's own, one that is never seen does not move.
        """
        chosen = [group[:: -(-len(group) // MOST)] for group in self.groups(len(videos))]
        parts = [np.asarray(videos[group]) for group in chosen]
        hidden = [None if missing is None else missing[group] for group in chosen]
        covariances = [
            translation.colour_covariance(part, self.everywhere, own)
            for part, own in zip(parts, hidden, strict=True)
        ]
        axes = translation.axes_of(np.sum(covariances, axis=0), self.follows)
        found = [
            translation.fit(
                part, everywhere=self.everywhere, missing=own, axes=axes, follow=self.follows
            )
            for part, own in zip(parts, hidden, strict=True)
        ]
        self.axes.assign(axes)
        self.mean.assign(np.stack([np.reshape(q.mean, self.mean.shape[1:]) for q in found]))
        self.maps.assign(np.stack([q.maps for q in found]))
        given = [q.given for q in found if q.given is not None]
        series, colours = polynomials(self.maps.numpy(), self.mean.numpy() @ axes, given or None)
        self.series.assign(series)
        if self.follows:
            self.given_mean.assign(np.stack([own.mean for own in given]))
            self.given_spread.assign(np.stack([own.spread for own in given]))
            self.colours.assign(colours)
        wanted = self.correlations.shape[2:]
        self.correlations.assign(np.stack([_padded(q.correlations, wanted) for q in found]))
        for shape, gains in self._gains.items():
            for power, gain in gains.items():
                gain.assign(self._gain(shape, power))

    def _of(self, weight: Any, modes: tf.Tensor | None) -> tf.Tensor:
        """A weight (modes, …) of the modes (N,) of some videos, or of the first: (N or 1, …)."""
        values = tf.convert_to_tensor(weight)
        return values[:1] if modes is None or self.modes == 1 else tf.gather(values, modes)

    # The maps.

    def to_grey(self, video: tf.Tensor, modes: tf.Tensor | None = None) -> tf.Tensor:
        """Gaussian coordinates (N, T, H, W, C) to grey levels; piecewise linear."""
        values = self._between(self.maps, (video + TOP) / STEP, modes)
        if self.follows:
            mean, spread = self._given(video, modes)
            values = tf.concat([values[..., :1], mean + spread * values[..., 1:]], -1)
        # Not by einsum: that of TensorFlow 2.17 with oneDNN gives wrong numbers here.
        grey = tf.tensordot(values, tf.transpose(tf.convert_to_tensor(self.axes)), 1)
        return grey + self._of(self.mean, modes)[:, tf.newaxis]

    def to_model(self, grey: tf.Tensor, modes: tf.Tensor | None = None) -> tf.Tensor:
        """Grey levels (N, T, H, W, C) to Gaussian coordinates, by binary search in the maps."""
        deviation = grey - self._of(self.mean, modes)[:, tf.newaxis]
        values = tf.tensordot(deviation, tf.convert_to_tensor(self.axes), 1)
        y = self._inverse(values, modes)
        if self.follows:  # the first coordinate is right, the others wait for it
            mean, spread = self._given(y, modes)
            own = (values[..., 1:] - mean) / spread
            y = self._inverse(tf.concat([values[..., :1], own], -1), modes)
        return y

    def _given(self, y: tf.Tensor, modes: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        """Mean and spread of the colours at the brightness of y, (N, T, H, W, C − 1) each."""
        position = tf.repeat((y[..., :1] + TOP) / (EVERY * STEP), y.shape[-1] - 1, axis=-1)
        return (
            self._between(self.given_mean, position, modes),
            self._between(self.given_spread, position, modes),
        )

    def _inverse(self, values: tf.Tensor, modes: tf.Tensor | None) -> tf.Tensor:
        """The coordinates at which the maps have these values; 0 where nothing moves."""
        below = tf.zeros(tf.shape(values), tf.int32)
        for halving in reversed(range(HALVINGS)):
            further = below + 2**halving
            below = tf.where(values >= self._at(self.maps, further, modes), further, below)
        low, high = self._at(self.maps, below, modes), self._at(self.maps, below + 1, modes)
        share = tf.clip_by_value(tf.math.divide_no_nan(values - low, high - low), 0.0, 1.0)
        found = (tf.cast(below, tf.float32) + share) * STEP - TOP
        maps = self._of(self.maps, modes)
        return tf.where((maps[:, -1] - maps[:, 0] > STEEPNESS)[:, tf.newaxis], found, 0.0)

    def _between(self, table: Any, position: tf.Tensor, modes: tf.Tensor | None) -> tf.Tensor:
        """A table (modes, knots, H, W, C) at positions counted in knots, linear between them."""
        last = float(table.shape[1] - 1)
        position = tf.clip_by_value(position, 0.0, last)
        below = tf.clip_by_value(tf.floor(position), 0.0, last - 1)
        index = tf.cast(tf.stop_gradient(below), tf.int32)
        low, high = self._at(table, index, modes), self._at(table, index + 1, modes)
        return low + (position - below) * (high - low)

    def _at(self, table: Any, index: tf.Tensor, modes: tf.Tensor | None) -> tf.Tensor:
        """The values of a table (modes, knots, H, W, C) at knots `index`, (N, T, H, W, C)."""
        shape = table.shape[2:]
        places = tf.reshape(tf.range(math.prod(shape)), shape)
        if modes is not None and self.modes > 1:
            first = tf.cast(modes, tf.int32) * table.shape[1]
            index += first[:, tf.newaxis, tf.newaxis, tf.newaxis, tf.newaxis]
        return tf.gather(tf.reshape(table, [-1]), index * math.prod(shape) + places)

    def seen(self, video: tf.Tensor, modes: tf.Tensor | None = None) -> tf.Tensor:
        """What f sees of y, (N, T, H, W, C): nearly the values along the axes, of variance 1.

        That is the deviation from the mean picture, plus what stands still in this mode and not in
        others (`dynpat.reference.view`).
        """
        y = tf.raw_ops.ClipByValue(t=video, clip_value_min=-TOP, clip_value_max=TOP)
        series = self._of(self.series, modes)
        if self.follows:
            return seen_in_colour(y, series, self._of(self.colours, modes))
        return seen(y, series)

    def levels(self, video: tf.Tensor, modes: tf.Tensor | None = None) -> tf.Tensor:
        """In which figures of learning are measured: what f sees follows the grey levels."""
        return self.seen(video, modes)

    def size(self, levels: tf.Tensor) -> tf.Tensor:
        """How far `levels` are from the mean picture, (N,): their mean square."""
        return tf.reduce_mean(tf.square(levels), axis=[1, 2, 3, 4])

    # The process.

    def energy(self, video: tf.Tensor, modes: tf.Tensor | None = None) -> tf.Tensor:
        """½·yᵀ(S + ρ²)⁻¹y, (N, T, H, W, C) → (N,)."""

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def quadratic(y: tf.Tensor) -> Any:
            solved = self.filtered(y, -1.0, modes)  # irfft3d has no gradient of its own
            value = 0.5 * tf.reduce_sum(y * solved, axis=[1, 2, 3, 4])
            return value, lambda up: up[:, tf.newaxis, tf.newaxis, tf.newaxis, tf.newaxis] * solved

        return quadratic(video)

    def filtered(
        self, video: tf.Tensor, power: float, modes: tf.Tensor | None = None
    ) -> tf.Tensor:
        """(S + ρ²)^power·y of each video (N, T, H, W, C) on its periodic grid; −1 or ½."""
        self.ready_for(video.shape)
        frames, height, width = (int(size) for size in video.shape[1:4])
        shape = (frames, height, width)
        gain = self._of(self._gains[shape][power], modes)
        waves = tf.signal.rfft3d(tf.transpose(video, [0, 4, 1, 2, 3]))
        waves *= tf.cast(gain, tf.complex64)
        return tf.transpose(tf.signal.irfft3d(waves, shape), [0, 2, 3, 4, 1])

    def ready_for(self, shape: Any) -> None:
        """Make what is needed for videos of a shape (N, T, H, W, C), once.

        A `tf.function` can do so at its first call only; who calls it again with another shape
        calls this before.
        """
        frames, height, width = (int(size) for size in shape[1:4])
        size = (frames, height, width)
        if size not in self._gains:
            with tf.init_scope():
                self._gains[size] = {
                    power: tf.Variable(self._gain(size, power), trainable=False)
                    for power in (-1.0, 0.5)
                }

    def _gain(self, shape: tuple[int, int, int], power: float) -> np.ndarray:
        """(S + ρ²)^power of each mode and channel, (modes, C, T, H, W // 2 + 1)."""
        mean, axes, maps, correlations = (
            np.asarray(part) for part in (self.mean, self.axes, self.maps, self.correlations)
        )
        spectra = [
            Coloured(mean[mode], axes, maps[mode], correlations[mode]).spectrum(shape)
            for mode in range(self.modes)
        ]
        return np.asarray((np.stack(spectra) + self.rho**2) ** power, np.float32)

    def place(self, normal: tf.Tensor, modes: tf.Tensor, *, spread: bool) -> tf.Tensor:
        """White noise (…, T, H, W, C) of variance 1 to draws of y of the modes (…)."""
        flat = tf.reshape(normal, [-1, *normal.shape[-4:]])
        return tf.reshape(self.filtered(flat, 0.5, tf.reshape(modes, [-1])), tf.shape(normal))

    def draw(self, shape: tuple[int, ...], seed: int, mode: int, *, spread: bool) -> tf.Tensor:
        """Draws of y, (N, T, H, W, C)."""
        normal = tf.random.stateless_normal(shape, seed=seeds.start(seed))
        return self.filtered(normal, 0.5, tf.fill([shape[0]], mode % self.modes))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(), "everywhere": self.everywhere, "rho": self.rho,
            "modes": self.modes, "follow": self.follow,
        }


def _padded(correlations: np.ndarray, wanted: tuple[int, ...]) -> np.ndarray:
    """Correlations (C, …) of shorter lags, with zeros beyond."""
    sizes = zip(wanted, correlations.shape[1:], strict=True)
    return np.pad(correlations, [(0, 0), *(((n - own) // 2,) * 2 for n, own in sizes)])
