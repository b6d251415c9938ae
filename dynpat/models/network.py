"""Make the layers of an energy from the constructor's arguments, and check these arguments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from dynpat import seeds
from dynpat.config import check_sigma, require
from dynpat.errors import BadOptionError
from dynpat.models.blind import BlindConv3D
from dynpat.models.layers import AllOfSpace, StridedConv3D, prepared
from dynpat.reference.coloured import ColouredReference
from dynpat.reference.gaussians import Reference

PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
CENTRES = ("pixel", "channel", "scalar")
STARTS = ("reference", "spread")
SHOWN = ("deviation", "picture")


def make_layer(
    number: int, filters: int, kernel: Any, stride: Any, arguments: dict[str, Any]
) -> keras.layers.Layer:
    """Make layer `number`: a convolution, a layer over all of space, or a fully connected one."""
    common = {
        "activation": arguments["activation"],
        "kernel_initializer": _seeded(
            arguments["kernel_initializer"], seeds.of_layer(arguments["seed"], number)
        ),
        "dtype": PRECISIONS[arguments["precision"]],
        "name": f"layer_{number}",
    }
    if number == len(arguments["filters"]) - 1:
        common["activation"] = arguments["top_activation"] or arguments["activation"]
        if arguments["top_kernel_initializer"]:
            common["kernel_initializer"] = _seeded(
                arguments["top_kernel_initializer"], seeds.of_layer(arguments["seed"], number)
            )
    if kernel == "all":
        if filters == 1:  # a single rectified unit may be 0 for every video and would learn nothing
            common["activation"] = "linear"
        return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(filters, **common)])
    if isinstance(kernel, int):
        return AllOfSpace(filters, kernel, stride, **common)
    # A layer that sees a coloured reference must not leave a grid of its own.
    layer = BlindConv3D if arguments["coloured"] and number == 0 else StridedConv3D
    return layer(filters, kernel, stride, padding="same", **common)


def top_of(own: Sequence[keras.layers.Layer], features: tf.Tensor) -> tf.Tensor:
    """Return the sum over the top of the layers, (N,), of which the first gets `features`."""
    with prepared(own):
        for layer in own:
            features = layer(features)
    axes = list(range(1, len(features.shape)))
    return tf.reduce_sum(tf.cast(features, tf.float32), axis=axes)


def make_reference(arguments: dict[str, Any]) -> Reference | ColouredReference:
    """Make the reference distribution of the model."""
    a = arguments
    if a["coloured"]:
        return ColouredReference(
            a["centre"] != "pixel", float(a["sigma"]), a["modes"], a["colours_follow"],
            name="reference",
        )
    return Reference(
        a["centre"], float(a["sigma"]), a["modes"], a["widest"], a["bounded"], a["steady"],
        name="reference",
    )


def reach_of_shifts(arguments: dict[str, Any]) -> tuple[int, int, int] | None:
    """Return the frames and pixels below which the grid of f is shifted, or None without shifts."""
    if not arguments["coloured"]:
        return None
    strides = [(own, 1, 1) if isinstance(own, int) else own for own in arguments["strides"]]
    return tuple(math.prod(own[axis] for own in strides) for axis in range(3))  # type: ignore[return-value]


def tuples(values: Any) -> Any:
    """Turn lists, which JSON returns, into tuples at every depth."""
    return tuple(tuples(v) for v in values) if isinstance(values, list | tuple) else values


def _seeded(initializer: str | dict[str, Any], seed: int) -> keras.initializers.Initializer:
    made = keras.initializers.get(initializer)
    config = made.get_config()
    return made.__class__.from_config({**config, "seed": seed} if "seed" in config else config)


def check_arguments(a: dict[str, Any]) -> None:
    """Check the arguments of `EnergyModel`.

    Raises
    ------
    BadOptionError
        If an argument is out of range, or `filters`, `kernels` and `strides` differ in number.
    """
    for name in ("frames", "channels", "modes"):
        require(a[name] >= 1, name, "be at least 1", a[name], f"Raise {name}")
    require(len(a["size"]) == 2 and min(a["size"]) >= 1, "size", "be two positive numbers (H, W)",
            a["size"], "Give --size WxH")
    counts = {len(a[name]) for name in ("filters", "kernels", "strides")}
    require(len(counts) == 1 and 0 not in counts, "filters, kernels and strides",
            "name the same layers, at least one",
            " / ".join(str(len(a[n])) for n in ("filters", "kernels", "strides")),
            "Give one entry of each per layer")
    require(a["precision"] in PRECISIONS, "precision", f"be one of {', '.join(PRECISIONS)}",
            a["precision"], "Use --precision float32")
    require(a["centre"] in CENTRES, "centre", f"be one of {', '.join(CENTRES)}", a["centre"],
            "Use 'pixel'")
    require(a["start"] in STARTS, "start", f"be one of {', '.join(STARTS)}", a["start"],
            "Use 'spread'")
    require(a["shown"] in SHOWN, "shown", f"be one of {', '.join(SHOWN)}", a["shown"],
            "Use 'picture'")
    longest = a["longest_wave"]
    require(longest == 0 or (longest >= 4 and a["coloured"]), "longest_wave",
            "be 0, or at least 4 on a coloured reference", longest, "Use 20")
    check_sigma(a["sigma"])


def require_rooms(layers: list[Any], shape: tuple[Any, ...]) -> None:
    """Refuse a video of `shape` (N, T, H, W, C) that is too small for one of the layers.

    Raises
    ------
    BadOptionError
        If the input of a layer is smaller than its kernel allows.
    """
    video = shape[1:4]
    for layer in layers:
        require_room(layer, shape, video)
        if isinstance(layer, keras.Sequential):  # it covers the whole video
            return
        shape = layer.compute_output_shape(shape)


def require_room(layer: Any, shape: tuple[Any, ...], video: tuple[Any, ...]) -> None:
    """Refuse an input on which the kernel would see only padding, or would not fit at all.

    Raises
    ------
    BadOptionError
        If an axis of the input is too short for the kernel of the layer.
    """
    kernel = getattr(layer, "kernel_size", None)
    if kernel is None:
        return
    for name, edge, k in zip(("frames", "pixels high", "pixels wide"), shape[1:4], kernel,
                             strict=True):
        if edge < (k + 1) // 2:
            t, h, w = video
            raise BadOptionError(
                f"A video of {t} frames of {w}×{h} pixels is too small for this network: "
                f"{layer.name} sees only {edge} {name} and its kernel has {k}. "
                "Use more --frames, a larger --size or smaller kernels."
            )
