"""Runs with the coloured reference: learned, resumed and sampled from the command line."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dynpat.datasets import ocean
from dynpat.errors import BadOptionError
from dynpat.reporter import Reporter
from dynpat.runs.folder import Run
from dynpat.runs.log import read_log
from dynpat.runs.plan import make_plan
from dynpat.tasks import learn as tasks, restore as restoring
from dynpat.tasks.resume import resume
from dynpat.videos import write_video

FRAMES, SIZE = 24, (24, 28)
Call = Callable[..., Any]
State = Callable[[Path], dict[str, np.ndarray]]


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
    assert resume(tmp_path / "parts", formats=("npy",)).finished
    before, after = state_of(learned_coloured), state_of(tmp_path / "parts")
    for name, value in before.items():
        np.testing.assert_array_equal(value, after[name], name)
    sampled = dynpat("sample", learned_coloured, "--frames", 40, "--size", "30x20", "--steps", 3,
                     "--out", tmp_path / "new", "--format", "npy")
    assert sampled.exit_code == 0, sampled.output
    assert np.load(tmp_path / "new" / "synthesised_000.npy").shape == (40, 20, 30, 3)


def test_what_it_cannot_do_is_said() -> None:
    with pytest.raises(BadOptionError, match="learn whole videos"):
        restoring.make_restoration(
            "recover", "a.gif", missing={"occlude": "frames:0.5"}, preset="default"
        )


def test_draws_of_the_reference_need_no_learning(
    dynpat: Call, learned_coloured: Path, tmp_path: Path
) -> None:
    """They are the preview before the first update, and what --from reference gives."""
    source = learned_coloured.parent / "ocean.gif"
    learned = dynpat("learn", source, "--pattern", "texture", "--iterations", 0, "--out",
                     tmp_path / "run", "--format", "npy")
    assert learned.exit_code == 0, learned.output
    assert "Better than the reference alone" in learned.output
    assert (tmp_path / "run" / "preview.gif").exists() and read_log(tmp_path / "log.jsonl") == []
    assert set(Run.open(tmp_path / "run").metrics()) == {"synthesised", "floor", "reference"}
    for run in (tmp_path / "run", learned_coloured):
        sampled = dynpat("sample", run, "--from", "reference", "--out", tmp_path / run.parent.name,
                         "--format", "npy")
        assert sampled.exit_code == 0, sampled.output
    one, other = (
        np.load(tmp_path / name / "synthesised_000.npy")
        for name in (tmp_path.name, learned_coloured.parent.name)
    )
    np.testing.assert_array_equal(one, other)  # nothing of it was learned
    assert one.std() > 5


def test_the_best_state_may_be_that_of_no_update(learned_coloured: Path) -> None:
    assert Run.open(learned_coloured).best_file.exists()


def test_a_loop_goes_on_with_its_beginning(
    dynpat: Call, learned_coloured: Path, tmp_path: Path
) -> None:
    sampled = dynpat("sample", learned_coloured, "--loop", "--tileable", "--frames", 24, "--size",
                     "32x24", "--steps", 3, "--out", tmp_path / "new", "--format", "npy")
    assert sampled.exit_code == 0, sampled.output
    video = np.load(tmp_path / "new" / "synthesised_000.npy").astype(float)
    inside = np.abs(np.diff(video, axis=0)).mean()
    assert np.abs(video[0] - video[-1]).mean() < 1.5 * inside


@pytest.fixture(scope="module")
def learned_coloured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("coloured")
    write_video(folder / "ocean.gif", ocean(28, SIZE), 25)
    plan = make_plan(
        [folder / "ocean.gif"], pattern="texture", precision="float32",
        learn={"iterations": 4, "chains": 1},
    )
    return tasks.learn(plan, folder / "run", formats=("npy",)).run
