"""Where `dynpat sample` lets its chains start."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dynpat.datasets import lights
from dynpat.errors import BadRunError
from dynpat.models.footprint import BASE_BYTES
from dynpat.reporter import Reporter
from dynpat.runs.folder import Run
from dynpat.tasks import sample as synthesise
from dynpat.videos import write_video

Call = Callable[..., Any]
GENTLE = {"steps": 1, "step_size": 1e-3, "formats": ("npy",)}  # leaves a start as it is


def drawn(run: Path, out: Path, **options: Any) -> list[np.ndarray]:
    result = synthesise.sample(run, out=out, **{**GENTLE, **options})
    return [np.load(path) for path in result.files if path.suffix == ".npy"]


def test_chains_go_on_from_where_learning_left_them(learned_gaussian: Path, tmp_path: Path) -> None:
    videos = drawn(learned_gaussian, tmp_path / "new", start="chains", count=3)
    run = Run.open(learned_gaussian)
    chains = np.asarray(run.load_model().to_grey(run.chains([0])))
    assert chains.shape[:2] == (1, 2)
    for number, video in enumerate(videos):
        np.testing.assert_allclose(video, chains[0, number % 2], atol=0.05)


def test_a_video_turns_into_what_was_learned(learned_gaussian: Path, tmp_path: Path) -> None:
    other = lights(20, (48, 48))
    write_video(tmp_path / "lights", other, 25)
    (start,) = drawn(learned_gaussian, tmp_path / "a", start=tmp_path / "lights")
    shrunk = other[:12].reshape(12, 24, 2, 24, 2, 3).mean(axis=(2, 4))
    assert np.abs(start - shrunk).mean() < 4
    (moved,) = drawn(learned_gaussian, tmp_path / "b", start=tmp_path / "lights", steps=60,
                     step_size=2.4)
    (fresh,) = drawn(learned_gaussian, tmp_path / "c", steps=60, step_size=2.4)
    assert np.abs(moved - fresh).mean() < 0.5 * np.abs(start - fresh).mean()


def test_many_frames_from_a_model_of_few(learned_gaussian: Path, tmp_path: Path) -> None:
    (video,) = drawn(learned_gaussian, tmp_path / "long", frames=60, steps=30, step_size=2.4)
    assert video.shape == (60, 24, 24, 3)
    halves = [np.abs(np.diff(part, axis=0)).mean() for part in (video[10:30], video[30:50])]
    assert halves[0] == pytest.approx(halves[1], rel=0.1)


def test_without_checkpoints_there_are_no_chains(learned: Path, tmp_path: Path) -> None:
    shutil.rmtree(learned / "checkpoints")
    with pytest.raises(BadRunError, match="sample from noise instead"):
        drawn(learned, tmp_path / "new", start="chains")
    assert not (tmp_path / "new").exists()


@pytest.fixture(scope="module")
def learned_labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on two videos of noise, dark in the folder `night` and bright in `day`."""
    from dynpat.runs.plan import make_plan
    from dynpat.tasks import learn as tasks

    folder = tmp_path_factory.mktemp("labelled")
    for name, level in (("day", 220), ("night", 20)):
        noise = np.random.default_rng(level).integers(-20, 20, (12, 24, 24, 3))
        write_video(folder / "in" / name / "a", (level + noise).astype(np.uint8), 25)
    plan = make_plan([folder / "in"], precision="float32",
                           learn={"iterations": 1, "chains": 2})
    return tasks.learn(plan, folder / "run", formats=("npy",)).run


@pytest.mark.parametrize("start", ["noise", "chains"])
def test_a_label_chooses_what_is_sampled(learned_labels: Path, tmp_path: Path, start: str) -> None:
    result = synthesise.sample(learned_labels, out=tmp_path / "all", count=3, start=start, **GENTLE)
    assert result.metrics["labels"] == [["day"], ["night"], ["day"]]
    levels = [np.load(path).mean() for path in result.files if path.suffix == ".npy"]
    assert min(levels[0], levels[2]) > 200 and levels[1] < 50
    nights = drawn(learned_labels, tmp_path / "b", count=2, label="night", start=start)
    assert max(night.mean() for night in nights) < 50


def test_an_unknown_label_is_refused_with_those_that_are_there(
    learned_labels: Path, refused: Callable[..., str]
) -> None:
    said = refused("sample", learned_labels, "--label", "dusk")
    assert "'dusk'" in said and "day, night" in said


def test_the_command_takes_where_to_start(dynpat: Call, learned_once: Path, tmp_path: Path) -> None:
    outs = [tmp_path / name for name in ("noise", "chains")]
    for out in outs:
        shown = dynpat("sample", learned_once, "--from", out.name, "--out", out, "--steps", 2,
                       "--format", "npy", "--quiet")
        assert shown.exit_code == 0, shown.output
    one, other = (np.load(out / "synthesised_000.npy") for out in outs)
    assert not np.array_equal(one, other)


LARGE = {"frames": 200, "steps": 2, "step_size": 2.4, "memory": BASE_BYTES + 16_000_000}


class Stopped(Reporter):
    """Stops the work, as Ctrl-C does, after some tiles."""

    def __init__(self, after: int) -> None:
        self.left = after

    def sampling(self, done: int, total: int) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def test_a_video_larger_than_memory_is_sampled_in_parts(
    learned_gaussian: Path, tmp_path: Path
) -> None:
    (video,) = drawn(learned_gaussian, tmp_path / "a", **LARGE)
    assert video.shape == (200, 24, 24, 3)
    assert [path.name for path in (tmp_path / "a").iterdir() if path.name[0] == "."] == []
    assert (tmp_path / "a" / "report.html").exists()


def test_a_video_of_the_preset_default_is_sampled_in_parts_too(
    learned_once: Path, tmp_path: Path
) -> None:
    (video,) = drawn(learned_once, tmp_path / "a", **{**LARGE, "step_size": None})
    assert video.shape == (200, 24, 24, 3) and video.std() > 5
    assert [path.name for path in (tmp_path / "a").iterdir() if path.name[0] == "."] == []


@pytest.mark.slow
def test_cut_differently_or_stopped_and_gone_on_with_it_is_the_same_video(
    learned_gaussian: Path, tmp_path: Path
) -> None:
    videos = drawn(learned_gaussian, tmp_path / "a", count=2, **LARGE)
    assert [video.shape for video in videos] == [(200, 24, 24, 3)] * 2
    other = {**LARGE, "memory": BASE_BYTES + 23_000_000}
    (again,) = drawn(learned_gaussian, tmp_path / "b", **other)
    np.testing.assert_allclose(again, videos[0], atol=1e-2)
    with pytest.raises(KeyboardInterrupt):
        drawn(learned_gaussian, tmp_path / "c", count=2, reporter=Stopped(70), **LARGE)
    with pytest.raises(BadRunError, match="go on with --resume"):
        drawn(learned_gaussian, tmp_path / "c", count=2, **LARGE)
    with pytest.raises(BadRunError, match="another seed"):
        drawn(learned_gaussian, tmp_path / "c", count=2, seed=7, resume=True, **LARGE)
    resumed = drawn(learned_gaussian, tmp_path / "c", count=2, resume=True, **LARGE)
    for one, other in zip(resumed, videos, strict=True):
        np.testing.assert_array_equal(one, other)


def test_resume_of_a_sample_needs_one_that_was_stopped(
    learned_gaussian: Path, refused: Call, tmp_path: Path
) -> None:
    assert "Leave it out" in refused("sample", learned_gaussian, "--resume")
    large = ("--frames", 200, "--memory", f"{BASE_BYTES + 16_000_000}B", "--out", tmp_path / "a")
    assert "no unfinished sample" in refused("sample", learned_gaussian, "--resume", *large)
    (tmp_path / "out" / ".unfinished_003").mkdir(parents=True)
    options = (*large, "--out", tmp_path / "out", "--count", "2")
    assert "--count is 2" in refused("sample", learned_gaussian, "--resume", *options)
