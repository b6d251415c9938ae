"""The energy of a video that repeats itself in time or space: videos without an end or an edge.

A repeating video has no border, so that nothing must be padded: the video is surrounded by itself.
Each pixel then has the same part in the energy wherever it is, and samples have no seam.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager

import tensorflow as tf

from dynpat.errors import BadOptionError
from dynpat.models.energy import EnergyModel


class Repeating:
    """An energy for `langevin.sample` whose gradient is that of the periodic video.

    The video is surrounded by as much of itself as the network sees at once, and these copies do
    not move. The gradient with respect to the video alone is then the gradient of the energy of one
    period. The value of the energy also counts the copies and means nothing.

    Parameters
    ----------
    model : EnergyModel
        A learned model.
    axes : tuple of int
        The axes of the video that repeat: 1 is time, 2 height and 3 width.
    """

    def __init__(self, model: EnergyModel, axes: tuple[int, ...]) -> None:
        self.model, self.axes = model, axes

    def standing_still(self) -> AbstractContextManager[None]:
        return self.model.standing_still()

    def __call__(self, video: tf.Tensor) -> tf.Tensor:
        return self._energy(video, None, None)

    def shifted(
        self, seed: tf.Tensor, modes: tf.Tensor | None = None
    ) -> Callable[[tf.Tensor], tf.Tensor]:
        """Return the energy with a shifted grid; see `EnergyModel.shifted`."""
        return (lambda video: self._energy(video, seed, modes)) if self.model.coloured else self

    def _energy(
        self, video: tf.Tensor, seed: tf.Tensor | None, modes: tf.Tensor | None
    ) -> tf.Tensor:
        if not self.model.coloured:
            return self.model(self._surrounded(video))
        around = self._surrounded(self.model.short_waves(video, self.axes))
        # A coloured reference is periodic already.
        return self.model.reference.energy(video, modes) - self.model.f_of(around, seed, modes)

    def _surrounded(self, video: tf.Tensor) -> tf.Tensor:
        for axis in self.axes:
            period = int(video.shape[axis])
            reach = margin(self.model, axis)
            before = tf.gather(video, tf.range(-reach, 0) % period, axis=axis)
            after = tf.gather(video, tf.range(period, period + reach) % period, axis=axis)
            video = tf.concat(
                [tf.stop_gradient(before), video, tf.stop_gradient(after)], axis=axis
            )
        return video


def alike(model: EnergyModel, axis: int) -> bool:
    """Return whether the network is the same everywhere on an axis: no layer covers all of it."""
    return not any(
        kernel == "all" or (isinstance(kernel, int) and axis != 1)
        for kernel in model.get_config()["kernels"]
    )


def stride(model: EnergyModel, axis: int) -> int:
    """Return the pixels or frames between two outputs of the top layer, which divide a period."""
    return math.prod(own for _, own in _layers(model, axis))


def margin(model: EnergyModel, axis: int) -> int:
    """Return how far the network sees beyond a pixel, rounded up to its stride."""
    reach, between = 0, 1
    for kernel, own in _layers(model, axis):
        reach += (kernel - 1) * between
        between *= own
    return -(-reach // between) * between


def _layers(model: EnergyModel, axis: int) -> list[tuple[int, int]]:
    """Return the kernel and the stride of each layer on an axis.

    Raises
    ------
    BadOptionError
        If a layer covers the whole axis, so that videos cannot repeat on it.
    """
    if not alike(model, axis):
        what = "--loop" if axis == 1 else "--tileable"
        raise BadOptionError(
            f"{what} is for models that are alike everywhere on that axis, and this one is "
            "not; leave it out, or learn with --pattern texture."
        )
    config = model.get_config()
    found = []
    for kernel, own in zip(config["kernels"], config["strides"], strict=True):
        both = (kernel, own) if isinstance(kernel, int) else (kernel[axis - 1], own[axis - 1])
        found.append(both)
    return found
