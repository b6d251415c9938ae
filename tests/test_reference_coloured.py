"""The coloured reference inside a model: equal to its NumPy form, with a true gradient."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from dynpat import langevin
from dynpat.datasets import flames, ocean
from dynpat.denoising import denoised
from dynpat.models import PATTERNS, EnergyModel
from dynpat.models.periodic import Repeating
from dynpat.reference import translation as coloured
from dynpat.reference.coloured import ColouredReference

FRAMES, SIZE = 24, (24, 28)


@pytest.fixture(scope="module", params=sorted(PATTERNS))
def model(request: pytest.FixtureRequest) -> EnergyModel:
    """Adapted to flames, and with a last layer that is not near zero."""
    made = PATTERNS[request.param].from_preset(
        "default", frames=FRAMES, size=SIZE, top_kernel_initializer=None, seed=3
    )
    made.adapt(flames(30, SIZE)[np.newaxis])
    return made


def drawn(model: EnergyModel, count: int = 1) -> tf.Tensor:
    return model.draw_start((count, FRAMES, *SIZE, 3), seed=1)


def test_it_is_what_numpy_says(model: EnergyModel) -> None:
    video = flames(30, SIZE)[np.newaxis]
    everywhere = model.get_config()["centre"] != "pixel"
    process = coloured.fit(video, everywhere=everywhere)
    y = model.to_model(video[:, :FRAMES])
    np.testing.assert_allclose(y, process.to_gaussian(video[:, :FRAMES]), atol=2e-3)
    np.testing.assert_allclose(model.to_grey(y), process.to_grey(np.asarray(y)), atol=0.05)
    expected = process.spectrum((FRAMES, *SIZE))
    reference = model.reference
    waves = np.random.default_rng(0).normal(size=(1, FRAMES, *SIZE, 3)).astype(np.float32)
    spectrum = np.fft.rfftn(waves, axes=(1, 2, 3)) * np.moveaxis(expected + 0.01, 0, -1) ** -1.0
    solved = np.fft.irfftn(spectrum, (FRAMES, *SIZE), axes=(1, 2, 3))
    np.testing.assert_allclose(reference.filtered(tf.constant(waves), -1.0), solved, rtol=0.02,
                               atol=0.02)


def test_the_energy_s_gradient_is_that_of_finite_differences(model: EnergyModel) -> None:
    y = tf.clip_by_value(drawn(model), -3, 3)
    way = tf.random.stateless_normal(y.shape, [1, 2])
    step = 2e-3
    difference = float((model(y + step * way) - model(y - step * way))[0]) / (2 * step)
    along = float(tf.reduce_sum(langevin.energy_gradient(model, y) * way))
    assert along == pytest.approx(difference, rel=0.01, abs=2)


def test_draws_have_half_a_unit_of_energy_per_value(model: EnergyModel) -> None:
    y = drawn(model, 3)
    per_value = np.asarray(model.reference.energy(y)) / np.prod(y.shape[1:])
    np.testing.assert_allclose(per_value, 0.5, rtol=0.03)


def test_a_chain_without_f_keeps_the_distribution_of_draws(model: EnergyModel) -> None:
    """Langevin steps of ε = ρ: the stiffest directions have variance ρ²·1/(1 − 1/4) exactly."""
    y = drawn(model, 2)
    after = langevin.sample(model.reference.energy, y, 10, 0.1, seed=0)
    assert float(tf.math.reduce_std(after)) == pytest.approx(
        float(tf.math.reduce_std(y)), rel=0.05
    )


def test_f_is_seen_through_a_grid_that_a_seed_shifts(model: EnergyModel) -> None:
    y = drawn(model)
    values = {round(float(model.f(y, tf.constant([5, n]))[0]), 3) for n in range(12)}
    assert len(values) > 3
    again = [float(model.f(y, tf.constant([5, 1]))[0]) for _ in range(2)]
    assert again[0] == again[1]


def test_f_sees_nearly_the_picture(model: EnergyModel) -> None:
    """A map's cubic part along the axes of colour, of variance 1."""
    y = model.draw_start((1, FRAMES, *SIZE, 3), seed=5)
    reference = model.reference
    grey = np.asarray(model.to_grey(y) - reference.mean[:, np.newaxis])
    along = grey @ np.asarray(reference.axes)
    seen = np.asarray(reference.seen(y))
    # One map of all places has longer tails, and a small video less of them.
    least, slack = (0.98, 0.1) if model.get_config()["centre"] == "pixel" else (0.9, 0.6)
    assert np.corrcoef(seen.ravel(), along.ravel())[0, 1] > least
    assert seen.std() == pytest.approx(1, rel=slack)


@pytest.fixture(scope="module")
def of_two() -> EnergyModel:
    made = PATTERNS["scene"].from_preset(
        "default", frames=FRAMES, size=SIZE, top_kernel_initializer=None, modes=2, seed=3
    )
    made.adapt(np.stack([flames(30, SIZE), ocean(30, SIZE)]))
    return made


def test_each_group_has_its_own_process(of_two: EnergyModel) -> None:
    """In all that takes modes, a video is as it is in a model of its group alone."""
    videos = np.stack([flames(30, SIZE), ocean(30, SIZE)])[:, :FRAMES]
    modes = tf.constant([1, 0])
    y = of_two.to_model(videos[::-1], modes)
    error = np.abs(of_two.to_grey(y, modes) - videos[::-1])
    assert error.mean() < 0.05 and np.quantile(error, 0.999) < 2  # tails end at 3.2 deviations
    axes = np.asarray(of_two.reference.axes)
    for row, own in enumerate((1, 0)):
        process = coloured.fit(
            np.stack([flames(30, SIZE), ocean(30, SIZE)])[own : own + 1], axes=axes
        )
        np.testing.assert_allclose(y[row], process.to_gaussian(videos[own]), atol=2e-3)
        alone = of_two.to_model(videos[own : own + 1], modes[row : row + 1])
        np.testing.assert_allclose(y[row], alone[0], atol=1e-5)
        energies = of_two(y, modes), of_two(alone, modes[row : row + 1])
        assert float(energies[0][row]) == pytest.approx(float(energies[1][0]), rel=1e-3)
    drawn_now = of_two.to_grey(of_two.draw_start((1, FRAMES, *SIZE, 3), 0, mode=1), [1])
    apart = [np.abs(np.asarray(drawn_now).mean(axis=(0, 1)) - video.mean(axis=0)).mean()
             for video in videos]
    assert apart[1] < 0.3 * apart[0]


@pytest.mark.parametrize("at_once", [0, 1])
def test_chains_of_several_modes_move_as_each_alone(of_two: EnergyModel, at_once: int) -> None:
    modes = tf.constant([1, 0])
    start = tf.concat(
        [of_two.draw_start((1, FRAMES, *SIZE, 3), 1, mode=mode) for mode in (1, 0)], axis=0
    )
    arguments = (tf.constant(2), tf.constant(0.1), tf.constant(1.0), tf.constant(3, tf.int64))
    together, _ = langevin.chain(
        of_two, start, *arguments, at_once=at_once, numbers=tf.constant([7, 8], tf.int64),
        momentum=0.7, modes=modes,
    )
    for row in (0, 1):
        alone, _ = langevin.chain(
            of_two, start[row : row + 1], *arguments, modes=modes[row : row + 1],
            numbers=tf.constant([7 + row], tf.int64), momentum=0.7,
        )
        np.testing.assert_allclose(together[row], alone[0], atol=2e-3)


def test_the_gradient_of_a_video_that_repeats_repeats() -> None:
    """Turned round by whole strides, a video has the turned gradient: there is no seam."""
    model = PATTERNS["texture"].from_preset(
        "default", frames=FRAMES, size=SIZE, top_kernel_initializer=None
    )
    model.adapt(ocean(30, SIZE)[np.newaxis])
    energy = Repeating(model, (1, 2, 3)).shifted(tf.constant([0, 1]))
    y = drawn(model)
    turned = tf.roll(y, [8, 12, 4], [1, 2, 3])
    straight = langevin.energy_gradient(energy, y)
    np.testing.assert_allclose(
        langevin.energy_gradient(energy, turned), tf.roll(straight, [8, 12, 4], [1, 2, 3]),
        atol=2e-2,
    )


def test_the_mean_of_the_clean_video_is_that_of_a_gaussian(model: EnergyModel) -> None:
    """Without f it is S·(S + ρ²)⁻¹·y."""
    y = drawn(model)
    found = denoised(model.reference.energy, y, 0.1, 3)
    expected = y - 0.01 * model.reference.filtered(y, -1.0)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_saved_model_is_the_same(model: EnergyModel, tmp_path: Path) -> None:
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    y = drawn(model)
    np.testing.assert_array_equal(loaded.to_grey(y), model.to_grey(y))
    np.testing.assert_array_equal(loaded(y), model(y))
    config = ColouredReference(True, 0.2).get_config()
    assert (config["everywhere"], config["rho"]) == (True, 0.2)


def test_another_video_changes_what_was_traced() -> None:
    model = PATTERNS["texture"].from_preset("default", frames=FRAMES, size=SIZE)
    model.adapt(ocean(30, SIZE)[np.newaxis])
    y = drawn(model)
    before = langevin.sample(model, y, 1, 0.1, seed=0, noise=0.0)
    model.adapt(flames(30, SIZE)[np.newaxis])
    after = langevin.sample(model, y, 1, 0.1, seed=0, noise=0.0)
    assert float(tf.reduce_max(tf.abs(before - after))) > 1e-3
