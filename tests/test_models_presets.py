"""Presets of each kind of model, and the other sizes and lengths it works at."""

from __future__ import annotations

import numpy as np
import pytest
from small_models import SHAPE, random, small

from dynpat.config import LangevinConfig
from dynpat.errors import BadOptionError
from dynpat.models import PATTERNS, EnergyModel, SceneModel, TextureModel


@pytest.mark.parametrize("preset", ["paper", "gaussian", "default"])
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("channels", [1, 3])
def test_presets_build_and_give_finite_energies(pattern: str, preset: str, channels: int) -> None:
    model = PATTERNS[pattern].from_preset(preset, frames=30, size=(64, 60), channels=channels)
    model.adapt(np.asarray(random((1, 30, 64, 60, channels), 1, 20.0)) + 128)
    assert model.built and type(model) is PATTERNS[pattern]
    videos = random((2, 30, 64, 60, channels), 0, 50.0)
    energies = model(videos).numpy()
    assert energies.shape == (2,) and np.all(np.isfinite(energies))
    assert set(PATTERNS[pattern].langevin_presets) >= {preset}
    assert set(PATTERNS[pattern].learn_presets) >= {preset}
    LangevinConfig(**PATTERNS[pattern].langevin_presets[preset])


def test_preset_arguments_can_be_overridden() -> None:
    preset = SceneModel.presets["default"]
    filters = tuple(range(2, 2 + len(preset["filters"])))
    model = SceneModel.from_preset("default", frames=20, size=(32, 32), sigma=2.5, filters=filters)
    config = model.get_config()
    assert config["sigma"] == 2.5 and config["filters"] == filters != preset["filters"]
    assert config["kernels"] == preset["kernels"]


@pytest.mark.parametrize("kind", PATTERNS.values())
def test_unknown_preset_names_the_known_ones(kind: type[EnergyModel]) -> None:
    with pytest.raises(BadOptionError, match=f"{kind.__name__} has no preset 'papr'") as caught:
        kind.from_preset("papr", frames=20, size=(32, 32))
    assert all(name in str(caught.value) for name in kind.presets)


def test_texture_model_works_at_other_sizes_and_lengths() -> None:
    model = small("texture")
    for shape in ((2, 6, 8, 9, 2), (2, 11, 8, 9, 2), (1, 6, 20, 15, 2), (1, 4, 7, 5, 2)):
        energies = model(random(shape)).numpy()
        assert energies.shape == shape[:1] and np.all(np.isfinite(energies))


def test_f_of_a_texture_grows_with_the_video() -> None:
    """It is a sum over positions: a longer video of constant grey adds equal terms."""
    model = TextureModel(
        6, (8, 8), 1, filters=(3,), kernels=((2, 2, 2),), strides=((2, 2, 2),),
        activation="softplus",
    )
    short, long = (np.full((1, t, 8, 8, 1), 2, np.float32) for t in (6, 12))
    assert float(model.f(long)[0]) == pytest.approx(2 * float(model.f(short)[0]), rel=1e-5)


def test_scene_model_works_at_other_lengths() -> None:
    model = small("scene")
    for frames in (3, 6, 13):
        energies = model(random((2, frames, *SHAPE[1:]))).numpy()
        assert energies.shape == (2,) and np.all(np.isfinite(energies))
