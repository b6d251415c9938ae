"""Models that take no time, and how their numbers are compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from dynpat.models import PATTERNS, EnergyModel

SHAPE = (6, 8, 9, 2)
SMOOTH: dict[str, dict[str, Any]] = {
    "texture": {"filters": (4, 3), "kernels": ((3, 3, 3), (2, 3, 2)),
                "strides": ((2, 2, 2), (1, 1, 1))},
    "scene": {"filters": (4, 3), "kernels": ((3, 4, 3), 3), "strides": ((1, 2, 2), 2)},
    "action": {"filters": (4, 3), "kernels": ((4, 3, 3), "all"), "strides": ((2, 2, 2), 1)},
}  # fmt: skip


def random(shape: tuple[int, ...], seed: int = 0, scale: float = 1.0) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=shape)
    return (scale * values).astype(np.float32)


def small(pattern: str = "texture", **changes: Any) -> EnergyModel:
    """A model of two layers for videos of SHAPE with smooth units and random biases."""
    arguments = {"activation": "softplus", "sigma": 1.3, "seed": 4, **SMOOTH[pattern], **changes}
    frames, height, width, channels = SHAPE
    model = PATTERNS[pattern](frames, (height, width), channels, **arguments)
    for number, weight in enumerate(model.trainable_variables):
        if len(weight.shape) == 1:
            weight.assign(random(weight.shape, number, 0.3))
    return model


def gradient(function: Any, video: np.ndarray) -> np.ndarray:
    held = tf.constant(video)
    with tf.GradientTape() as tape:
        tape.watch(held)
        total = tf.reduce_sum(function(held))
    return tape.gradient(total, held).numpy()


def compare(ours: list[np.ndarray], theirs: list[np.ndarray]) -> None:
    """Equal to float32's rounding, relative to the size of the numbers summed up."""
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.shape == other.shape
        scale = float(np.abs(other).max(initial=1.0))
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5 * scale)
