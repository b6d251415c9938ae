"""Learning end to end: its oracle, its schedule, stopping and going on, and the way back."""

from __future__ import annotations

import csv
import itertools
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import dynpat.learning.learner as learning_module
from dynpat.config import LangevinConfig, LearnConfig
from dynpat.errors import BadRunError, DivergedError
from dynpat.learning.checkpoints import MAX_ROLLBACKS
from dynpat.learning.learner import Learner, learn_model
from dynpat.learning.schedule import RATE_CUT, learning_rate
from dynpat.learning.watch import Watch
from dynpat.models import ActionModel, TextureModel
from dynpat.runs.folder import read_log

Figures = dict[str, float]
SHAPE = (4, 5, 6, 1)
NEVER = 1e9
MOVING = LangevinConfig(steps=2, step_size=0.1)


def faint_videos(count: int = 3, frames: int = 4) -> np.ndarray:
    """Noise of contrast 1 around grey 100, as the chains start with."""
    shape = (count, frames, *SHAPE[1:])
    return (100 + np.random.default_rng(0).normal(size=shape)).astype(np.float32)


def tiny(**changes: Any) -> TextureModel:
    arguments: dict[str, Any] = {
        "filters": (3,), "kernels": ((3, 3, 3),), "strides": ((1, 2, 2),),
        "activation": "softplus", "centre": "scalar", "seed": 3, **changes,
    }  # fmt: skip
    return TextureModel(4, (5, 6), 1, **arguments)


def learner(videos: np.ndarray | None = None, **changes: Any) -> Learner:
    settings = {
        "iterations": 6, "time_budget": None, "chains": 2, "batch": 2, "seed": 5,
        "checkpoint_every": NEVER, **changes,
    }  # fmt: skip
    return Learner(
        tiny(), faint_videos() if videos is None else videos, LearnConfig(**settings), MOVING
    )


def state(of: Learner) -> list[np.ndarray]:
    """Weights, optimizer and chains."""
    variables = [*of.model.weights, *of.model.optimizer.variables]
    return [variable.numpy() for variable in [*variables, *of.chains.variables]]


def assert_bit_equal(one: Learner, other: Learner) -> None:
    for mine, its in zip(state(one), state(other), strict=True):
        np.testing.assert_array_equal(mine, its)


# The oracle.


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


@pytest.mark.parametrize("sigma", [1.0, 2.0])
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


def test_fit_of_keras_reaches_the_oracle_too() -> None:
    videos, model = pattern_videos(2.0), linear_model(2.0)
    rate = keras.optimizers.schedules.CosineDecay(0.05, 300, alpha=0.02)
    model.compile(keras.optimizers.Adam(rate), langevin=LangevinConfig(steps=5, step_size=2.0))
    history = model.fit(videos, batch_size=16, chains=8, epochs=3, steps_per_epoch=100)
    assert_reaches_the_oracle(model, videos, 8)
    assert np.all(np.isfinite(history.history["energy_gap"]))


# Schedule and limits.


class Rows(list[Figures]):
    """A listener that keeps the figures."""

    def __call__(self, of: Learner, figures: Figures) -> None:
        self.append({"update": of.update, **figures})


def test_the_learning_rate_falls_from_the_peak_to_the_final_one(tmp_path: Path) -> None:
    ours, rows = learner(iterations=8, learning_rate=0.02, final_learning_rate=0.002), Rows()
    assert learn_model(ours, tmp_path, listeners=[rows])
    rates = [row["learning_rate"] for row in rows]
    assert [row["update"] for row in rows] == list(range(1, 9))
    assert rates[0] == pytest.approx(0.02) and rates == sorted(rates, reverse=True)
    assert rates[4] == pytest.approx((0.02 + 0.002) / 2)
    assert len(set(rates)) == 8 and rates[-1] > 0.002
    assert ours.learning_rate() == pytest.approx(0.002)
    assert ours.fraction_done() == 1.0


def test_the_rate_halves_after_so_many_updates_beside_its_decay(tmp_path: Path) -> None:
    rows = Rows()
    ours = learner(iterations=8, learning_rate=0.01, final_learning_rate=0.01, half_after=4)
    learn_model(ours, tmp_path, listeners=[rows])
    rates = [row["learning_rate"] for row in rows]
    np.testing.assert_allclose(rates, [0.01 / (1 + n / 4) for n in range(8)], rtol=1e-5)


def test_the_rate_waits_for_chains_that_lag_behind(tmp_path: Path) -> None:
    config = LearnConfig(iterations=10, learning_rate=0.01, final_learning_rate=0.01, calm=0.1)
    rates = [learning_rate(config, 3, 0.3, 0, gap) for gap in (0.0, 0.1, -0.1, 0.2, -0.4)]
    np.testing.assert_allclose(rates, [0.01, 0.01, 0.01, 0.005, 0.0025])
    assert learning_rate(config, 3, 0.3, 2, 0.2) == pytest.approx(0.00125)
    # What it goes by is a running mean, and part of the checkpoint.
    rows = Rows()
    ours = learner(iterations=6, learning_rate=0.01, final_learning_rate=0.01, calm=1e-6)
    learn_model(ours, tmp_path, listeners=[rows])
    expected = 0.0
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        expected += 0.1 * (row["energy_gap"] - expected)
        if after is not None:
            slower = 1e-6 / max(abs(expected), 1e-6)
            assert after["learning_rate"] == pytest.approx(0.01 * slower, rel=1e-4)
    again = learner(iterations=6, calm=1e-6)
    again.restore(again.manager(tmp_path).latest_checkpoint)
    assert float(again.progress.gap) == pytest.approx(expected)


def test_a_checkpoint_has_nothing_that_those_of_older_runs_lack(tmp_path: Path) -> None:
    """Before there were a momentum and a rate that waits, what they need was in no checkpoint."""
    ours = learner(iterations=2)
    learn_model(ours, tmp_path)
    names = {name.split("/.ATTR")[0] for name, _ in tf.train.list_variables(str(tmp_path))}
    kept = {name for name in names if not name.startswith(("weights", "optimizer"))}
    assert kept == {
        "_CHECKPOINTABLE_OBJECT_GRAPH", "chains/update", "chains/video", "progress/best_contrast",
        "progress/elapsed", "progress/rollbacks", "save_counter",
    }


def test_decay_takes_its_share_of_kernels_and_nothing_of_biases(tmp_path: Path) -> None:
    """The first update moves weights by the rate and shrinks kernels by rate · decay."""
    plain, decayed = (
        learner(iterations=1, learning_rate=0.1, weight_decay=decay) for decay in (0.0, 0.5)
    )
    before = [weight.numpy() for weight in plain.model.trainable_variables]
    for number, ours in enumerate((plain, decayed)):
        ours.model.trainable_variables[1].assign(np.ones(3))
        learn_model(ours, tmp_path / str(number))
    kernels, biases = zip(*(
        [weight.numpy() for weight in ours.model.trainable_variables] for ours in (plain, decayed)
    ), strict=True)
    np.testing.assert_allclose(
        kernels[1], kernels[0] - 0.1 * 0.5 * before[0], rtol=1e-4, atol=1e-6
    )
    np.testing.assert_array_equal(biases[0], biases[1])


def test_a_constant_learning_rate_stays_constant(tmp_path: Path) -> None:
    ours, rows = learner(learning_rate=0.01, final_learning_rate=0.01), Rows()
    learn_model(ours, tmp_path, listeners=[rows])
    np.testing.assert_allclose([row["learning_rate"] for row in rows], 0.01, rtol=1e-6)


def test_a_time_budget_ends_learning_and_its_schedule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a clock that goes on by a second each time it is read."""
    ticks = itertools.count()
    monkeypatch.setattr(
        learning_module, "time", SimpleNamespace(monotonic=lambda: float(next(ticks)))
    )
    ours = learner(
        iterations=None, time_budget=12.0, learning_rate=0.02, final_learning_rate=0.002
    )
    rows = Rows()
    assert learn_model(ours, tmp_path, listeners=[rows])
    elapsed = [row["elapsed"] for row in rows]
    assert elapsed == sorted(elapsed) and elapsed[-2] < 12 <= elapsed[-1]
    assert sum(row["step_seconds"] for row in rows) == pytest.approx(elapsed[-1])
    assert ours.learning_rate() == pytest.approx(0.002)


def test_the_first_limit_reached_ends_learning(tmp_path: Path) -> None:
    ours = learner(iterations=2, time_budget=1e6)
    assert learn_model(ours, tmp_path) and ours.update == 2


# Stop and go on.


def test_stop_and_resume_is_bit_equal_to_undisturbed(tmp_path: Path) -> None:
    undisturbed = learner()
    assert learn_model(undisturbed, tmp_path / "a")
    first = learner()
    assert not learn_model(first, tmp_path / "b", stop=lambda: first.update >= 3)
    assert first.update == 3
    restored: list[int] = []
    second = learner()
    done = learn_model(second, tmp_path / "b", restored=lambda of: restored.append(of.update))
    assert done and second.update == 6 and restored == [3]
    assert_bit_equal(second, undisturbed)
    assert not np.array_equal(second.chains.video.numpy(), first.chains.video.numpy())
    assert float(second.progress.elapsed) > float(first.progress.elapsed) > 0


def test_the_mean_of_the_weights_is_lent_and_survives_a_stop(tmp_path: Path) -> None:
    weights: list[list[np.ndarray]] = []

    def note(of: Learner, figures: Figures) -> None:
        weights.append([weight.numpy() for weight in of.model.trainable_variables])

    undisturbed = learner(average=0.75)
    learn_model(undisturbed, tmp_path / "a", listeners=[note])
    first = learner(average=0.75)
    learn_model(first, tmp_path / "b", stop=lambda: first.update >= 3)
    second = learner(average=0.75)
    learn_model(second, tmp_path / "b")
    assert_bit_equal(second, undisturbed)
    expected = weights[0]
    for now in weights[1:]:
        expected = [0.75 * mean + 0.25 * own for mean, own in zip(expected, now, strict=True)]
    before = state(second)
    with second.averaged() as model:
        own = model.trainable_variables
        for weight, mean, last in zip(own, expected, weights[-1], strict=True):
            np.testing.assert_allclose(weight.numpy(), mean, rtol=1e-5, atol=1e-7)
            assert not np.allclose(weight.numpy(), last, rtol=1e-5, atol=1e-7)
    for own, again in zip(before, state(second), strict=True):
        np.testing.assert_array_equal(own, again)


@pytest.mark.parametrize("last", [2, 5])
def test_going_on_after_a_kill_is_bit_equal_to_undisturbed(last: int, tmp_path: Path) -> None:
    """Windows shorter than the videos; the last checkpoint is some updates older than the kill."""
    videos = faint_videos(5, frames=7)
    undisturbed = learner(videos)
    learn_model(undisturbed, tmp_path / "a")
    killed = learner(videos, checkpoint_every=0.0)

    def kill(of: Learner, figures: Figures) -> None:
        if of.update == last + 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn_model(killed, tmp_path / "b", listeners=[kill])
    again = learner(videos)
    assert learn_model(again, tmp_path / "b")
    assert_bit_equal(again, undisturbed)


def test_two_learners_of_one_seed_are_bit_equal_and_of_two_seeds_are_not(tmp_path: Path) -> None:
    one, same, other = learner(), learner(), learner(seed=6)
    for number, ours in enumerate((one, same, other)):
        learn_model(ours, tmp_path / str(number))
    assert_bit_equal(one, same)
    assert not np.array_equal(one.chains.video.numpy(), other.chains.video.numpy())


def test_a_learner_that_is_done_does_nothing_more(tmp_path: Path) -> None:
    first, rows = learner(iterations=2), Rows()
    learn_model(first, tmp_path)
    again = learner(iterations=2)
    assert learn_model(again, tmp_path, listeners=[rows])
    assert rows == []
    assert_bit_equal(again, first)


def test_higher_limits_go_on_beyond_the_end(tmp_path: Path) -> None:
    learn_model(learner(iterations=2), tmp_path)
    more = learner(iterations=4)
    assert learn_model(more, tmp_path) and more.update == 4


def test_old_checkpoints_are_rotated(tmp_path: Path) -> None:
    learn_model(learner(checkpoint_every=0.0), tmp_path)
    indices = sorted(path.name for path in tmp_path.glob("*.index"))
    assert indices == ["ckpt-4.index", "ckpt-5.index", "ckpt-6.index"]


@pytest.mark.parametrize("keep", [0, 100])
def test_a_damaged_checkpoint_is_one_clear_sentence(keep: int, tmp_path: Path) -> None:
    learn_model(learner(iterations=1), tmp_path)
    for path in tmp_path.glob("ckpt-1.*"):
        path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(BadRunError, match=r"ckpt-1' is damaged or belongs to other settings"):
        learn_model(learner(), tmp_path)


@pytest.mark.parametrize(
    "changes", [{"filters": (4,)}, {"centre": "pixel"},
                {"filters": (3, 2), "kernels": ((3, 3, 3),) * 2, "strides": ((1, 2, 2),) * 2}],
    ids=["wider", "centre", "deeper"],
)  # fmt: skip
def test_a_checkpoint_of_another_model_is_refused(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    learn_model(learner(iterations=1), tmp_path)
    other = Learner(tiny(**changes), faint_videos(), learner().config, MOVING)
    with pytest.raises(BadRunError, match="belongs to other settings"):
        learn_model(other, tmp_path)


# The watch and the way back.


def figures(**changes: float) -> Figures:
    return {
        "energy_gap": 0.1, "f_observed": 1.0, "f_synthesised": 0.9, "gradient_norm": 0.2,
        "contrast": 1.0, "weakest": 0.9, "strongest": 1.1, "motion": 1.0, "counting": 1.0,
        "optimizer_norm": 1.0, **changes,
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(figures()))
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_the_watch_sees_what_is_not_finite(name: str, value: float) -> None:
    trouble = Watch().trouble(figures(**{name: value}), 1.0)
    assert trouble is not None and name in trouble and "not a finite number" in trouble


def test_the_watch_sees_runaway_and_death_and_lets_health_pass() -> None:
    watch = Watch()
    assert watch.trouble(figures(), 1.0) is None
    assert "ran away" in str(watch.trouble(figures(strongest=1.01 * watch.strongest), 0.0))
    assert watch.trouble(figures(strongest=0.99 * watch.strongest), 1.0) is None
    assert "died" in str(watch.trouble(figures(weakest=0.99 * watch.weakest), 1.0))
    assert watch.trouble(figures(weakest=1.01 * watch.weakest), 1.0) is None
    # Chains start with no contrast: that is no death until there was some.
    assert watch.trouble(figures(weakest=0.0, contrast=0.0), 0.99 * watch.armed_from) is None


def test_the_watch_sees_chains_that_stay_lost_and_forgives_single_ones() -> None:
    watch = Watch()
    for update in range(200):
        assert watch.trouble(figures(counting=float(update % 2)), 1.0) is None
    seen = [watch.trouble(figures(counting=0.0), 1.0) for _ in range(40)]
    assert seen[2] is None and any("no longer come near" in str(sentence) for sentence in seen)


def planting(when: Callable[[int], bool], plant: Callable[[Learner], None]) -> Any:
    """A listener that spoils the state after some updates."""
    def listener(of: Learner, _: Figures) -> None:
        if when(of.update):
            plant(of)

    return listener


def once(at: int) -> Callable[[int], bool]:
    left = [at]
    return lambda update: bool(left) and update == left[0] and bool(left.pop())


def scale_chains(factor: float) -> Callable[[Learner], None]:
    return lambda of: of.chains.video.assign(factor * of.chains.video)


def spoil_weights(of: Learner) -> None:
    of.model.trainable_variables[0].assign(tf.fill(of.model.trainable_variables[0].shape, math.nan))


PLANTS: dict[str, Any] = {
    "a chain ran away": scale_chains(50.0),
    "a chain died": scale_chains(0.0),
    "not a finite number": spoil_weights,
}


@pytest.mark.parametrize("kind", PLANTS)
def test_learning_recovers_from_one_planted_trouble(kind: str, tmp_path: Path) -> None:
    ours, rows = learner(iterations=8), Rows()
    said: list[str] = []
    restored: list[int] = []
    assert learn_model(
        ours, tmp_path, listeners=[rows, planting(once(3), PLANTS[kind])], say=said.append,
        restored=lambda of: restored.append(of.update),
    )
    assert len(said) == 1 and kind in said[0] and "back to update 0" in said[0]
    assert restored == [0] and int(ours.progress.rollbacks) == 1
    # The spoiled update is not told; the way there is taken again at half the learning rate.
    assert [row["update"] for row in rows] == [1, 2, 3, 1, 2, 3, 4, 5, 6, 7, 8]
    assert rows[3]["learning_rate"] == pytest.approx(rows[0]["learning_rate"] / 2)
    assert all(np.all(np.isfinite(values)) for values in state(ours))
    elapsed = [row["elapsed"] for row in rows]
    assert elapsed == sorted(elapsed)  # time lost is lost


def test_the_way_back_leads_to_the_last_checkpoint(tmp_path: Path) -> None:
    """Long before the trouble, so that it cannot be in there."""
    ours, other = learner(iterations=60), learner(iterations=60)
    learn_model(ours, tmp_path, stop=lambda: ours.update == 2)
    said: list[str] = []
    plant = planting(once(50), scale_chains(50.0))
    assert learn_model(other, tmp_path, listeners=[plant], say=said.append)
    assert len(said) == 1 and "Update 51" in said[0] and "back to update 2" in said[0]
    assert other.update == 60


def test_trouble_that_is_in_the_latest_checkpoint_is_recovered_from_an_older_one(
    tmp_path: Path,
) -> None:
    """A chain may be beyond help some updates before the watch sees it, and be saved like that."""
    ours = learner(checkpoint_every=0.0)
    assert learn_model(ours, tmp_path, listeners=[planting(once(3), scale_chains(50.0))])
    assert ours.update == 6


def test_trouble_that_comes_again_leads_further_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is doomed may look well for hundreds of updates."""
    monkeypatch.setattr("dynpat.learning.checkpoints.MAX_ROLLBACKS", 2)
    ours = learner(iterations=200, checkpoint_every=0.0)
    said: list[str] = []
    plant = planting(lambda update: update == 130, scale_chains(50.0))
    with pytest.raises(DivergedError, match="the state of update 40 is kept"):
        learn_model(ours, tmp_path, listeners=[plant], say=said.append)
    # Kept are the last three, and of those before one each time their number has grown by half.
    assert ["back to update 90 " in said[0], "back to update 40 " in said[1]] == [True, True]
    assert len(said) == 2 and ours.update == 40
    kept = sorted(path.stem for path in (tmp_path / "older").glob("*.index"))
    assert kept == ["ckpt-40", "ckpt-60", "ckpt-90"]


def test_trouble_without_end_is_an_error_and_the_good_state_is_kept(tmp_path: Path) -> None:
    start = learner()
    beginning = state(start)
    ours = learner(iterations=50)
    said: list[str] = []
    with pytest.raises(DivergedError) as caught:
        learn_model(
            ours, tmp_path, listeners=[planting(lambda update: update == 2, spoil_weights)],
            say=said.append,
        )
    message = str(caught.value)
    assert "update 3" in message and "not a finite number" in message
    assert "the state of update 0 is kept" in message and "--learning-rate" in message
    assert len(said) == MAX_ROLLBACKS and int(ours.progress.rollbacks) == MAX_ROLLBACKS
    # Kept in memory and on disk, whole and restorable.
    again = learner()
    again.restore(str(again.manager(tmp_path).latest_checkpoint))
    for mine, kept, first in zip(state(ours), state(again), beginning, strict=True):
        np.testing.assert_array_equal(mine, kept)
        if np.asarray(first).dtype != np.int64 and np.asarray(first).shape:
            np.testing.assert_array_equal(kept, first)
    assert float(again.progress.elapsed) > 0
    assert again.learning_rate() == pytest.approx(
        again.config.learning_rate * RATE_CUT**MAX_ROLLBACKS
    )


def test_a_full_disk_is_one_clear_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(*_: Any, **__: Any) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(tf.train.CheckpointManager, "save", save)
    with pytest.raises(Exception, match="No space left on device") as caught:
        learn_model(learner(), tmp_path)
    assert type(caught.value).__name__ == "OutputError" and "--out" in str(caught.value)


def test_a_log_that_a_kill_cut_short_is_read_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    assert read_log(path) == []
    path.write_text('{"update": 1}\n{"update": 2}\n{"upda')
    assert read_log(path) == [{"update": 1}, {"update": 2}]


# Keras' own way.


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


def test_a_copied_checkpoint_folder_goes_on_elsewhere(tmp_path: Path) -> None:
    """Nothing in it depends on where it lay."""
    learn_model(learner(iterations=2), tmp_path / "a")
    shutil.move(tmp_path / "a", tmp_path / "b")
    moved = learner(iterations=4)
    restored: list[int] = []
    learn_model(moved, tmp_path / "b", restored=lambda of: restored.append(of.update))
    assert restored == [2] and moved.update == 4
