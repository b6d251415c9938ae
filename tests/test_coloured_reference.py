"""The coloured reference inside a model: equal to its NumPy form, with a true gradient, learned."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dynpat import coloured, langevin, restoring, tasks
from dynpat.coloured_reference import ColouredReference
from dynpat.datasets import flames, ocean
from dynpat.errors import BadOptionError
from dynpat.models import PATTERNS, EnergyModel
from dynpat.reporter import Reporter
from dynpat.runs import Run
from dynpat.videos import write_video

FRAMES, SIZE = 24, (24, 28)
Call = Callable[..., Any]
State = Callable[[Path], dict[str, np.ndarray]]


@pytest.fixture(scope="module", params=sorted(PATTERNS))
def model(request: pytest.FixtureRequest) -> EnergyModel:
    """Adapted to flames, and with a last layer that is not near zero."""
    made = PATTERNS[request.param].from_preset(
        "coloured", frames=FRAMES, size=SIZE, top_kernel_initializer=None, seed=3
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


def test_the_blur_hides_half_a_cycle_a_pixel() -> None:
    """Where all places have one map, a checkerboard comes through it as one."""
    model = PATTERNS["texture"].from_preset("coloured", frames=FRAMES, size=SIZE)
    model.adapt(flames(30, SIZE)[np.newaxis])
    reference = model.reference
    board = 20.0 * (np.indices(SIZE).sum(axis=0) % 2)[..., np.newaxis] - 10
    y = model.to_model(np.asarray(reference.mean) + board * np.ones((1, FRAMES, *SIZE, 3)))
    straight = (model.to_grey(y) - tf.convert_to_tensor(reference.mean)) / reference.scale
    inner = (slice(None), slice(None), slice(1, -1), slice(1, -1))
    seen = reference.seen(y)[inner]
    assert float(tf.math.reduce_std(seen)) < 0.15 * float(tf.math.reduce_std(straight[inner]))


def test_the_mean_of_the_clean_video_is_that_of_a_gaussian(model: EnergyModel) -> None:
    """Without f it is S·(S + ρ²)⁻¹·y."""
    y = drawn(model)
    found = langevin.denoised(model.reference.energy, y, 0.1, 3)
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
    model = PATTERNS["texture"].from_preset("coloured", frames=FRAMES, size=SIZE)
    model.adapt(ocean(30, SIZE)[np.newaxis])
    y = drawn(model)
    before = langevin.sample(model, y, 1, 0.1, seed=0, noise=0.0)
    model.adapt(flames(30, SIZE)[np.newaxis])
    after = langevin.sample(model, y, 1, 0.1, seed=0, noise=0.0)
    assert float(tf.reduce_max(tf.abs(before - after))) > 1e-3


# From the command line.


class Stopper(Reporter):
    """Sends this process what Ctrl-C sends, after an update."""

    def learning(
        self, update: int, fraction: float, figures: dict[str, float], preview: Path
    ) -> None:
        if update == 2:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.slow
def test_a_run_learns_resumes_and_is_sampled(
    dynpat: Call, learned_coloured: Path, tmp_path: Path, state_of: State
) -> None:
    plan = Run.open(learned_coloured).plan()
    stopped = tasks.learn(plan, tmp_path / "parts", formats=("npy",), reporter=Stopper())
    assert not stopped.finished
    assert tasks.resume(tmp_path / "parts", formats=("npy",)).finished
    before, after = state_of(learned_coloured), state_of(tmp_path / "parts")
    for name, value in before.items():
        np.testing.assert_array_equal(value, after[name], name)
    sampled = dynpat("sample", learned_coloured, "--frames", 40, "--size", "30x20", "--steps", 3,
                     "--out", tmp_path / "new", "--format", "npy")
    assert sampled.exit_code == 0, sampled.output
    assert np.load(tmp_path / "new" / "synthesised_000.npy").shape == (40, 20, 30, 3)


def test_what_it_cannot_do_is_said(refused: Call, learned_coloured: Path, tmp_path: Path) -> None:
    write_video(tmp_path / "two" / "a.gif", flames(26, SIZE), 25)
    write_video(tmp_path / "two" / "b.gif", ocean(26, SIZE), 25)
    assert "be of one video" in refused(
        "learn", tmp_path / "two", "--out", tmp_path / "run", "--preset", "coloured"
    )
    with pytest.raises(BadOptionError, match="learn whole videos"):
        restoring.make_restoration(
            "recover", "a.gif", missing={"occlude": "frames:0.5"}, preset="coloured"
        )
    assert "Leave them out" in refused("sample", learned_coloured, "--loop", "--frames", 24)
    assert "hold the whole video" in refused(
        "sample", learned_coloured, "--memory", "900MB", "--frames", 3000
    )


@pytest.fixture(scope="module")
def learned_coloured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("coloured")
    write_video(folder / "ocean.gif", ocean(28, SIZE), 25)
    plan = tasks.make_plan(
        [folder / "ocean.gif"], pattern="texture", preset="coloured", precision="float32",
        learn={"iterations": 4, "chains": 1},
    )
    return tasks.learn(plan, folder / "run", formats=("npy",)).run
