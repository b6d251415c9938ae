"""The models: their energy, their arguments and files, their scale, and what they refuse."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings, strategies as st

from dynpat.config import LangevinConfig
from dynpat.errors import BadOptionError
from dynpat.models import PATTERNS, ActionModel, EnergyModel, SceneModel, TextureModel

SHAPE = (6, 8, 9, 2)
SMOOTH: dict[str, dict[str, Any]] = {
    "texture": {"filters": (4, 3), "kernels": ((3, 3, 3), (2, 3, 2)),
                "strides": ((2, 2, 2), (1, 1, 1))},
    "scene": {"filters": (4, 3), "kernels": ((3, 4, 3), 3), "strides": ((1, 2, 2), 2)},
    "action": {"filters": (4, 3), "kernels": ((4, 3, 3), "all"), "strides": ((2, 2, 2), 1)},
}  # fmt: skip


def random(shape: tuple[int, ...], seed: int = 0, scale: float = 1.0) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=shape)
    return (scale * values).astype(np.float32)


def small(pattern: str = "texture", **changes: Any) -> EnergyModel:
    """A model of two layers for videos of SHAPE with smooth units and random biases."""
    arguments = {"activation": "softplus", "sigma": 1.3, "seed": 4, **SMOOTH[pattern], **changes}
    frames, height, width, channels = SHAPE
    model = PATTERNS[pattern](frames, (height, width), channels, **arguments)
    for number, weight in enumerate(model.trainable_variables):
        if len(weight.shape) == 1:
            weight.assign(random(weight.shape, number, 0.3))
    return model


def gradient(function: Any, video: np.ndarray) -> np.ndarray:
    held = tf.constant(video)
    with tf.GradientTape() as tape:
        tape.watch(held)
        total = tf.reduce_sum(function(held))
    return tape.gradient(total, held).numpy()


# The energy.


@pytest.mark.parametrize("pattern", PATTERNS)
def test_gradient_of_the_energy_equals_finite_differences(pattern: str) -> None:
    model, video = small(pattern), random((2, *SHAPE), 1)
    exact = gradient(model, video)
    step = 0.02
    for seed in range(5):
        direction = random(video.shape, 10 + seed)
        direction /= np.linalg.norm(direction[:1])
        after, before = model(video + step * direction), model(video - step * direction)
        differences = (after - before).numpy() / (2 * step)
        along = np.sum(exact * direction, axis=(1, 2, 3, 4))
        # float32: energies of about 500 are rounded by 3e-5, that is 1e-3 in a difference.
        np.testing.assert_allclose(differences, along, rtol=2e-3, atol=4e-3)
        assert np.abs(along).max() > 0.1  # the tolerance means something


@pytest.mark.parametrize("pattern", PATTERNS)
def test_gradient_of_single_pixels_equals_finite_differences(pattern: str) -> None:
    """A pixel in the middle, in a corner and in the last frame: padding is where errors hide."""
    model, video = small(pattern, sigma=20.0), random((1, *SHAPE), 2)
    exact = gradient(model.f, video)
    step = 0.1
    for place in ((0, 3, 4, 4, 0), (0, 0, 0, 0, 1), (0, 5, 7, 8, 0), (0, 5, 0, 8, 1)):
        moved = np.zeros_like(video)
        moved[place] = step
        difference = (model.f(video + moved) - model.f(video - moved)).numpy()[0] / (2 * step)
        assert difference == pytest.approx(exact[place], rel=2e-2, abs=2e-3)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_linear_network_has_one_gradient_everywhere_whatever_its_biases(pattern: str) -> None:
    model = small(pattern, activation="linear")
    first = gradient(model.f, random((1, *SHAPE), 1))
    np.testing.assert_allclose(
        gradient(model.f, random((1, *SHAPE), 2, 30.0)), first, rtol=1e-5, atol=1e-6
    )
    offset = float(model.f(np.zeros((1, *SHAPE), np.float32))[0])
    video = random((1, *SHAPE), 3)
    expected = float(np.sum(first * video)) + offset
    assert float(model.f(video)[0]) == pytest.approx(expected, rel=1e-4)
    for weight in model.trainable_variables:
        if len(weight.shape) == 1:
            weight.assign(weight + 1.0)
    assert float(model.f(np.zeros((1, *SHAPE), np.float32))[0]) != pytest.approx(offset)
    np.testing.assert_array_equal(gradient(model.f, random((1, *SHAPE), 1)), first)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 3.0])
def test_energy_is_the_reference_minus_the_network(sigma: float) -> None:
    model, video = small(sigma=sigma), random((3, *SHAPE))
    reference = np.sum(video.astype(np.float64) ** 2, axis=(1, 2, 3, 4)) / (2 * sigma**2)
    energies = model(video).numpy()
    assert energies.shape == (3,) and energies.dtype == np.float32
    np.testing.assert_allclose(energies, reference - model.f(video), rtol=1e-5)
    np.testing.assert_array_equal(energies, model.energy(video))
    assert not np.allclose(energies, reference, rtol=1e-3)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_videos_of_a_batch_are_independent(pattern: str) -> None:
    model, videos = small(pattern), random((3, *SHAPE))
    together = model(videos).numpy()
    alone = [float(model(videos[n : n + 1])[0]) for n in range(3)]
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    assert len(set(alone)) == 3
    others = gradient(model, np.concatenate([videos[:1], 2 * videos[1:]]))
    np.testing.assert_allclose(others[0], gradient(model, videos)[0], rtol=1e-4, atol=1e-5)


def test_texture_energy_does_not_care_where_a_pattern_is() -> None:
    """Stride 1 and a pattern away from the borders: f is the same after a shift."""
    model = TextureModel(
        9, (12, 12), 1, filters=(3,), kernels=((3, 3, 3),), strides=((1, 1, 1),), activation="tanh"
    )
    spot = random((3, 4, 4, 1))
    videos = np.zeros((2, 9, 12, 12, 1), np.float32)
    videos[0, 2:5, 2:6, 2:6], videos[1, 4:7, 5:9, 6:10] = spot, spot
    first, second = model.f(videos).numpy()
    assert first == pytest.approx(second, rel=1e-4) and abs(first) > 0.1


@given(scale=st.floats(0.1, 4.0))
@settings(max_examples=5)
def test_input_scale_is_a_factor_on_the_video_for_the_network_only(scale: float) -> None:
    plain, scaled = small(), small(input_scale=scale)
    scaled.set_weights(plain.get_weights())
    video = random((1, *SHAPE))
    np.testing.assert_allclose(scaled.f(video), plain.f(np.float32(scale) * video), rtol=1e-4)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_bfloat16_energies_agree_with_float32_to_a_few_percent(pattern: str) -> None:
    exact, rough = small(pattern, sigma=5.0), small(pattern, sigma=5.0, precision="bfloat16")
    rough.set_weights(exact.get_weights())
    assert all(weight.dtype == "float32" for weight in rough.weights)
    videos = random((4, *SHAPE))
    f, f_rough = exact.f(videos).numpy(), rough.f(videos).numpy()
    assert f_rough.dtype == np.float32 and not np.array_equal(f, f_rough)
    np.testing.assert_allclose(f_rough, f, rtol=0.03)
    np.testing.assert_allclose(rough(videos), exact(videos), rtol=0.03)
    g, g_rough = gradient(exact.f, videos), gradient(rough.f, videos)
    assert np.linalg.norm(g - g_rough) < 0.05 * np.linalg.norm(g)


def test_the_seed_draws_the_initial_weights() -> None:
    def weights(seed: int) -> list[np.ndarray]:
        model = TextureModel(6, (8, 9), 2, **SMOOTH["texture"], seed=seed)
        return [weight.numpy() for weight in model.trainable_variables]

    first = weights(1)
    for mine, again in zip(first, weights(1), strict=True):
        np.testing.assert_array_equal(mine, again)
    assert not np.array_equal(first[0], weights(2)[0])


def test_initializers_that_draw_nothing_need_no_seed() -> None:
    model = small(kernel_initializer="zeros")
    np.testing.assert_array_equal(model.trainable_variables[0], 0)


# Arguments and files.

UNUSUAL: dict[str, Any] = {
    "frames": 5, "size": (7, 9), "channels": 2, "filters": (4, 3, 2),
    "kernels": ((3, 4, 2), 3, "all"), "strides": ((1, 2, 2), 2, 1), "activation": "softplus",
    "padding": "valid", "centre": "channel", "input_scale": 0.37, "sigma": 1.7,
    "kernel_initializer": {"class_name": "RandomNormal", "config": {"stddev": 0.21}},
    "precision": "bfloat16", "start": "spread", "shown": "picture", "modes": 3, "seed": 23,
    "preset": "gaussian",
    "bounded": True, "top_activation": "tanh", "coloured": True, "colours_follow": True,
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


# The scale.


@pytest.mark.parametrize("centre", ["pixel", "channel", "scalar"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_grey_levels_come_back_exactly(centre: str, seed: int) -> None:
    generator = np.random.default_rng(seed)
    videos = generator.integers(0, 256, (3, *SHAPE), dtype=np.uint8)
    videos[0, 0], videos[1, 1] = 0, 255
    model = small(centre=centre)
    model.adapt(videos)
    scaled = model.to_model(videos)
    assert scaled.dtype == tf.float32 and scaled.shape == videos.shape
    np.testing.assert_array_equal(model.to_grey(scaled).numpy(), videos.astype(np.float32))


@pytest.mark.parametrize(
    ("centre", "axes"), [("pixel", (0, 1)), ("channel", (0, 1, 2, 3)), ("scalar", None)]
)
def test_the_mean_that_is_subtracted_is_that_of_the_centre(centre: str, axes: Any) -> None:
    videos = np.random.default_rng(0).integers(0, 256, (3, *SHAPE)).astype(np.float32)
    model = small(centre=centre)
    model.adapt(videos)
    rest = model.to_model(videos).numpy().mean(axis=axes)
    np.testing.assert_allclose(rest, 0, atol=1 / 256)
    assert np.abs(model.to_model(videos).numpy()).max() > 100
    assert "mean" not in [weight.name for weight in model.trainable_variables]


def test_grey_levels_outside_0_to_255_are_not_clipped() -> None:
    model = small()
    model.adapt(np.full((1, *SHAPE), 200, np.uint8))
    video = random((1, *SHAPE), 0, 300.0)
    grey = model.to_grey(video).numpy()
    assert grey.min() < 0 and grey.max() > 255
    np.testing.assert_allclose(model.to_model(grey), video, atol=1e-3)


# Presets and other sizes.


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
    model = small("texture", padding="same")
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


# Refusals.


@pytest.mark.parametrize(
    "shape", [(6, 8, 9, 2), (1, 6, 8, 9), (1, 1, 6, 8, 9, 2), (1, 6, 8, 9, 3), (1, 6, 8, 9, 1)]
)
def test_wrong_rank_or_channels_name_the_shape_received(shape: tuple[int, ...]) -> None:
    model = small()
    with pytest.raises(BadOptionError) as caught:
        model(random(shape))
    message = str(caught.value)
    assert str(shape) in message and "(N, T, H, W, C)" in message and "C = 2" in message
    model.compile()
    with pytest.raises(BadOptionError, match="received the shape"):
        model.fit(random(shape))


@pytest.mark.parametrize("preset", ["paper", "gaussian"])
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(
    ("frames", "size"), [(30, (2, 64)), (30, (64, 2)), (1, (64, 64))], ids=["high", "wide", "short"]
)
def test_too_small_videos_name_the_layer_and_a_remedy(
    pattern: str, preset: str, frames: int, size: tuple[int, int]
) -> None:
    with pytest.raises(BadOptionError) as caught:
        PATTERNS[pattern].from_preset(preset, frames=frames, size=size)
    message = str(caught.value)
    assert f"A video of {frames} frames of {size[1]}×{size[0]} pixels is too small" in message
    assert "layer_" in message and "--size" in message and "--frames" in message


def test_a_kernel_without_room_in_a_valid_layer_is_refused() -> None:
    with pytest.raises(BadOptionError, match=r"too small for this network: layer_1"):
        TextureModel(
            6, (8, 8), filters=(3, 3), kernels=((5, 5, 5), (3, 3, 3)), strides=((1, 1, 1),) * 2,
            padding="valid",
        )
    with pytest.raises(BadOptionError, match=r"too small for this network: layer_0"):
        TextureModel(
            4, (8, 8), filters=(3,), kernels=((5, 3, 3),), strides=((1, 1, 1),), padding="valid"
        )


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"frames": 0}, "frames"), ({"channels": 0}, "channels"), ({"size": (8,)}, "size"),
        ({"size": (8, 0)}, "size"), ({"filters": (3,)}, "filters"), ({"sigma": 0.0}, "sigma"),
        ({"sigma": -1.0}, "sigma"), ({"precision": "float16"}, "precision"),
        ({"centre": "frame"}, "centre"), ({"padding": "causal"}, "padding"),
        ({"filters": (), "kernels": (), "strides": ()}, "filters"),
    ],
)  # fmt: skip
def test_arguments_out_of_range_are_named(changes: dict[str, Any], name: str) -> None:
    arguments = {"frames": 6, "size": (8, 9), **SMOOTH["texture"], **changes}
    with pytest.raises(BadOptionError, match=rf"{name}.* must .*; received .*\. .*\.$"):
        TextureModel(**arguments)


def test_compile_refuses_a_step_size_that_runs_away() -> None:
    with pytest.raises(BadOptionError, match="step_size must lie in"):
        small(sigma=1.0).compile(langevin=LangevinConfig(step_size=2.0))


def test_action_model_is_bound_to_its_length() -> None:
    model = small("action")
    assert isinstance(model, ActionModel)
    assert model(random((1, *SHAPE))).shape == (1,)
    with pytest.raises(Exception, match=r"(?i)shape|incompatible|expected"):
        model(random((1, 12, *SHAPE[1:])))
