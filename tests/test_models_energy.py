"""The energy: its gradient, its scale, and what it is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings, strategies as st
from small_models import SHAPE, SMOOTH, gradient, random, small

from dynpat.models import PATTERNS, TextureModel


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
