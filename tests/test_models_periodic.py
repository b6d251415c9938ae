"""Videos that repeat: no place in them is special."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from dynpat import langevin
from dynpat.errors import BadOptionError
from dynpat.models import ActionModel, SceneModel, TextureModel, periodic


def texture() -> TextureModel:
    return TextureModel(
        12, (16, 20), 2, filters=(5, 3), kernels=((4, 5, 3), (3, 2, 2)),
        strides=((2, 2, 1), (1, 2, 3)), centre="channel", activation="softplus", sigma=9.0,
    )


def gradient(energy: langevin.Energy, video: np.ndarray) -> np.ndarray:
    return np.asarray(langevin.energy_gradient(energy, tf.constant(video)))


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 20, shape).astype(np.float32)


def test_strides_and_reach_are_those_of_the_layers() -> None:
    assert [periodic.stride(texture(), axis) for axis in (1, 2, 3)] == [2, 4, 3]
    assert [periodic.margin(texture(), axis) for axis in (1, 2, 3)] == [8, 8, 3]


@pytest.mark.parametrize(("axes", "shift"), [
    ((1,), (4, 0, 0)), ((2, 3), (0, 8, 9)), ((1, 2, 3), (6, 4, 3)),
])  # fmt: skip
def test_a_rolled_video_has_the_rolled_gradient(
    axes: tuple[int, ...], shift: tuple[int, int, int]
) -> None:
    energy, video = periodic.Repeating(texture(), axes), noise(1, 12, 16, 21, 2)
    rolled = np.roll(video, shift, axis=(1, 2, 3))
    expected = np.roll(gradient(energy, video), shift, axis=(1, 2, 3))
    np.testing.assert_allclose(gradient(energy, rolled), expected, rtol=1e-3, atol=1e-4)
    plain = np.roll(gradient(texture(), video), shift, axis=(1, 2, 3))
    assert np.abs(gradient(texture(), rolled) - plain).max() > 0.01  # borders matter there


def test_the_gradient_is_that_of_the_middle_of_many_periods() -> None:
    """A video repeated five times: far from its ends the plain gradient is the periodic one."""
    model, video = texture(), noise(1, 12, 16, 20, 2)
    many = gradient(model, np.tile(video, (1, 5, 1, 1, 1)))[:, 24:36]
    ours = gradient(periodic.Repeating(model, (1,)), video)
    np.testing.assert_allclose(ours, many, rtol=1e-3, atol=1e-4)


def test_scenes_repeat_in_time_only_and_actions_not_at_all() -> None:
    scene = SceneModel.from_preset("gaussian", frames=16, size=(20, 20))
    assert periodic.stride(scene, 1) == 4
    with pytest.raises(BadOptionError, match="--tileable is for models"):
        periodic.margin(scene, 2)
    action = ActionModel.from_preset("gaussian", frames=16, size=(20, 20))
    with pytest.raises(BadOptionError, match="--loop is for models"):
        periodic.stride(action, 1)


def test_a_looping_sample_has_no_seam(
    dynpat: Callable[..., Any], refused: Callable[..., str], learned_once: Path, tmp_path: Path
) -> None:
    shown = dynpat("sample", learned_once, "--loop", "--frames", 16, "--steps", 30, "--format",
                   "npy", "--out", tmp_path / "loop", "--quiet")
    assert shown.exit_code == 0, shown.output
    video = np.load(tmp_path / "loop" / "synthesised_000.npy")
    assert video.shape == (16, 24, 24, 3)
    steps = np.abs(video - np.roll(video, 1, axis=0)).mean(axis=(1, 2, 3))
    assert steps[0] < 1.5 * np.median(steps)
    assert "multiple of 4" in refused("sample", learned_once, "--loop", "--frames", 18)
    assert "--tileable is for" in refused("sample", learned_once, "--tileable")
