"""Videos without an end or an edge: the energy of a video that repeats itself in time or space.

What repeats has no border, so there is nothing to pad: around the video stands the video again. A
pixel's part in the energy then is the same wherever it is, and what is sampled has no seam.
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

    The video is surrounded by as much of itself as the network looks at together, and these copies
    are held still: the gradient to the video alone is the gradient of one period's energy. (The
    value that is returned counts the copies as well, and means nothing.)

    Parameters
    ----------
    model
        Learned.
    axes
        Which of the video's axes repeat: 1 is time, 2 and 3 are height and width.
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
        """As `EnergyModel.shifted`."""
        return (lambda video: self._energy(video, seed, modes)) if self.model.coloured else self

    def _energy(
        self, video: tf.Tensor, seed: tf.Tensor | None, modes: tf.Tensor | None
    ) -> tf.Tensor:
        around = self._surrounded(video)
        if not self.model.coloured:
            return self.model(around)
        # A coloured reference repeats by itself.
        return self.model.reference.energy(video, modes) - self.model.f(around, seed, modes)

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
    """Whether the network is the same everywhere on an axis: no layer covers all of it."""
    return not any(
        kernel == "all" or (isinstance(kernel, int) and axis != 1)
        for kernel in model.get_config()["kernels"]
    )


def stride(model: EnergyModel, axis: int) -> int:
    """Pixels or frames between two outputs of the top layer: a period is a multiple of it."""
    return math.prod(own for _, own in _layers(model, axis))


def margin(model: EnergyModel, axis: int) -> int:
    """How far the network looks beyond a pixel, rounded up to its stride."""
    reach, between = 0, 1
    for kernel, own in _layers(model, axis):
        reach += (kernel - 1) * between
        between *= own
    return -(-reach // between) * between


def _layers(model: EnergyModel, axis: int) -> list[tuple[int, int]]:
    """Kernel and stride of each layer on an axis.

    Raises
    ------
    BadOptionError
        If a layer covers all of it, so that it cannot repeat.
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
