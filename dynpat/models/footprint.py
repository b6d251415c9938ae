"""How much memory a network takes, computed from the sizes inside it."""

from __future__ import annotations

import math
from typing import Any

from dynpat.models import EnergyModel

# These factors were fitted to the peak memory of learning, measured for eleven networks of all
# patterns, presets and precisions from 20×64×64 to 70×224×224, and met each within 15 %. The base
# was 710 MB then, also for the figures below. With that of today three scenes of 16×32×32, 30×64×64
# and 70×100×100 are met at 0.98, 0.93 and 0.83 of their peaks.
BASE_BYTES = 820_000_000  # taken by Python, libraries and graphs of TensorFlow, with a tiny video
HELD_COPIES = 4  # of each video of an update: its chain, gradient and noise, and the batch
PASSING_COPIES = 3  # of each video inside the network: padded, folded, and its gradient
ACTIVATION_COPIES = 2  # of each value that a layer computes: the value and its gradient
# For a sampled video or a tile of it. This is at most 15 % above the memory measured for a texture
# of 29.6, 10.8 and 7.5 million pixels (5.8, 2.5 and 2.2 GB).
MOVED_COPIES = 11
# For a tile of which only the gradient of f is computed, and nothing of it moved. This is 6 to 45 %
# above what was measured for a texture of 14.7 and 3.7 million pixels, in both precisions.
SLOPE_COPIES = 4
VALUE_BYTES = {"float32": 4, "bfloat16": 2}


def passing_bytes(model: EnergyModel, shape: tuple[int, ...]) -> int:
    """Return how many bytes one video (T, H, W, C) keeps in use inside the network."""
    values = 0
    reach = model.reach or (0, 0, 0)  # with a shifted grid the network sees a larger video
    current: tuple[Any, ...] = (
        1, *(n + more for n, more in zip(shape, reach, strict=False)), shape[-1]
    )
    for layer in model.network:
        current = tuple(layer.compute_output_shape(current))
        values += math.prod(current)
    width = VALUE_BYTES[model.get_config()["precision"]]
    return PASSING_COPIES * 4 * math.prod(shape) + ACTIVATION_COPIES * width * values


def sampling_bytes(model: EnergyModel, shape: tuple[int, ...]) -> int:
    """Return the peak memory, in bytes, of a Langevin step of one video (T, H, W, C)."""
    return BASE_BYTES + MOVED_COPIES * 4 * math.prod(shape) + passing_bytes(model, shape)


def slope_bytes(model: EnergyModel, shape: tuple[int, ...]) -> int:
    """Return the peak memory, in bytes, of the gradient of f at one video (T, H, W, C)."""
    return BASE_BYTES + SLOPE_COPIES * 4 * math.prod(shape) + passing_bytes(model, shape)
