"""A linear model learns what closed forms say."""

from __future__ import annotations

import math
from pathlib import Path

import keras
import numpy as np
import pytest
from small_learning import NEVER

from dynpat.config import LangevinConfig, LearnConfig
from dynpat.learning.learner import Learner, learn_model
from dynpat.models import ActionModel


def pattern_videos(sigma: float) -> np.ndarray:
    """16 noisy copies of one pattern, which has a mean of its own at each pixel."""
    generator = np.random.default_rng(0)
    pattern = 3 * generator.normal(size=(4, 4, 4, 1))
    noise = sigma * generator.normal(size=(16, 4, 4, 4, 1))
    return (100 + pattern - pattern.mean() + noise).astype(np.float32)


def linear_model(sigma: float) -> ActionModel:
    """f(I) = Σ w·I + b."""
    return ActionModel(
        4, (4, 4), 1, filters=(1,), kernels=("all",), strides=(1,), activation="linear",
        centre="scalar", sigma=sigma,
    )


def assert_reaches_the_oracle(model: ActionModel, videos: np.ndarray, chains: int) -> None:
    """With f = Σ w·I a pixel is N(σ²w, σ²): the likelihood is highest at w = mean / σ²."""
    expected = model.to_model(videos).numpy().mean(axis=0).ravel() / model.sigma**2
    (kernel,) = [w.numpy().ravel() for w in model.trainable_variables if len(w.shape) == 2]
    # What one update tells of σ²·w has this standard error; the rate's decay averages over many.
    standard_error = 1 / (model.sigma * math.sqrt(len(videos) * chains))
    assert expected.std() > 10 * standard_error
    assert np.abs(kernel - expected).max() < standard_error
    assert np.sqrt(np.mean((kernel - expected) ** 2)) < 0.4 * standard_error


@pytest.mark.parametrize("sigma", [pytest.param(1.0, marks=pytest.mark.slow), 2.0])
def test_a_linear_model_learns_the_mean_over_the_variance(sigma: float, tmp_path: Path) -> None:
    videos = pattern_videos(sigma)
    config = LearnConfig(
        iterations=300, time_budget=None, chains=8, batch=16, learning_rate=0.2 / sigma,
        final_learning_rate=1e-3, checkpoint_every=NEVER,
    )
    ours = Learner(
        linear_model(sigma), videos, config, LangevinConfig(steps=5, step_size=sigma)
    )
    assert learn_model(ours, tmp_path)
    assert_reaches_the_oracle(ours.model, videos, 8)
    # The chains are samples of it: each pixel has the mean σ²w and the variance of AR(1).
    final = ours.chains.video.numpy().reshape(-1, 64)
    mean = final.mean(axis=0) - ours.model.to_model(videos).numpy().mean(axis=0).ravel()
    variance = sigma**2 / (1 - 1 / 4)
    assert abs(final.var(axis=0).mean() - variance) < 4 * variance * math.sqrt(2 / final.size)
    assert np.abs(mean).max() < 5 * math.sqrt(variance / len(final))


@pytest.mark.slow
def test_fit_of_keras_reaches_the_oracle_too() -> None:
    videos, model = pattern_videos(2.0), linear_model(2.0)
    rate = keras.optimizers.schedules.CosineDecay(0.05, 300, alpha=0.02)
    model.compile(keras.optimizers.Adam(rate), langevin=LangevinConfig(steps=5, step_size=2.0))
    history = model.fit(videos, batch_size=16, chains=8, epochs=3, steps_per_epoch=100)
    assert_reaches_the_oracle(model, videos, 8)
    assert np.all(np.isfinite(history.history["energy_gap"]))
