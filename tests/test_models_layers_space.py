"""The layer of all of space is a `keras.layers.Conv3D`, and all layers keep their arguments."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_models import compare, random

from dynpat.models.layers import AllOfSpace, StridedConv3D


def reference_of(layer: AllOfSpace, shape: tuple[int, ...], activation: str) -> Any:
    """A Conv3D with a kernel of all of space and Keras' own 'same', with the layer's weights.

    Where its kernel lies exactly on the picture is the output that is wanted.
    """
    _, _, height, width, channels = shape
    taps, filters = layer.kernel_frames, layer.filters
    conv = keras.layers.Conv3D(
        filters, (taps, height, width), (layer.stride, 1, 1), padding="same", activation=activation
    )
    conv.build((None, None, height, width, channels))
    kernel, bias = layer.get_weights()
    kernel = kernel.reshape(taps, filters, height, width, channels).transpose(0, 2, 3, 4, 1)
    conv.set_weights([kernel, bias])
    row, column = (height - 1) // 2, (width - 1) // 2
    return lambda video: conv(video)[:, :, row : row + 1, column : column + 1], conv


@pytest.mark.parametrize("activation", ["linear", "softplus"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("taps", [1, 2, 4, 5])
@pytest.mark.parametrize("frames", [2, 5, 8])
def test_all_of_space_equals_conv3d(frames: int, taps: int, stride: int, activation: str) -> None:
    shape = (2, frames, 4, 3, 2)
    layer = AllOfSpace(3, taps, stride, activation=activation)
    layer.build(shape)
    layer.set_weights([random(w.shape, 5) for w in layer.get_weights()])
    reference, conv = reference_of(layer, shape, activation)
    video = tf.constant(random(shape, 6))
    weights = random((2, -(-frames // stride), 1, 1, 3), 7)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(video)
        mine, other = layer(video), reference(video)
        sums = [tf.reduce_sum(outputs * weights) for outputs in (mine, other)]
    assert mine.shape == layer.compute_output_shape(shape) == weights.shape
    gradients = [
        [tape.gradient(total, source).numpy() for source in (video, *(v.value for v in variables))]
        for total, variables in zip(
            sums, (layer.trainable_variables, conv.trainable_variables), strict=True
        )
    ]
    kernel = gradients[1][1]  # (taps, H, W, C, filters) to the layer's order
    gradients[1][1] = kernel.transpose(0, 4, 1, 2, 3).reshape(gradients[0][1].shape)
    compare([mine.numpy(), *gradients[0]], [other.numpy(), *gradients[1]])


def test_all_of_space_serves_every_length_in_one_trace() -> None:
    layer = AllOfSpace(3, 4, 2, activation="linear")
    layer.build((None, None, 4, 3, 2))
    traced = tf.function(layer, input_signature=[tf.TensorSpec((None, None, 4, 3, 2))])
    for frames in (3, 6, 9):
        video = random((2, frames, 4, 3, 2), frames)
        reference, _ = reference_of(layer, video.shape, "linear")
        compare([traced(video).numpy()], [reference(video).numpy()])
    assert layer.compute_output_shape((None, None, 4, 3, 2)) == (None, None, 1, 1, 3)
    assert traced.experimental_get_tracing_count() == 1


def test_all_of_space_starts_like_a_conv3d_of_its_fan_in() -> None:
    """He's standard deviation is √(2 / fan-in), with a fan-in of taps × all of space."""
    layer = AllOfSpace(16, 5, kernel_initializer={"class_name": "HeNormal", "config": {"seed": 1}})
    layer.build((None, 6, 8, 8, 4))
    kernel, bias = layer.get_weights()
    expected, count = (2 / (5 * 8 * 8 * 4)) ** 0.5, kernel.size
    # A truncated normal has lighter tails than the normal of this standard error.
    assert abs(kernel.std() - expected) < 4 * expected / (2 * count) ** 0.5
    assert not bias.any()


UNUSUAL: list[tuple[type[keras.layers.Layer], dict[str, Any]]] = [
    (StridedConv3D, {"filters": 3, "kernel_size": (4, 2, 3), "strides": (2, 1, 3),
                     "padding": "valid", "activation": "softplus", "use_bias": False,
                     "name": "unusual"}),
    (AllOfSpace, {"filters": 3, "kernel": 5, "stride": 2, "activation": "softplus",
                  "kernel_initializer": {"class_name": "RandomNormal",
                                         "config": {"stddev": 0.1, "seed": 3}},
                  "name": "unusual"}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "arguments"), UNUSUAL, ids=lambda value: str(value)[:20])
def test_every_argument_survives_get_config(
    kind: type[keras.layers.Layer], arguments: dict[str, Any]
) -> None:
    layer = kind(**arguments)
    config = layer.get_config()
    plain = set(arguments) - {"kernel_initializer"}
    assert {name: config[name] for name in plain} == {name: arguments[name] for name in plain}
    if "kernel_initializer" in arguments:
        assert config["kernel_initializer"]["config"]["stddev"] == 0.1
        assert config["kernel_initializer"]["class_name"] == "RandomNormal"
    shape = (2, 7, 5, 6, 2)
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(revived) is kind and revived.get_config() == config
    layer.build(shape)
    revived.build(shape)
    revived.set_weights(layer.get_weights())
    video = random(shape)
    np.testing.assert_array_equal(layer(video), revived(video))
