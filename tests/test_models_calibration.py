"""After learning: new samples have the mean of the observed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dynpat.config import LangevinConfig
from dynpat.models import ActionModel, EnergyModel, SceneModel, TextureModel
from dynpat.models.calibration import ROUNDS, calibrate, rounds_within
from dynpat.models.sampling import SETTLING, STEPS, ask, sample_videos

PUSH = 0.1
MOVING = LangevinConfig(step_size=4.0)
COMMON: dict[str, Any] = {
    "filters": (1,), "kernels": ((1, 1, 1),), "strides": ((1, 1, 1),), "activation": "linear",
    "sigma": 6.0, "widest": 12.0, "bounded": True,
}


def pushed(model: EnergyModel, videos: np.ndarray) -> EnergyModel:
    """A model with f = PUSH · the sum over the video: it makes all brighter by PUSH · σ²."""
    kernel, bias = model.network[0].trainable_variables
    kernel.assign(np.full(kernel.shape, PUSH))
    bias.assign(np.zeros(bias.shape))
    model.adapt(videos)
    model.compile(langevin=MOVING)
    return model


def observed(*levels: float) -> np.ndarray:
    """Videos (N, 12, 10, 14, 1) around grey levels, darker to the left."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(-20, 20, 14)[:, np.newaxis]
    return np.stack([level + ramp + rng.normal(0, 9, (12, 10, 14, 1)) for level in levels])


def offsets(model: EnergyModel, videos: np.ndarray) -> np.ndarray:
    """Mean over each mode's samples minus that of its video."""
    asked = ask(model, MOVING, frames=videos.shape[1], seed=4)
    made = sample_videos(model, asked, count=8 * len(videos))
    means = np.array([video.mean() for video in made]).reshape(8, len(videos))
    return np.asarray(means.mean(axis=0) - videos.mean(axis=(1, 2, 3, 4)))


@pytest.mark.parametrize("centre", ["pixel", "channel", "scalar"])
def test_a_model_that_is_too_bright_is_put_right(centre: str) -> None:
    videos = observed(120)
    kind = SceneModel if centre == "pixel" else TextureModel
    model = pushed(kind(12, (10, 14), 1, centre=centre, **COMMON), videos)
    before = offsets(model, videos)
    assert before > 4  # PUSH · σ² with σ² of at least 36, and what the steps reach of it
    calibrate(model, videos, rounds=10)
    assert np.abs(offsets(model, videos)) < 0.2 * before


def test_each_mode_has_the_mean_of_its_own_videos() -> None:
    videos = observed(70, 180)
    model = pushed(ActionModel(12, (10, 14), 1, modes=2, **COMMON), videos)
    before = offsets(model, videos)
    assert (before > 3).all()
    calibrate(model, videos, rounds=8)
    assert (np.abs(offsets(model, videos)) < 0.3 * before).all()


def test_a_model_in_balance_stays_as_it_is_and_so_do_its_weights() -> None:
    videos = observed(120)
    model = SceneModel(12, (10, 14), 1, centre="pixel", **COMMON)
    model.adapt(videos)
    model.compile(langevin=MOVING)
    model.network[0].trainable_variables[0].assign(np.zeros((1, 1, 1, 1, 1)))
    weights = [weight.numpy() for weight in model.trainable_variables]
    calibrate(model, videos, rounds=6)
    assert abs(model.reference.mode_means.numpy().mean()) < 0.5
    for weight, old in zip(model.trainable_variables, weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), old)


def test_rounds_follow_the_work_of_learning_and_a_stop_ends_them() -> None:
    videos = observed(120)
    model = pushed(SceneModel(12, (10, 14), 1, centre="pixel", **COMMON), videos)
    assert rounds_within(model, videos, 0) == 0
    # 12 frames and a margin of 6 twice.
    assert rounds_within(model, videos, 3.5 * 24 * (STEPS + SETTLING)) == 3
    assert rounds_within(model, videos, 1e12) == ROUNDS
    means = model.reference.mode_means.numpy()
    calibrate(model, videos, rounds=5, stop=lambda: True)
    np.testing.assert_array_equal(model.reference.mode_means.numpy(), means)
