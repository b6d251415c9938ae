"""The fast convolutions compute what `keras.layers.Conv3D` computes, forward and backward."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings, strategies as st
from small_models import compare, random

import dynpat.models.layers as layers_module
from dynpat.models.layers import AllOfSpace, StridedConv3D

Triple = tuple[int, int, int]


class Spy:
    """Forces the folded path or the direct one, and counts the folds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folded: bool = True) -> None:
        self.folds = 0
        original = layers_module.fold_input

        def fold_input(*args: Any) -> Any:
            self.folds += 1
            return original(*args)

        monkeypatch.setattr(
            layers_module, "best_form", lambda *arguments: (folded, arguments[-1])
        )
        monkeypatch.setattr(layers_module, "fold_input", fold_input)


@pytest.fixture
def folds(monkeypatch: pytest.MonkeyPatch) -> Spy:
    return Spy(monkeypatch)


def run(layer: Any, video: tf.Tensor, weights: np.ndarray) -> list[np.ndarray]:
    """The outputs and the gradients of Σ weights·outputs to the input and to all weights."""
    with tf.GradientTape() as tape:
        tape.watch(video)
        outputs = layer(video)
        total = tf.reduce_sum(outputs * weights)
    gradients = tape.gradient(total, [video, *(w.value for w in layer.trainable_variables)])
    return [outputs.numpy(), *(gradient.numpy() for gradient in gradients)]


class Conv3D(keras.layers.Conv3D):
    """That of Keras, with zeros written out around the input.

    TensorFlow's own are wrong on processors without AVX-512 if a stride is longer than the kernel.
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        if self.padding == "valid":
            return super().call(inputs)
        spans = zip(inputs.shape[1:4], self.kernel_size, self.strides, strict=True)
        totals = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in spans]
        edges = [(0, 0), *((total // 2, total - total // 2) for total in totals), (0, 0)]
        outputs = keras.ops.conv(tf.pad(inputs, edges), self.kernel, self.strides, "valid")
        return self.activation(outputs + self.bias if self.use_bias else outputs)


def pair(
    shape: tuple[int | None, ...], filters: int, kernel: Triple, strides: Triple, padding: str,
    activation: str = "linear", use_bias: bool = True,
) -> tuple[Any, Any]:
    """Our layer and Keras', built, with the same random weights."""
    options = {"padding": padding, "activation": activation, "use_bias": use_bias}
    ours = StridedConv3D(filters, kernel, strides, **options)
    theirs = Conv3D(filters, kernel, strides, **options)
    for layer in (ours, theirs):
        layer.build(shape)
    weights = [random(w.shape, seed) for seed, w in enumerate(ours.get_weights(), start=10)]
    theirs.set_weights(weights)
    ours.set_weights(theirs.get_weights())
    return ours, theirs


def check_equal(ours: Any, theirs: Any, shape: tuple[int, ...]) -> None:
    video = tf.constant(random(shape, 1))
    weights = random(theirs.compute_output_shape(shape), 2)
    assert tuple(ours.compute_output_shape(shape)) == weights.shape
    compare(run(ours, video, weights), run(theirs, video, weights))


def triples(low: int, high: int) -> st.SearchStrategy[Triple]:
    edge = st.integers(low, high)
    return st.tuples(edge, edge, edge)


@given(data=st.data())
@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_folded_convolution_equals_conv3d_forward_and_backward(
    folds: Spy, data: st.DataObject
) -> None:
    kernel = data.draw(triples(1, 5), "kernel")
    strides = data.draw(triples(1, 4), "strides")
    padding = data.draw(st.sampled_from(["same", "valid"]), "padding")
    sizes = tuple(
        data.draw(st.integers(k if padding == "valid" else 1, 10), "size") for k in kernel
    )
    channels, filters = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    use_bias, shape = data.draw(st.booleans(), "bias"), (2, *sizes, channels)
    ours, theirs = pair(shape, filters, kernel, strides, padding, use_bias=use_bias)
    before = folds.folds
    check_equal(ours, theirs, shape)
    assert folds.folds == before + 1, "the folded path was not taken"


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(
    ("kernel", "strides", "sizes"),
    [
        ((2, 2, 2), (3, 3, 3), (8, 9, 10)),  # gaps between kernels: pixels that none reaches
        ((1, 1, 1), (2, 3, 4), (7, 7, 7)), ((3, 2, 2), (2, 3, 4), (8, 9, 8)),
        ((7, 7, 7), (2, 2, 2), (9, 16, 17)),  # the paper's first layer
        ((7, 7, 7), (3, 3, 3), (8, 14, 13)),
        ((6, 6, 6), (2, 2, 2), (7, 12, 12)),
        ((3, 1, 2), (1, 2, 1), (4, 5, 6)),
    ],
)
def test_folded_convolution_of_chosen_shapes(
    folds: Spy, kernel: Triple, strides: Triple, sizes: Triple, padding: str
) -> None:
    shape = (1, *sizes, 3)
    ours, theirs = pair(shape, 2, kernel, strides, padding, "softplus")
    check_equal(ours, theirs, shape)
    assert folds.folds == 1


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_folded_convolution_where_sizes_are_unknown_until_the_call(
    folds: Spy, padding: str, stride: int
) -> None:
    """One trace serves every length and size, the surplus at the end cut off as needed."""
    kernel = (3, 4, 2)
    ours, theirs = pair((None,) * 4 + (2,), 3, kernel, (stride,) * 3, padding)
    unknown = tf.TensorSpec((None, None, None, None, 2), tf.float32)

    def forward_and_back(video: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(video)
            outputs = ours(video)
        return outputs, tape.gradient(outputs, video)

    both = tf.function(forward_and_back, input_signature=[unknown])
    for number, sizes in enumerate([(5, 6, 7), (8, 8, 8), (4, 5, 3), (9, 7, 10)]):
        video = tf.constant(random((2, *sizes, 2), number))
        outputs, gradient = both(video)
        with tf.GradientTape() as tape:
            tape.watch(video)
            expected = theirs(video)
        compare(
            [outputs.numpy(), gradient.numpy()],
            [expected.numpy(), tape.gradient(expected, video).numpy()],
        )
    assert both.experimental_get_tracing_count() == 1 and folds.folds >= 1


def test_known_sizes_stay_known_after_folding(folds: Spy) -> None:
    ours, _ = pair((2, 9, 10, 11, 3), 4, (3, 3, 3), (2, 2, 2), "same")
    traced = tf.function(ours).get_concrete_function(tf.TensorSpec((2, 9, 10, 11, 3)))
    assert traced.output_shapes == (2, 5, 5, 6, 4)
    assert folds.folds == 1


@pytest.mark.parametrize("folded", [True, False], ids=["folded", "direct"])
def test_weights_are_conv3ds_own(
    folded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They interchange both ways, and so do the initial ones of one seed."""
    Spy(monkeypatch, folded)
    shape = (2, 6, 7, 8, 3)
    initial = keras.initializers.HeNormal(seed=4)
    layers: list[Any] = [
        kind(5, (3, 4, 2), (2, 2, 2), padding="same", kernel_initializer=initial)
        for kind in (StridedConv3D, keras.layers.Conv3D)
    ]
    for layer in layers:
        layer.build(shape)
    for mine, other in zip(*(layer.get_weights() for layer in layers), strict=True):
        np.testing.assert_array_equal(mine, other)
    check_equal(layers[0], layers[1], shape)
    layers[1].set_weights([random(w.shape, 8) for w in layers[0].get_weights()])
    layers[0].set_weights(layers[1].get_weights())
    check_equal(layers[0], layers[1], shape)


@pytest.mark.parametrize("options", [{"groups": 2}, {"dilation_rate": (2, 1, 2)}])
def test_groups_and_dilation_take_the_direct_path(folds: Spy, options: dict[str, Any]) -> None:
    shape = (1, 6, 7, 8, 4)
    ours, theirs = (
        kind(4, 3, 1, padding="same", **options) for kind in (StridedConv3D, keras.layers.Conv3D)
    )
    ours.build(shape)
    theirs.build(shape)
    theirs.set_weights(ours.get_weights())
    check_equal(ours, theirs, shape)
    assert folds.folds == 0


@pytest.mark.parametrize(("kernel", "stride", "channels", "precision", "tiles", "expected"), [
    (7, 2, 3, "float32", True, (True, "float32")),
    (7, 2, 3, "bfloat16", False, (True, "bfloat16")),
    (15, 7, 3, "float32", True, (False, "float32")),
    (15, 7, 3, "bfloat16", True, (True, "bfloat16")),
    (15, 7, 3, "bfloat16", False, (False, "float32")),
    (7, 1, 3, "bfloat16", True, (False, "bfloat16")),
    (5, 2, 48, "bfloat16", True, (False, "bfloat16")),
])  # fmt: skip
def test_each_layer_takes_the_form_that_was_measured_to_be_fastest(
    kernel: int, stride: int, channels: int, precision: str, tiles: bool,
    expected: tuple[bool, str], monkeypatch: pytest.MonkeyPatch,
) -> None:
    if tf.config.list_logical_devices("GPU"):
        pytest.skip("on a GPU everything is left to Conv3D")
    monkeypatch.setattr(layers_module, "multiplies_tiles", lambda: tiles)
    form = layers_module.best_form((kernel,) * 3, (stride,) * 3, channels, precision)
    assert form == expected


def test_on_a_gpu_everything_is_left_to_conv3d(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [kind])
    assert layers_module.best_form((7, 7, 7), (2, 2, 2), 3, "bfloat16") == (False, "bfloat16")


def test_prepared_layers_cast_their_weights_once_and_give_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layers = [
        StridedConv3D(4, 3, 2, padding="same", dtype="mixed_bfloat16"),
        AllOfSpace(3, 2, dtype="mixed_bfloat16"),
    ]
    video = tf.constant(random((2, 6, 7, 8, 3)))

    def through() -> tf.Tensor:
        return layers[1](layers[0](video))

    expected = through().numpy()
    counts = [0, 0]
    for number, layer in enumerate(layers):
        def counted(number: int = number, original: Any = layer.prepare) -> Any:
            counts[number] += 1
            return original()

        monkeypatch.setattr(layer, "prepare", counted)
    with layers_module.prepared(layers):
        with layers_module.prepared(layers):
            np.testing.assert_array_equal(through().numpy(), expected)
        np.testing.assert_array_equal(through().numpy(), expected)
    assert counts == [1, 1]
    layers[0].set_weights([2 * weight for weight in layers[0].get_weights()])
    assert not np.array_equal(through().numpy(), expected) and counts == [2, 2]


def test_bfloat16_folded_convolution_is_near_the_float32_one(folds: Spy) -> None:
    shape = (1, 6, 9, 8, 3)
    ours, theirs = (
        kind(4, 4, 2, padding="same", dtype=dtype)
        for kind, dtype in (
            (StridedConv3D, "mixed_bfloat16"), (keras.layers.Conv3D, "float32")
        )
    )
    ours.build(shape)
    theirs.build(shape)
    theirs.set_weights(ours.get_weights())
    video = tf.constant(random(shape))
    outputs, expected = ours(video), theirs(video).numpy()
    assert outputs.dtype == tf.bfloat16 and folds.folds == 1
    difference = np.abs(tf.cast(outputs, tf.float32).numpy() - expected)
    assert 0 < difference.max() < 0.03 * np.abs(expected).max()
