"""The watch sees trouble, and learning finds the way back from it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from small_learning import Figures, Rows, learner, once, planting, scale_chains, state

from dynpat.errors import DivergedError
from dynpat.learning.checkpoints import MAX_ROLLBACKS
from dynpat.learning.learner import Learner, learn_model
from dynpat.learning.schedule import RATE_CUT
from dynpat.learning.watch import Watch


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
