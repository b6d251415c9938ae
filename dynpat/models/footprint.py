"""How much memory a network takes, from the sizes inside it."""

from __future__ import annotations

import math
from typing import Any

from dynpat.models import EnergyModel

# The peak of learning was measured for eleven networks of all patterns, presets and precisions,
# from 20×64×64 to 70×224×224; these factors, fitted to it, meet each within 15 %.
BASE_BYTES = 710_000_000  # Python, TensorFlow and its graphs, with a tiny video
HELD_COPIES = 4  # of every video of an update: chain, gradient, noise, the batch
PASSING_COPIES = 3  # of a video that passes the network: padded, folded, its gradient
ACTIVATION_COPIES = 2  # of what a layer computes: the value and its gradient
# Of a video that is sampled, or a tile of it: above what was measured of a texture at 29.6, 10.8
# and 7.5 million pixels (5.8, 2.5 and 2.2 GB), by at most 15 %.
MOVED_COPIES = 11
VALUE_BYTES = {"float32": 4, "bfloat16": 2}


def passing_bytes(model: EnergyModel, shape: tuple[int, ...]) -> int:
    """What one video (T, H, W, C) keeps alive inside the network, in bytes."""
    values = 0
    reach = model.reach or (0, 0, 0)  # a shifted grid sees a larger video
    current: tuple[Any, ...] = (
        1, *(n + more for n, more in zip(shape, reach, strict=False)), shape[-1]
    )
    for layer in model.network:
        current = tuple(layer.compute_output_shape(current))
        values += math.prod(current)
    width = VALUE_BYTES[model.get_config()["precision"]]
    return PASSING_COPIES * 4 * math.prod(shape) + ACTIVATION_COPIES * width * values


def sampling_bytes(model: EnergyModel, shape: tuple[int, ...]) -> int:
    """Peak memory of a Langevin step of one video (T, H, W, C), in bytes."""
    return BASE_BYTES + MOVED_COPIES * 4 * math.prod(shape) + passing_bytes(model, shape)
