"""A model, videos and a learner for learning that takes no time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dynpat.config import LangevinConfig, LearnConfig
from dynpat.learning.learner import Learner
from dynpat.models import TextureModel

Figures = dict[str, float]
SHAPE = (4, 5, 6, 1)
NEVER = 1e9
MOVING = LangevinConfig(steps=2, step_size=0.1)


def faint_videos(count: int = 3, frames: int = 4) -> np.ndarray:
    """Noise of contrast 1 around grey 100, as the chains start with."""
    shape = (count, frames, *SHAPE[1:])
    return (100 + np.random.default_rng(0).normal(size=shape)).astype(np.float32)


def tiny(**changes: Any) -> TextureModel:
    arguments: dict[str, Any] = {
        "filters": (3,), "kernels": ((3, 3, 3),), "strides": ((1, 2, 2),),
        "activation": "softplus", "centre": "scalar", "seed": 3, **changes,
    }  # fmt: skip
    return TextureModel(4, (5, 6), 1, **arguments)


def learner(videos: np.ndarray | None = None, **changes: Any) -> Learner:
    settings = {
        "iterations": 6, "time_budget": None, "chains": 2, "batch": 2, "seed": 5,
        "checkpoint_every": NEVER, **changes,
    }  # fmt: skip
    return Learner(
        tiny(), faint_videos() if videos is None else videos, LearnConfig(**settings), MOVING
    )


def state(of: Learner) -> list[np.ndarray]:
    """Weights, optimizer and chains."""
    variables = [*of.model.weights, *of.model.optimizer.variables]
    return [variable.numpy() for variable in [*variables, *of.chains.variables]]


def assert_bit_equal(one: Learner, other: Learner) -> None:
    for mine, its in zip(state(one), state(other), strict=True):
        np.testing.assert_array_equal(mine, its)


class Rows(list[Figures]):
    """A listener that keeps the figures."""

    def __call__(self, of: Learner, figures: Figures) -> None:
        self.append({"update": of.update, **figures})


def planting(when: Callable[[int], bool], plant: Callable[[Learner], None]) -> Any:
    """A listener that spoils the state after some updates."""
    def listener(of: Learner, _: Figures) -> None:
        if when(of.update):
            plant(of)

    return listener


def once(at: int) -> Callable[[int], bool]:
    left = [at]
    return lambda update: bool(left) and update == left[0] and bool(left.pop())


def scale_chains(factor: float) -> Callable[[Learner], None]:
    return lambda of: of.chains.video.assign(factor * of.chains.video)
