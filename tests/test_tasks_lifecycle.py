"""How runs go, whatever their task: what both kinds are refused, and what is left of a stop."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dynpat as package
from dynpat.datasets import ocean
from dynpat.errors import BadOptionError, BadRunError
from dynpat.reporter import Reporter
from dynpat.runs.folder import Run
from dynpat.runs.plan import make_plan
from dynpat.tasks.learn import learn
from dynpat.tasks.restore import make_restoration, restore
from dynpat.tasks.result import Result
from dynpat.tasks.resume import resume
from dynpat.videos import write_video

SHORT = {"iterations": 2, "chains": 1}
KINDS = ("learn", "recover")


class Told(Reporter):
    """Keeps what is said, and stops learning after an update as Ctrl-C does."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.sentences: list[str] = []
        self.stop_at = stop_at

    def say(self, sentence: str) -> None:
        self.sentences.append(sentence)

    def learning(self, update: int, *_: Any) -> None:
        if update == self.stop_at:
            os.kill(os.getpid(), signal.SIGINT)


def begin(task: str, video: Path, out: Path, reporter: Reporter | None = None) -> Result:
    options: dict[str, Any] = {"precision": "float32", "learn": SHORT}
    if task == "learn":
        return learn(make_plan(video, **options), out, formats=("npy",), reporter=reporter)
    plan = make_restoration(task, video, missing={"occlude": "region:0.1"}, **options)
    return restore(plan, out, formats=("npy",), reporter=reporter)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of each kind, named by its task, beside the video that they learn from."""
    folder = tmp_path_factory.mktemp("runs")
    write_video(folder / "sea.gif", ocean(12, (24, 24)), 25)
    for task in KINDS:
        begin(task, folder / "sea.gif", folder / task)
    return folder


@pytest.fixture(params=KINDS)
def run(request: pytest.FixtureRequest, runs: Path, tmp_path: Path) -> Path:
    """A copy of the run of each kind."""
    return Path(shutil.copytree(runs / request.param, tmp_path / request.param))


def test_one_function_goes_on_with_every_kind(run: Path) -> None:
    result = resume(run, iterations=3, formats=("npy",))
    assert result.finished and result.metrics["update"] == 3 and result.run == run
    assert Run.open(run).plan().learn.iterations == 3
    assert {run / "model.keras", run / "preview.gif", run / "report.html"} < set(result.files)


def test_a_run_at_its_limit_says_so(run: Path) -> None:
    told = Told()
    assert resume(run, reporter=told, formats=("npy",)).finished
    assert any("reached its limit at update 2; to learn on" in said for said in told.sentences)


def test_a_run_without_its_checkpoints_is_not_begun_anew(run: Path) -> None:
    shutil.rmtree(run / "checkpoints")
    before = (run / "log.jsonl").read_bytes()
    with pytest.raises(BadRunError, match="holds no checkpoint to go on from"):
        resume(run, iterations=3)
    assert (run / "log.jsonl").read_bytes() == before


def test_a_run_without_its_video_says_which(run: Path, runs: Path) -> None:
    config = run / "config.json"
    gone = config.read_text(encoding="utf-8").replace("sea.gif", "lake.gif")
    config.write_text(gone, encoding="utf-8")
    with pytest.raises(BadRunError, match=r"lake\.gif', from which .* is not there"):
        resume(run, iterations=3)


def test_a_run_with_another_video_is_refused(run: Path, tmp_path: Path, runs: Path) -> None:
    write_video(tmp_path / "other.gif", ocean(12, (24, 24), seed=5), 25)
    config = run / "config.json"
    changed = config.read_text(encoding="utf-8").replace(
        str(runs / "sea.gif"), str(tmp_path / "other.gif")
    )
    config.write_text(changed, encoding="utf-8")
    with pytest.raises(BadRunError, match="not those that"):
        resume(run, iterations=3)


@pytest.mark.parametrize("task", KINDS)
def test_a_stopped_run_leaves_its_model_and_no_figures(
    task: str, runs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    result = begin(task, runs / "sea.gif", out, Told(stop_at=1))
    assert not result.finished and result.metrics["update"] == 1
    left = {path.name for path in out.iterdir()}
    assert {"report.html", "model.keras"} < left and "metrics.json" not in left
    assert resume(out, formats=("npy",)).metrics["update"] == 2


def test_a_plan_stands_alone(runs: Path) -> None:
    plan = make_plan(runs / "sea.gif", learn=SHORT)
    for options in ({"iterations": 0}, {"seed": 3}, {"pattern": "texture"}, {"learn": SHORT}):
        with pytest.raises(BadOptionError, match="a Plan must stand alone"):
            package.learn(plan, **options)
    filling = make_restoration("extend", runs / "sea.gif", missing={"after": 2})
    with pytest.raises(BadOptionError, match="be one to learn; received one to extend"):
        package.learn(filling)


def test_unknown_options_are_said() -> None:
    video = ocean(12, (24, 24))
    with pytest.raises(BadOptionError, match=r"options must be among .*received patern"):
        package.learn(video, patern="scene")
    with pytest.raises(BadOptionError, match="received before"):
        package.recover(video, np.ones((24, 24), bool), before=2)


def test_a_mask_is_given_once() -> None:
    video = ocean(12, (24, 24))
    with pytest.raises(BadOptionError, match="mask must be given once"):
        package.recover(video, np.ones((24, 24), bool), missing={"mask": "m.png"})


# From the command line: one rule for all commands.


@pytest.mark.parametrize("task", ["learn", "recover", "inpaint", "extend"])
def test_one_rule_for_what_a_run_comes_from(
    task: str, runs: Path, refused: Callable[..., str]
) -> None:
    assert f"dynpat {task} needs at least one video" in refused(task)
    assert "name its folder by --out" in refused(task, "--resume")
    both = refused(task, "--resume", "--out", runs / "learn", "--config", runs / "learn")
    assert "--config names a run to repeat, and --resume goes on with one" in both
    other = "recover" if task == "learn" else "learn"
    sentence = refused(task, "--resume", "--out", runs / other)
    assert f"is a run of dynpat {other}; go on with it by dynpat {other} --resume" in sentence


def test_what_a_run_says_by_default_may_be_said_again(
    runs: Path, run: Path, refused: Callable[..., str]
) -> None:
    task = run.name
    again = (task, "--resume", "--out", run, runs / "sea.gif", "--iterations", 2, "--grey")
    assert "--grey cannot be changed on --resume: the run keeps its own (False)" in refused(*again)
    if task == "recover":  # so may an option that the run was started without
        sentence = refused(task, "--resume", "--out", run, "--dilate", 0, "--box", "1,1,2,2")
        assert "--box cannot be changed" in sentence
