"""An energy without a network: what is missing is a Gaussian whose figures are known."""

from __future__ import annotations

import numpy as np

from dynpat.config import LangevinConfig
from dynpat.models import TextureModel

SHAPE = (6, 20, 20, 1)
MOVING = LangevinConfig(steps=3, step_size=0.6)


def flat(sigma: float = 2.0) -> TextureModel:
    """f = 0: missing pixels are N(mean, σ²), whatever is visible."""
    model = TextureModel(
        6, (20, 20), 1, filters=(1,), kernels=((1, 1, 1),), strides=((1, 1, 1),), sigma=sigma
    )
    model.trainable_variables[0].assign(np.zeros((1, 1, 1, 1, 1), np.float32))
    model.adapt(np.full((1, *SHAPE), 100.0))
    return model
