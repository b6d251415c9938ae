"""New videos from a model: shapes, seeds, refusals, and chains that run away."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from dynpat.config import LangevinConfig
from dynpat.errors import BadOptionError, DivergedError
from dynpat.models import PATTERNS, ActionModel, EnergyModel, SceneModel, TextureModel
from dynpat.models.sampling import ask, sample_videos, sampled_shape, settle

FRAMES, SIZE, CHANNELS = 6, (8, 9), 2
MOVING = LangevinConfig(steps=3, step_size=0.4)
LAYERS: dict[str, dict[str, Any]] = {
    "texture": {"filters": (3, 2), "kernels": ((3, 3, 3), (2, 2, 2)),
                "strides": ((2, 2, 2), (1, 1, 1))},
    "scene": {"filters": (3, 2), "kernels": ((3, 3, 3), 2), "strides": ((1, 2, 2), 1)},
    "action": {"filters": (3, 2), "kernels": ((3, 3, 3), "all"), "strides": ((2, 2, 2), 1)},
}  # fmt: skip


def small(pattern: str = "texture", **changes: Any) -> EnergyModel:
    arguments = {"activation": "softplus", "seed": 1, "centre": "channel", "input_scale": 0.1,
                 **LAYERS[pattern], **changes}
    model = PATTERNS[pattern](FRAMES, SIZE, CHANNELS, **arguments)
    model.adapt(np.random.default_rng(0).integers(0, 256, (2, FRAMES, *SIZE, CHANNELS)))
    return model


def sampled(model: EnergyModel, **options: Any) -> list[np.ndarray]:
    told = {name: options.pop(name) for name in ("count", "progress") if name in options}
    return list(sample_videos(model, ask(model, MOVING, **{"steps": 7, **options}), **told))


@pytest.fixture(scope="module")
def texture() -> EnergyModel:
    return small()


@pytest.mark.parametrize("pattern", PATTERNS)
def test_videos_are_grey_levels_of_the_learned_shape(pattern: str) -> None:
    model = small(pattern)
    videos = sampled(model, count=2)
    assert len(videos) == 2
    for video in videos:
        assert video.shape == (FRAMES, *SIZE, CHANNELS) and video.dtype == np.float32
        assert np.all(np.isfinite(video))
        # Around the mean of the observed, not around 0.
        mean = model.to_grey(np.zeros((1, 1, 1, 1, CHANNELS))).numpy().ravel()
        assert np.all(np.abs(video.mean(axis=(0, 1, 2)) - mean) < 20) and mean.min() > 100


@pytest.mark.parametrize(
    ("pattern", "frames", "size"),
    [("texture", 11, (12, 10)), ("texture", None, (5, 16)), ("texture", 3, None),
     ("scene", 13, None), ("scene", 13, SIZE), ("action", FRAMES, SIZE)],
)
def test_other_shapes_where_the_pattern_allows_them(
    pattern: str, frames: int | None, size: tuple[int, int] | None
) -> None:
    model = small(pattern)
    expected = (frames or FRAMES, *(size or SIZE), CHANNELS)
    assert sampled_shape(model, frames, size) == expected
    (video,) = sampled(model, frames=frames, size=size, steps=2)
    assert video.shape == expected


def test_number_n_of_a_seed_is_the_same_whatever_the_count(texture: EnergyModel) -> None:
    three = sampled(texture, count=3, seed=4)
    (alone,) = sampled(texture, count=1, seed=4)
    two = sampled(texture, count=2, seed=4)
    np.testing.assert_array_equal(three[0], alone)
    np.testing.assert_array_equal(three[1], two[1])
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert np.mean(three[a] == three[b]) < 0.01


def test_another_seed_gives_other_videos(texture: EnergyModel) -> None:
    one, other = sampled(texture, count=2, seed=4), sampled(texture, count=2, seed=5)
    for mine in one:
        for its in other:
            assert np.mean(mine == its) < 0.01


@pytest.mark.parametrize("step_size", [0.6, 0.05])
def test_a_chain_longer_than_a_report_has_fresh_noise_throughout(step_size: float) -> None:
    """With f = 0 a chain is AR(1) with its exact variance after n steps, before it settles.

    The small step forgets nothing: noise that came back would add up to thrice the variance.
    """
    model = TextureModel(
        4, (60, 60), 1, filters=(1,), kernels=((1, 1, 1),), strides=((1, 1, 1),)
    )
    model.trainable_variables[0].assign(np.zeros((1, 1, 1, 1, 1), np.float32))
    moving, steps = LangevinConfig(step_size=step_size), 60
    start = np.zeros((4, 60, 60, 1), np.float32)
    (video,) = sample_videos(model, ask(model, moving, steps=steps, seed=2, starts=[start]))
    # What settling leaves of a pixel, here where its steps are the same for each.
    share = float(settle(model, start[np.newaxis] + 1, moving)[0, 0, 0, 0, 0])
    assert 0 < share < 1
    factor = 1 - step_size**2 / 2
    variance = step_size**2 * (1 - factor ** (2 * steps)) / (1 - factor**2)
    expected = share * math.sqrt(variance)
    assert abs(video.std() - expected) < 4 * expected / math.sqrt(2 * video.size)


def test_settling_goes_down_the_energy_without_noise(texture: EnergyModel) -> None:
    start = tf.random.stateless_normal((2, FRAMES, *SIZE, CHANNELS), [1, 2])
    settled = settle(texture, start, MOVING)
    assert np.all(texture(settled).numpy() < texture(start).numpy())
    np.testing.assert_array_equal(settled, settle(texture, start, MOVING))


def test_a_start_takes_the_place_of_noise(texture: EnergyModel) -> None:
    start = np.random.default_rng(1).integers(0, 256, (FRAMES, *SIZE, CHANNELS), dtype=np.uint8)
    gentle = LangevinConfig(step_size=1e-3)
    (video,) = sample_videos(texture, ask(texture, gentle, steps=1, starts=[start]))
    np.testing.assert_allclose(video, start, atol=0.05)
    (free,) = sample_videos(texture, ask(texture, gentle, steps=1))
    assert np.abs(free - start).mean() > 20


@pytest.mark.parametrize("steps", [1, 20, 45])
def test_progress_counts_every_step_up_to_the_total(steps: int, texture: EnergyModel) -> None:
    told: list[tuple[int, int]] = []
    sampled(texture, count=2, steps=steps, progress=lambda *numbers: told.append(numbers))
    done = [number for number, _ in told]
    assert done == sorted(set(done)) and done[-1] == 2 * steps and steps in done
    assert {total for _, total in told} == {2 * steps}


# Refusals.


def test_scene_and_action_refuse_another_size() -> None:
    for kind in ("scene", "action"):
        with pytest.raises(BadOptionError, match=r"9x8; 12x10 was asked for.* --pattern texture"):
            sampled(small(kind), size=(10, 12))


def test_action_refuses_other_frames() -> None:
    with pytest.raises(BadOptionError, match=r"of the 6 frames .* 9 were asked .* --pattern scene"):
        sampled(small("action"), frames=9)
    assert isinstance(small("action"), ActionModel) and isinstance(small("scene"), SceneModel)


@pytest.mark.parametrize(
    ("options", "name"),
    [({"count": 0}, "count"), ({"steps": 0}, "steps"), ({"frames": 1}, "frames"),
     ({"frames": -4}, "frames"), ({"frames": 0}, "frames"), ({"size": (0, 5)}, "size"),
     ({"size": (-3, 4)}, "size"), ({"seed": -1}, "seed"), ({"seed": 2**40}, "seed")],
)
def test_options_out_of_range_are_named(
    options: dict[str, Any], name: str, texture: EnergyModel
) -> None:
    number = np.min(options[name])
    with pytest.raises(BadOptionError, match=rf"{name} must .* received .*{number}"):
        sampled(texture, **options)


def test_a_step_size_beyond_the_reference_is_refused(texture: EnergyModel) -> None:
    with pytest.raises(BadOptionError, match="step_size must lie in"):
        ask(texture, LangevinConfig(step_size=2.0))


@pytest.mark.parametrize("value", [1e6, np.nan, np.inf], ids=str)
def test_a_chain_that_runs_away_is_an_error_with_advice(value: float) -> None:
    """Linear energy with planted weights: each step adds ε²/2 times a huge or undefined number."""
    model = small(activation="linear")
    kernel = model.trainable_variables[0]
    kernel.assign(np.full(kernel.shape, value, np.float32))
    with pytest.raises(DivergedError, match=r"ran away after \d+ Langevin steps.* --step-size"):
        sampled(model)


def test_a_run_away_start_is_noticed(texture: EnergyModel) -> None:
    start = np.full((FRAMES, *SIZE, CHANNELS), np.nan, np.float32)
    with pytest.raises(DivergedError, match="ran away"):
        sampled(texture, starts=[start])
