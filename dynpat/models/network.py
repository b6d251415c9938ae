"""The layers of an energy, made from the constructor's arguments, and the checks of those."""

from __future__ import annotations

import math
from typing import Any

import keras

from dynpat import seeds
from dynpat.config import check_sigma, require
from dynpat.errors import BadOptionError
from dynpat.models.blind import BlindConv3D
from dynpat.models.layers import AllOfSpace, StridedConv3D
from dynpat.reference.coloured import ColouredReference
from dynpat.reference.gaussians import Reference

PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
CENTRES = ("pixel", "channel", "scalar")
STARTS = ("reference", "spread")
SHOWN = ("deviation", "picture")


def make_layer(
    number: int, filters: int, kernel: Any, stride: Any, arguments: dict[str, Any]
) -> keras.layers.Layer:
    """Layer `number`: a convolution, one over all of space, or a fully connected one."""
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
        if filters == 1:  # a single rectified unit may be off on every video, and learns nothing
            common["activation"] = "linear"
        return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(filters, **common)])
    if isinstance(kernel, int):
        return AllOfSpace(filters, kernel, stride, **common)
    # What a coloured reference is seen through leaves no grid of its own.
    layer = BlindConv3D if arguments["coloured"] and number == 0 else StridedConv3D
    return layer(filters, kernel, stride, padding="same", **common)


def make_reference(arguments: dict[str, Any]) -> Reference | ColouredReference:
    """The distribution that f tilts."""
    a = arguments
    if a["coloured"]:
        return ColouredReference(
            a["centre"] != "pixel", float(a["sigma"]), a["modes"], name="reference"
        )
    return Reference(
        a["centre"], float(a["sigma"]), a["modes"], a["widest"], a["bounded"], a["steady"],
        name="reference",
    )


def reach_of_shifts(arguments: dict[str, Any]) -> tuple[int, int, int] | None:
    """By how many frames and pixels, and one less, f's grid is shifted; None: it is not."""
    if not arguments["coloured"]:
        return None
    strides = [(own, 1, 1) if isinstance(own, int) else own for own in arguments["strides"]]
    return tuple(math.prod(own[axis] for own in strides) for axis in range(3))  # type: ignore[return-value]


def tuples(values: Any) -> Any:
    """Lists, as JSON gives them back, to tuples, at every depth."""
    return tuple(tuples(v) for v in values) if isinstance(values, list | tuple) else values


def _seeded(initializer: str | dict[str, Any], seed: int) -> keras.initializers.Initializer:
    made = keras.initializers.get(initializer)
    config = made.get_config()
    return made.__class__.from_config({**config, "seed": seed} if "seed" in config else config)


def check_arguments(a: dict[str, Any]) -> None:
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
    check_sigma(a["sigma"])


def require_rooms(layers: list[Any], shape: tuple[Any, ...]) -> None:
    """Refuse a video, `shape` (N, T, H, W, C), that is too small for one of the layers.

    Raises
    ------
    BadOptionError
    """
    video = shape[1:4]
    for layer in layers:
        require_room(layer, shape, video)
        if isinstance(layer, keras.Sequential):  # covers everything
            return
        shape = layer.compute_output_shape(shape)


def require_room(layer: Any, shape: tuple[Any, ...], video: tuple[Any, ...]) -> None:
    """A kernel larger than what reaches it would look at padding only, or not fit at all."""
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
