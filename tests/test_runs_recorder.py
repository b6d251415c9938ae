"""What learning leaves behind: the best state, previews, and what is said of its quality."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dynpat.quality import figures as quality
from dynpat.reporter import Reporter
from dynpat.runs import recorder as recording
from dynpat.runs.folder import Run
from dynpat.runs.log import read_log
from dynpat.runs.recorder import GAP, Recorder, side_by_side, synthesised


class Scripted:
    """Stands for a learner: previews are judged by a script, saving is counted."""

    def __init__(self, run: Run, scores: list[float | None], monkeypatch: Any) -> None:
        self.saved: list[int] = []
        self.recorder = Recorder(run, 25, np.zeros((4, 8, 8, 3)), 0.0, Reporter(), synthesised)
        self.learner: Any = SimpleNamespace(
            update=0, fraction_done=lambda: 0.5, model=None, averaged=nullcontext
        )
        monkeypatch.setattr(recording, "MOST_OF_TIME", math.inf)
        told = iter(scores)

        def preview(learner: Any) -> quality.Judged | None:
            score = next(told)
            return None if score is None else quality.Judged(quality.Figures(), score)

        def save(model: Any, file: Path) -> None:
            assert file == run.best_file
            file.touch()
            self.saved.append(self.learner.update)

        monkeypatch.setattr(self.recorder, "preview", preview)
        monkeypatch.setattr(run, "save_model", save)

    def go(self, updates: int) -> list[int]:
        for _ in range(updates):
            self.learner.update += 1
            self.recorder(self.learner, {"elapsed": 1.0})
        return self.saved


def test_only_better_states_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(tmp_path)
    assert Scripted(run, [3.0, None, 2.0, 2.5, 1.0], monkeypatch).go(5) == [1, 3, 5]
    rows = read_log(run.log_file)
    assert [row["quality"].get("score") for row in rows] == [3.0, None, 2.0, 2.5, 1.0]


def test_a_resumed_run_knows_its_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Scripted(Run(tmp_path), [3.0, 1.5], monkeypatch).go(2) == [1, 2]
    assert Scripted(Run(tmp_path), [2.0, 1.4], monkeypatch).go(2) == [2]


def test_early_states_are_kept_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted = Scripted(Run(tmp_path), [1.5, 3.0], monkeypatch)
    scripted.learner.fraction_done = lambda: 0.01
    assert scripted.go(2) == [1]


def test_a_synthesis_is_told_apart_from_its_reference() -> None:
    names = ("patches", "motion_patches", "motion", "deviation", "edges", "checkerboard")
    ours, its = (
        quality.Figures(**dict(zip(names, values, strict=True)))
        for values in ((1.0, 2.0, 1.1, None, 0.9, 0.15), (2.0, 1.5, 0.8, 3.0, 0.95, 0.1))
    )
    assert quality.told_apart(ours, its) == (
        "Better than the reference alone (in brackets) in: patches 1.00 (2.00), motion 1.10 (0.80);"
        " not in: motion patches 2.00 (1.50), edges 0.90 (0.95), checkerboard 0.15 (0.10)."
    )
    assert quality.told_apart(quality.Figures(), its) == ""


def test_previews_become_rarer_where_they_are_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update takes a second, a preview five: asked for at each update, they take a twelfth."""
    clock, previews = [100.0], []
    monkeypatch.setattr(recording.time, "monotonic", lambda: clock[0])
    scripted = Scripted(Run(tmp_path), [], monkeypatch)
    monkeypatch.setattr(recording, "MOST_OF_TIME", 0.08)

    def slow(learner: Any) -> None:
        clock[0] += 5
        previews.append(clock[0])

    monkeypatch.setattr(scripted.recorder, "preview", slow)
    for _ in range(600):
        clock[0] += 1
        scripted.go(1)
    assert 0.06 < 5 * len(previews) / (clock[0] - 100) < 0.09


def test_a_run_tells_its_quality_and_keeps_the_best_state(
    dynpat: Callable[..., Any], flames_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    shown = dynpat("learn", flames_file, "--out", out, "--iterations", 5, "--chains", 1,
                   "--format", "npy", "--json")
    assert shown.exit_code == 0, shown.output
    assert "Quality, in grey levels: patches" in shown.stderr
    assert json.loads(shown.stdout)["metrics"]["quality"]["score"] > 0
    again = dynpat("sample", out, "--state", "best", "--steps", 2, "--format", "npy",
                   "--out", tmp_path / "new", "--quiet")
    assert again.exit_code == 0, again.output


def test_panels_stand_side_by_side() -> None:
    left, right = np.full((3, 4, 5, 3), 10.4), np.full((2, 4, 6, 3), 300.0)
    panels = side_by_side([left, right])
    assert panels.shape == (2, 4, 5 + GAP + 6, 3) and panels.dtype == np.uint8
    assert panels[0, 0, 0, 0] == 10 and panels[0, 0, -1, 0] == 255
