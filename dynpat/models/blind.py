"""A convolution that cannot see the grid that its own stride would leave."""

from __future__ import annotations

import keras
import tensorflow as tf

from dynpat.models.layers import StridedConv3D

BLUR = (0.25, 0.5, 0.25)  # weights of three neighbours; they give 0 at half a cycle a pixel


@keras.saving.register_keras_serializable(package="dynpat")
class BlindConv3D(StridedConv3D):
    """A `StridedConv3D` whose kernels cannot see half a cycle a pixel, across or down.

    A network that looks through a stride leaves a grid of that frequency in whatever is made to
    please it. Each kernel here is a kernel that is two pixels smaller in height and width, blurred
    by (¼, ½, ¼). Such kernels are exactly those with a double zero at that frequency.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        frames, height, width = self.kernel_size
        self._kernel = self.add_weight(
            shape=(frames, height - 2, width - 2, int(input_shape[-1]), self.filters),  # type: ignore[arg-type]
            initializer=self.kernel_initializer, name="kernel",
        )
        self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")
        self.built = True

    def taps(self) -> tf.Tensor:
        kernel = tf.convert_to_tensor(self.kernel)
        for axis in (1, 2):
            ends = [[[0, 0]] * axis + [[offset, 2 - offset]] + [[0, 0]] * (4 - axis)
                    for offset in range(3)]
            kernel = tf.add_n([
                weight * tf.pad(kernel, end) for weight, end in zip(BLUR, ends, strict=True)
            ])
        return kernel
