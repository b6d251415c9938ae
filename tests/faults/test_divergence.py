"""Absurd settings and planted numbers end in recovery or in one sentence, never in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from thoroughness import THOROUGH

from dynpat.errors import DivergedError
from dynpat.learning import update as learning_update
from dynpat.learning.learner import Learner
from dynpat.runs.folder import Run
from dynpat.runs.recorder import Recorder

pytestmark = pytest.mark.slow
Call = Callable[..., Any]

RATES = (0.9, 0.3, 0.1, 0.03) if THOROUGH else (0.9, 0.03)
PLANTED = (np.nan, np.inf, -np.inf, 3e38) if THOROUGH else (np.nan, 3e38)
ABSURD: list[tuple[object, ...]] = [
    ("--learning-rate", rate, *more)
    for rate in RATES
    for more in ((), ("--preset", "paper"), ("--pattern", "texture"), ("--pattern", "action"))
] + [
    ("--step-size", size, "--sigma", sigma) for size, sigma in (
        (1e-6, 4.8), (9.5, 4.8), (1e-3, 1e-3), (19.9, 10), (900, 500), (1e5, 1e5), (1e30, 1e30),
        (1e-30, 1e-30), (0.1, 1e6), (4.8, 1e30),
    )
] + [
    ("--langevin-steps", 300, "--step-size", 9), ("--langevin-steps", 1, "--step-size", 0.01),
    ("--chains", 40), ("--window", 2), ("--size", "8x60"), ("--size", "400x8"), ("--grey",),
]


def require_finite(folder: Path) -> int:
    """Whatever was written holds numbers only; how many arrays there are."""
    arrays = [np.load(path) for path in folder.rglob("*.npy")]
    for model in folder.rglob("*.keras"):
        loaded = Run(folder).load_model("best" if model.stem == "best" else "last")
        arrays += [weight.numpy() for weight in loaded.weights]
    assert all(np.isfinite(array).all() for array in arrays)
    return len(arrays)


@pytest.mark.parametrize("settings", ABSURD, ids=lambda given: " ".join(map(str, given)))
def test_absurd_settings(
    settings: tuple[object, ...], dynpat: Call, flames_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    done = dynpat("learn", flames_file, "--out", out, "--iterations", 15, "--chains", 1,
                  "--format", "npy", *settings)
    assert done.exit_code in (0, 1, 2), done.output
    assert "Traceback" not in done.output
    if done.exit_code:
        (line,) = [line for line in done.output.splitlines() if line.startswith("Error:")]
        assert len(line) > 40
    if done.exit_code != 2 and out.exists():
        assert require_finite(out) or done.exit_code
        assert list(out.glob("checkpoints/*.index"))


@pytest.mark.parametrize("value", PLANTED)
@pytest.mark.parametrize("where", ["weights", "chains", "moments", "gradients", "again and again"])
def test_planted_numbers(
    where: str, value: float, flames_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is planted is recovered from; one that comes back at once ends in advice."""
    from dynpat.runs.plan import make_plan
    from dynpat.tasks import learn as tasks

    spoilt: list[int] = []
    record = Recorder.__call__
    extra = tf.Variable(0.0)  # of one number of the next gradient

    def statistics(*arguments: Any) -> Any:
        (first, *others), *rest = compute(*arguments)
        first += tf.scatter_nd([[0] * len(first.shape)], [extra], tf.shape(first))
        extra.assign(0.0)
        return [first, *others], *rest

    compute = learning_update.statistics
    monkeypatch.setattr(learning_update, "statistics", statistics)

    def spoil(self: Recorder, learner: Learner, figures: dict[str, float]) -> None:
        record(self, learner, figures)
        if learner.update >= 6 and (not spoilt or where == "again and again"):
            spoilt.append(learner.update)
            if where == "gradients":
                extra.assign(value)
                return
            variable = {
                "weights": learner.model.trainable_variables[0],
                "moments": learner.model.optimizer.variables[2],
            }.get(where, learner.chains.video)
            planted = np.array(variable)
            planted.flat[0] = value
            variable.assign(planted)

    monkeypatch.setattr(Recorder, "__call__", spoil)
    plan = make_plan(
        [flames_file], precision="float32",
        learn={"iterations": 12, "chains": 1, "checkpoint_every": 0.0},
    )
    out = tmp_path / "run"
    if where == "again and again":
        with pytest.raises(DivergedError, match=r"[Ll]ower"):
            tasks.learn(plan, out, formats=("npy",))
        assert list(out.glob("checkpoints/*.index"))
    else:
        assert tasks.learn(plan, out, formats=("npy",)).finished
        assert require_finite(out) > 2
    assert spoilt
