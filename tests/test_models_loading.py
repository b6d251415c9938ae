"""Every argument of a model survives its configuration and its file."""

from __future__ import annotations

import inspect
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from small_models import SHAPE, SMOOTH, random, small

import dynpat
from dynpat.config import LangevinConfig
from dynpat.models import PATTERNS, EnergyModel, SceneModel

UNUSUAL: dict[str, Any] = {
    "frames": 5, "size": (7, 9), "channels": 2, "filters": (4, 3, 2),
    "kernels": ((3, 4, 2), 3, "all"), "strides": ((1, 2, 2), 2, 1), "activation": "softplus",
    "centre": "channel", "input_scale": 0.37, "sigma": 1.7,
    "kernel_initializer": {"class_name": "RandomNormal", "config": {"stddev": 0.21}},
    "precision": "bfloat16", "start": "spread", "shown": "picture", "modes": 3, "seed": 23,
    "preset": "gaussian",
    "bounded": True, "top_activation": "tanh", "coloured": True, "colours_follow": True,
    "longest_wave": 6.0,
    "top_kernel_initializer": {"class_name": "RandomNormal", "config": {"stddev": 0.02}},
}  # fmt: skip


def unusual() -> dict[str, Any]:
    """Every argument of the constructor, none at its default."""
    parameters = inspect.signature(EnergyModel.__init__).parameters
    values = {}
    for name, parameter in parameters.items():
        if name not in ("self", "kwargs"):
            default = parameter.default
            # A new number needs no entry above: any other value will do.
            values[name] = UNUSUAL[name] if name in UNUSUAL else default * 1.5 + 0.25
            assert values[name] != default, name
    return values


@pytest.mark.parametrize("kind", [EnergyModel, *PATTERNS.values()])
def test_every_argument_survives_config_and_file_with_bit_equal_energies(
    kind: type[EnergyModel], tmp_path: Path
) -> None:
    arguments = unusual()
    model = kind(**arguments, name="unusual")
    config = model.get_config()
    assert {name: config[name] for name in arguments} == arguments
    assert config["name"] == "unusual"
    videos = np.random.default_rng(1).integers(0, 256, (2, 5, 7, 9, 2), dtype=np.uint8)
    model.adapt(videos)
    for number, weight in enumerate(model.trainable_variables):
        weight.assign(random(weight.shape, number))
    model.save(tmp_path / "model.keras")
    revived = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True, compile=False)
    assert type(revived) is kind
    assert revived.get_config() == config
    assert {name: revived.get_config()[name] for name in arguments} == arguments
    for mine, other in zip(model.weights, revived.weights, strict=True):
        assert mine.path.split("/")[-1] == other.path.split("/")[-1]
        np.testing.assert_array_equal(mine.numpy(), other.numpy())
    scaled = model.to_model(videos)
    np.testing.assert_array_equal(scaled, revived.to_model(videos))
    energies = model(scaled).numpy()
    assert np.all(np.isfinite(energies))
    np.testing.assert_array_equal(energies, revived(scaled))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_compiled_and_learned_model_is_saved_and_loaded(pattern: str, tmp_path: Path) -> None:
    model = small(pattern, centre="pixel")
    model.compile("adam", langevin=LangevinConfig(steps=2, step_size=0.3))
    videos = np.random.default_rng(1).integers(0, 256, (2, *SHAPE), dtype=np.uint8)
    model.fit(videos, chains=1, steps_per_epoch=2)
    model.save(tmp_path / "model.keras")
    revived = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True, compile=False)
    scaled = model.to_model(videos)
    np.testing.assert_array_equal(model(scaled), revived(scaled))


def test_a_clone_from_config_starts_from_the_same_weights() -> None:
    model = SceneModel(6, (8, 9), 2, **SMOOTH["scene"], seed=5)
    clone = SceneModel.from_config(model.get_config())
    for mine, other in zip(model.get_weights(), clone.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_keras_loads_a_model_once_dynpat_is_imported(
    new_process: Callable[..., subprocess.CompletedProcess[str]], learned_once: Path
) -> None:
    """The way that docs/api.md shows; what Keras alone would say is left to Keras."""
    page = (Path(__file__).parent.parent / "docs" / "api.md").read_text(encoding="utf-8")
    (snippet,) = re.findall(r"```python\n(import dynpat .+?)```", page, flags=re.DOTALL)
    done = new_process(
        "-c", snippet.replace("runs/fire", str(learned_once)) + "print(type(model).__name__)"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "SceneModel"


def test_the_network_of_the_docs_can_be_made() -> None:
    page = (Path(__file__).parent.parent / "docs" / "api.md").read_text(encoding="utf-8")
    (snippet,) = re.findall(r"```python\n(model = dynpat.+?)```", page, flags=re.DOTALL)
    names: dict[str, Any] = {"dynpat": dynpat}
    exec(snippet, names)
    assert isinstance(names["model"], SceneModel) and names["model"].built
