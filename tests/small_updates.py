"""A model and its chains for single updates."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dynpat.config import LangevinConfig
from dynpat.learning.chains import Chains
from dynpat.models import TextureModel

FRAMES, HEIGHT, WIDTH, CHANNELS = SHAPE = (4, 5, 6, 1)
MOVING = LangevinConfig(steps=3, step_size=0.4)


def tiny(**changes: Any) -> TextureModel:
    arguments: dict[str, Any] = {
        "filters": (3, 2), "kernels": ((3, 3, 3), (2, 2, 2)),
        "strides": ((1, 2, 2), (1, 1, 1)), "activation": "softplus", "centre": "scalar",
        "input_scale": 0.1, "seed": 3, **changes,
    }  # fmt: skip
    return TextureModel(FRAMES, (HEIGHT, WIDTH), CHANNELS, **arguments)


def grey_levels(count: int, frames: int = FRAMES, seed: int = 0) -> np.ndarray:
    shape = (count, frames, HEIGHT, WIDTH, CHANNELS)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def prepared(
    rate: float = 0.5, **changes: Any
) -> tuple[TextureModel, Chains, tf.Tensor]:
    model = tiny(**changes)
    model.compile(keras.optimizers.SGD(rate), langevin=MOVING)
    model.optimizer.build(model.trainable_variables)
    videos = grey_levels(3)
    model.adapt(videos)
    return model, model.start_chains(3, 2, seed=8), model.to_model(videos)
