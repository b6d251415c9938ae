"""Keras' own way: `compile` and `fit`."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from small_learning import MOVING, SHAPE, faint_videos, tiny

from dynpat.models import TextureModel


def compiled(**options: Any) -> TextureModel:
    model = tiny()
    model.compile("adam", langevin=MOVING, **options)
    return model


def test_fit_works_with_callbacks_of_keras(tmp_path: Path) -> None:
    model, epochs = compiled(), []
    history = model.fit(
        faint_videos(), batch_size=2, chains=2, epochs=3, steps_per_epoch=2,
        callbacks=[
            keras.callbacks.CSVLogger(str(tmp_path / "log.csv")),
            keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch)),
        ],
    )  # fmt: skip
    assert epochs == [0, 1, 2]
    assert {"energy_gap", "contrast", "motion", "gradient_norm"} <= set(history.history)
    assert all(len(values) == 3 for values in history.history.values())
    assert np.all(np.isfinite(history.history["energy_gap"]))
    with (tmp_path / "log.csv").open(newline="") as file:
        logged = [float(row["energy_gap"]) for row in csv.DictReader(file)]
    np.testing.assert_allclose(logged, history.history["energy_gap"], rtol=1e-5)


def model_state(model: TextureModel) -> list[np.ndarray]:
    assert model.chains is not None
    return [*model.get_weights(), *(variable.numpy() for variable in model.chains.variables)]


@pytest.mark.parametrize("calls", [[(1, 2), (1, 3)], [(5, 1)], [(1, 1), (2, 2)]], ids=str)
def test_chains_persist_between_calls_and_epochs_of_fit(calls: list[tuple[int, int]]) -> None:
    """However five updates are divided, they are the same five."""
    whole, divided = compiled(), compiled()
    options = {"batch_size": 2, "chains": 2, "seed": 9}
    whole.fit(faint_videos(), steps_per_epoch=5, **options)
    divided.fit(faint_videos(), epochs=calls[0][0], steps_per_epoch=calls[0][1], **options)
    chains = divided.chains
    for epochs, steps in calls[1:]:
        divided.fit(faint_videos(), epochs=epochs, steps_per_epoch=steps, **options)
    assert chains is not None and divided.chains is chains and int(chains.update) == 5
    for mine, other in zip(model_state(whole), model_state(divided), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_fit_with_other_videos_starts_new_chains() -> None:
    """Although the batches have the same shape, so that no new trace is due."""
    model, fresh = compiled(), compiled()
    model.fit(faint_videos(3), batch_size=2, chains=2, steps_per_epoch=2)
    first = model.chains
    assert first is not None
    before = first.video.numpy()
    model.fit(faint_videos(2), batch_size=2, chains=2, steps_per_epoch=1)
    assert model.chains is not first and model.chains is not None
    assert tuple(model.chains.video.shape[:2]) == (2, 2) and int(model.chains.update) == 1
    np.testing.assert_array_equal(first.video, before)
    # Chains depend on the videos through the weights only, in which the two models differ.
    fresh.fit(faint_videos(2), batch_size=2, chains=2, steps_per_epoch=1)
    assert fresh.chains is not None
    np.testing.assert_allclose(model.chains.video, fresh.chains.video, atol=0.1)


def test_fit_takes_fewer_videos_than_the_batch_and_longer_ones_than_the_model() -> None:
    model = compiled()
    model.fit(faint_videos(2, frames=9), batch_size=7, chains=1, steps_per_epoch=2)
    assert model.chains is not None and model.chains.video.shape == (2, 1, *SHAPE)


def test_several_steps_per_execution_are_the_same_updates() -> None:
    one, several = compiled(), compiled(steps_per_execution=2)
    for model in (one, several):
        model.fit(faint_videos(), batch_size=2, chains=2, steps_per_epoch=4)
    for mine, other in zip(model_state(one), model_state(several), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-6)
