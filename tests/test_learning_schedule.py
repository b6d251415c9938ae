"""The learning rate, what settings leave open, limits in updates and time, decay of weights."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from small_learning import Rows, learner

import dynpat.learning.learner as learning_module
from dynpat.config import LearnConfig
from dynpat.datasets import flames
from dynpat.learning.learner import Learner, learn_model
from dynpat.learning.schedule import learning_rate, settled, usual_chains, usual_rate
from dynpat.models import ActionModel


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


@pytest.mark.parametrize("given", [{}, {"chains": 5, "learning_rate": 0.003}])
def test_a_learner_made_by_hand_settles_what_its_preset_leaves_open(
    tmp_path: Path, given: dict[str, float]
) -> None:
    """The preset of actions gives neither a rate nor a number of chains: not 0, but the usual."""
    model = ActionModel.from_preset("default", frames=12, size=(16, 16), seed=2)
    videos = flames(12, (16, 16))[np.newaxis]
    config = replace(model.usual_learning, iterations=2, time_budget=None, **given)
    assert given or (config.learning_rate, config.chains) == (0, 0)
    ours, rows = Learner(model, videos, config, model.usual_langevin), Rows()
    before = [weight.numpy() for weight in model.trainable_variables]
    learn_model(ours, tmp_path, listeners=[rows])
    peak = given.get("learning_rate", usual_rate(config, (16, 16)))
    assert rows[0]["learning_rate"] == pytest.approx(peak) and rows[1]["learning_rate"] > 0
    assert ours.config.chains == given.get("chains", usual_chains(config, 1)) > 0
    assert int(ours.chains.video.shape[1]) == ours.config.chains
    assert any(np.any(old != new) for old, new in zip(
        before, [weight.numpy() for weight in model.trainable_variables], strict=True
    ))


def test_devices_share_the_chains_that_are_left_open_evenly() -> None:
    config = LearnConfig(chains=0, learning_rate=0)
    assert [settled(config, 1, (32, 32), devices).chains for devices in (1, 2, 4)] == [3, 4, 4]
    assert settled(replace(config, chains=3), 1, (32, 32), 2).chains == 3
