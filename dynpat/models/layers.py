"""The Keras layers of the energy: a fast strided Conv3D, and a layer that covers all of space.

Both compute exactly what `keras.layers.Conv3D` computes, in an order that suits the machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from dynpat.devices import multiplies_tiles

# Milliseconds of the forward pass and the gradient of the input, computed directly / folded, on
# two cores of a Xeon with AMX:
#
#   kernel, stride, channels → filters, video        float32      bfloat16
#   7×7×7  /2    3 → 120, 3 × 40×100×100             759 / 460    270 / 108
#   7×7×7  /3    3 → 120, 1 × 70×224×224             732 / 558    264 / 131
#   6×6×6  /2    3 → 48,  3 × 40×64×64                86 / 37      31 / 13
#   15×15×15 /7  3 → 120, 3 × 56×112×112             191 / 359    153 / 69
#   15×15×15 /7  1 → 120, 3 × 56×112×112              77 / 118    150 / 25
#   4×4×4  /2   48 → 48,  3 × 10×32×32                 9 / 12       4 / 6
#   5×5×5  /2   48 → 48,  3 × 20×50×50                67 / 137     22 / 35
#   7×7×7  /3  120 → 40,  3 × 8×16×16                 17 / 49       8 / 15
#   7×7×7  /1    3 → 48,  3 × 20×64×64               494 / 547    123 / 144
#
# Folding space alone, with the taps of time (or of time and width) gathered into channels, was
# never better: the first row took 600 (or 1329) in float32 and 307 (1067) in bfloat16, the fourth
# 597 (1247) and 342 (964). Without AMX (Zen 4) bfloat16 gains less: the fourth row took 233 / 524
# in float32 and 400 / 271 in bfloat16, so that float32 wins there.
FEW_CHANNELS = 16  # with more channels the direct form fills the vector lanes well
SMALL_KERNEL = 8  # larger kernels give the direct form enough work in float32


def best_form(
    kernel: tuple[int, ...], strides: tuple[int, ...], channels: int, precision: str
) -> tuple[bool, str]:
    """Return how a convolution is computed fastest here: whether folded, and in which precision.

    On CPUs the gradient of a strided convolution of few channels wastes most vector lanes. Folding
    avoids that at the price of a few zeros in the kernel; the table above shows the measurements.
    GPUs compute the direct form well.
    """
    strided_few = max(strides) > 1 and channels <= FEW_CHANNELS
    if not strided_few or tf.config.list_logical_devices("GPU"):
        return False, precision
    if max(kernel) <= SMALL_KERNEL or (precision == "bfloat16" and multiplies_tiles()):
        return True, precision
    return False, "float32"


class Prepares:
    """A layer that casts and reorders its weights at each call, or in `prepared` only once."""

    _prepared: tuple[tf.Tensor, ...] | None = None

    def prepare(self) -> tuple[tf.Tensor, ...]:
        """Return the weights as `call` multiplies with them."""
        raise NotImplementedError

    def ready(self) -> tuple[tf.Tensor, ...]:
        """Return the prepared weights, which are kept inside the context `prepared`."""
        return self.prepare() if self._prepared is None else self._prepared


@contextmanager
def prepared(layers: Iterable[Any]) -> Iterator[None]:
    """A context in which weights do not change: layers prepare them once, not at each call.

    A Langevin chain runs the network many times with the same weights. Inside another such context
    this one does nothing.
    """
    able = [layer for layer in layers if isinstance(layer, Prepares) and layer._prepared is None]
    try:
        for layer in able:
            layer._prepared = layer.prepare()
        yield
    finally:
        for layer in able:
            layer._prepared = None


def same_padding(length: int | tf.Tensor, kernel: int, stride: int) -> tuple[Any, Any, Any]:
    """Return the zeros before and after, and the output length, of 'same' padding on one axis."""
    output = -(-length // stride)
    total = tf.maximum((output - 1) * stride + kernel - length, 0)
    return total // 2, total - total // 2, output


@keras.saving.register_keras_serializable(package="dynpat")
class StridedConv3D(Prepares, keras.layers.Conv3D):
    """A `keras.layers.Conv3D` with the same weights and results, faster on CPUs when it is strided.

    A convolution of stride s over C channels is a convolution of stride 1 over the s·s·s·C channels
    of blocks of s×s×s pixels. The input is padded to whole blocks and each block becomes channels;
    the kernel is padded at its end to a multiple of s and folded alike.

    The input is (N, T, H, W, C), the output (N, T', H', W', filters), as for `Conv3D` with
    'channels_last'; the parameters are those of `Conv3D`.

    Examples
    --------
    >>> layer = StridedConv3D(8, (3, 3, 3), strides=2, padding="same")
    >>> layer(tf.zeros((1, 8, 16, 16, 3))).shape
    TensorShape([1, 4, 8, 8, 8])
    """

    @property
    def plain(self) -> bool:
        """Whether this is the kind of convolution that can be folded here."""
        return (
            self.groups == 1
            and self.dilation_rate == (1, 1, 1)
            and self.data_format == "channels_last"
        )

    @property
    def form(self) -> tuple[bool, str]:
        """Whether the layer is folded, and the precision of its products; see `best_form`."""
        if not self.plain:
            return False, self.compute_dtype
        if any(s > k for k, s in zip(self.kernel_size, self.strides, strict=True)):
            # TensorFlow's direct form with 'same' padding is wrong on processors without AVX-512
            # where kernels leave pixels out between them: it takes others than it says.
            return True, self.compute_dtype
        channels = int(self.kernel.shape[-2])
        return best_form(self.kernel_size, self.strides, channels, self.compute_dtype)

    def taps(self) -> tf.Tensor:
        """Return the kernel that is applied, (*kernel_size, C, filters)."""
        return tf.convert_to_tensor(self.kernel)

    def prepare(self) -> tuple[tf.Tensor, ...]:
        folded, precision = self.form
        kernel = self.taps()
        kernel = fold_kernel(kernel, self.strides) if folded else kernel
        bias = [tf.convert_to_tensor(self.bias)] if self.use_bias else []
        return tuple(tf.cast(weight, precision) for weight in (kernel, *bias))

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        if not self.plain:
            return super().call(inputs)
        folded, precision = self.form
        kernel, *bias = self.ready()
        outputs = tf.cast(inputs, precision)
        if folded:
            blocks = fold_input(outputs, self.kernel_size, self.strides, self.padding)
            outputs = tf.nn.conv3d(blocks, kernel, [1] * 5, "VALID")
        else:
            outputs = tf.nn.conv3d(outputs, kernel, [1, *self.strides, 1], self.padding.upper())
        for weight in bias:
            outputs = tf.nn.bias_add(outputs, weight)
        outputs = tf.cast(outputs, self.compute_dtype)
        return self.activation(outputs) if self.activation is not None else outputs


def fold_input(
    video: tf.Tensor, kernel: tuple[int, ...], strides: tuple[int, ...], padding: str
) -> tf.Tensor:
    """Turn blocks of the stride into channels: (N, T, H, W, C) → (N, T/s, H/s, W/s, s·s·s·C)."""
    shape = tf.shape(video)
    channels = int(video.shape[-1])
    paddings, counts = [], []
    for axis, (k, s) in enumerate(zip(kernel, strides, strict=True), start=1):
        length = video.shape[axis] if video.shape[axis] is not None else shape[axis]
        if padding == "same":
            before, _, output = same_padding(length, k, s)
        else:
            before, output = 0, (length - k) // s + 1
        count = output + math.ceil(k / s) - 1
        after = count * s - length - before
        # With 'valid', negative padding below cuts off the last pixels, which no kernel reaches.
        paddings.append((before, after))
        counts.append(count)
    for axis, (_, after) in enumerate(paddings, start=1):
        video = _cut(video, axis, tf.minimum(after, 0))
    video = tf.pad(video, [(0, 0), *((b, tf.maximum(a, 0)) for b, a in paddings), (0, 0)])
    (t, h, w), (st, sh, sw) = counts, strides
    video = tf.reshape(video, [shape[0], t, st, h, sh, w, sw, channels])
    video = tf.transpose(video, [0, 1, 3, 5, 2, 4, 6, 7])
    blocks = tf.reshape(video, [shape[0], t, h, w, st * sh * sw * channels])
    static = [c if isinstance(c, int) else tf.get_static_value(c) for c in counts]
    return tf.ensure_shape(blocks, [None, *static, st * sh * sw * channels])


def _cut(video: tf.Tensor, axis: int, surplus: tf.Tensor) -> tf.Tensor:
    """Return the video without the last −`surplus` entries of `axis`."""
    if tf.get_static_value(surplus) == 0:
        return video
    size = tf.tensor_scatter_nd_add(tf.shape(video), [[axis]], [surplus])
    return tf.slice(video, tf.zeros_like(size), size)


def fold_kernel(kernel: tf.Tensor, strides: tuple[int, ...]) -> tf.Tensor:
    """Fold a kernel (k, k, k, C, F), zeros at its end, to (⌈k/s⌉, ⌈k/s⌉, ⌈k/s⌉, s·s·s·C, F)."""
    *edges, channels, filters = kernel.shape
    counts = [math.ceil(k / s) for k, s in zip(edges, strides, strict=True)]
    ends = [(0, n * s - k) for n, s, k in zip(counts, strides, edges, strict=True)]
    kernel = tf.pad(kernel, [*ends, (0, 0), (0, 0)])
    (t, h, w), (st, sh, sw) = counts, strides
    kernel = tf.reshape(kernel, [t, st, h, sh, w, sw, channels, filters])
    kernel = tf.transpose(kernel, [0, 2, 4, 1, 3, 5, 6, 7])
    return tf.reshape(kernel, [t, h, w, st * sh * sw * channels, filters])


@keras.saving.register_keras_serializable(package="dynpat")
class AllOfSpace(Prepares, keras.layers.Layer):
    """A convolution in time whose kernel covers some frames and all of space, padded 'same'.

    It computes the numbers of a Conv3D whose kernel has the height and width of the input, as one
    matrix product of the features of every frame with the filters of all taps, whose results are
    then added up.

    The input is (N, T, H, W, C), the output (N, ⌈T/stride⌉, 1, 1, filters).

    Parameters
    ----------
    filters : int
        The number of filters.
    kernel : int
        The number of frames that a filter covers.
    stride : int
        The number of frames between two outputs.
    activation : str
        The name of a Keras activation.
    kernel_initializer : str or dict
        The Keras initializer of the kernel.

    Examples
    --------
    >>> AllOfSpace(5, kernel=3, stride=2)(tf.zeros((1, 8, 16, 16, 3))).shape
    TensorShape([1, 4, 1, 1, 5])
    """

    def __init__(
        self,
        filters: int,
        kernel: int,
        stride: int = 1,
        activation: str = "relu",
        kernel_initializer: str | dict[str, Any] = "he_normal",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters, self.kernel_frames, self.stride = filters, kernel, stride
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        features = math.prod(input_shape[2:])  # type: ignore[arg-type]
        # The kernel is drawn in the shape of Conv3D, so that initialisers see the true fan-in. It
        # is stored as (taps·filters, features), which makes products twice as fast on a CPU.
        self.kernel = self.add_weight(
            shape=(self.kernel_frames * self.filters, features),
            initializer=self._transposed_initializer,
            name="kernel",
        )
        self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")

    def _transposed_initializer(self, shape: tuple[int, int], dtype: Any = None) -> Any:
        taps, features = self.kernel_frames, shape[1]
        kernel = self.kernel_initializer((taps, features, self.filters), dtype=dtype)
        return tf.reshape(tf.transpose(kernel, [0, 2, 1]), shape)

    def prepare(self) -> tuple[tf.Tensor, ...]:
        weights = (self.kernel, self.bias)
        return tuple(tf.cast(tf.convert_to_tensor(w), self.compute_dtype) for w in weights)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        kernel, bias = self.ready()
        shape = tf.shape(inputs)
        taps, filters = self.kernel_frames, self.filters
        features = tf.reshape(inputs, [shape[0] * shape[1], self.kernel.shape[1]])
        products = tf.matmul(features, kernel, transpose_b=True)
        products = tf.reshape(products, [shape[0], shape[1], taps, filters])
        before, after, count = same_padding(shape[1], taps, self.stride)
        products = tf.pad(products, [(0, 0), (before, after), (0, 0), (0, 0)])
        span = (count - 1) * self.stride + 1
        total = sum(products[:, t : t + span : self.stride, t] for t in range(taps))
        return self.activation(total + bias)[:, :, tf.newaxis, tf.newaxis, :]

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        frames = None if input_shape[1] is None else -(-input_shape[1] // self.stride)
        return (input_shape[0], frames, 1, 1, self.filters)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel": self.kernel_frames,
            "stride": self.stride,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
