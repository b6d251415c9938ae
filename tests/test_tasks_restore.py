"""`dynpat recover`, `inpaint` and `extend` end to end, on embedded videos."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dynpat.datasets import boat, ocean
from dynpat.masks import draw_mask
from dynpat.restoration.kriging import interpolate_in_time
from dynpat.tasks import restore as restoring
from dynpat.tasks.resume import resume
from dynpat.videos import read_video, to_levels, write_video

Call = Callable[..., Any]
QUICK = ("--iterations", 3, "--chains", 1, "--precision", "float32", "--window", 8,
         "--format", "npy")


@pytest.fixture(scope="module")
def sea(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 frames of 32×32 pixels, losslessly."""
    folder = tmp_path_factory.mktemp("sea") / "ocean"
    write_video(folder, ocean(20, (32, 32)), 25)
    return folder


@pytest.fixture(scope="module")
def mask_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("masks") / "mask.npy"
    np.save(path, draw_mask("region:0.1", (20, 32, 32), 5))
    return path


def test_recover_fills_what_is_missing_and_keeps_the_rest(
    dynpat: Call, sea: Path, mask_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    shown = dynpat("recover", sea, "--mask", mask_file, "--out", out, "--json", *QUICK)
    assert shown.exit_code == 0, shown.output
    values = json.loads(shown.stdout)
    recovered = np.load(out / "results" / "recovered_000.npy")
    missing, video = np.load(mask_file), ocean(20, (32, 32))
    assert recovered.dtype == np.uint8
    np.testing.assert_array_equal(recovered[~missing], video[~missing])
    assert np.mean(recovered[missing] != 0) > 0.9
    spread = np.load(out / "results" / "uncertainty_000.npy")
    assert spread[~missing].max() == 0 and spread[missing].mean() > 0
    figures = values["metrics"]["video_0"]
    assert figures["missing"] == pytest.approx(missing.mean()) and "truth" not in figures
    assert all(Path(file).exists() for file in values["files"])
    with Image.open(out / "mask_preview.png") as picture:
        assert picture.size == (6 * 32 + 5 * 4, 32)


@pytest.mark.parametrize("how", ["region:0.16", "frames:0.4", "salt-pepper:0.5"])
def test_with_truth_the_mean_is_hardly_ever_worse_than_interpolation(
    dynpat: Call, sea: Path, tmp_path: Path, how: str
) -> None:
    shown = dynpat("recover", sea, "--occlude", how, "--out", tmp_path / "run", "--json", *QUICK)
    assert shown.exit_code == 0, shown.output
    table = json.loads(shown.stdout)["metrics"]["video_0"]["truth"]
    interpolated = table["interpolation in time"]["error"]
    assert table["recovered"]["error"] < 1.05 * interpolated  # weights of few pixels are noisy
    assert table["recovered"]["error"] < 0.9 * table["mean over time"]["error"]


def test_inpaint_takes_the_boat_away_and_nothing_else(dynpat: Call, tmp_path: Path) -> None:
    scene = boat(30, (48, 64))
    write_video(tmp_path / "boat", scene.video, 25)
    np.save(tmp_path / "mask.npy", scene.mask)
    shown = dynpat("inpaint", tmp_path / "boat", "--mask", tmp_path / "mask.npy", "--estimate",
                   "mean", "--out", tmp_path / "run", "--json", *QUICK)
    assert shown.exit_code == 0, shown.output
    made = np.load(tmp_path / "run" / "results" / "recovered_000.npy")
    np.testing.assert_array_equal(made[~scene.mask], scene.video[~scene.mask])
    truth = scene.truth.astype(float)
    error, boat_error = (np.abs(video - truth)[scene.mask].mean() for video in (made, scene.video))
    assert error < 0.5 * boat_error
    interpolated = interpolate_in_time(scene.video, scene.mask)
    assert error < np.abs(interpolated - truth)[scene.mask].mean()


def test_inpaint_works_small_and_returns_the_size_of_the_input(
    dynpat: Call, tmp_path: Path
) -> None:
    scene = boat(12, (96, 128))
    write_video(tmp_path / "boat", scene.video, 25)
    shown = dynpat("inpaint", tmp_path / "boat", "--box", "50,40,30,24", "--size", "40x32",
                   "--out", tmp_path / "run", *QUICK)
    assert shown.exit_code == 0, shown.output
    assert "at 40x32" in shown.stderr
    made = np.load(tmp_path / "run" / "results" / "recovered_000.npy")
    boxed = np.zeros((96, 128), bool)
    boxed[40:64, 50:80] = True
    np.testing.assert_array_equal(made[:, ~boxed], scene.video[:, ~boxed])
    assert not np.array_equal(made[:, boxed], scene.video[:, boxed])


@pytest.mark.parametrize(("options", "length", "known"), [
    pytest.param(("--frames", 5), 25, slice(0, 20), marks=pytest.mark.slow),
    pytest.param(("--before", 4), 24, slice(4, 24), marks=pytest.mark.slow),
    (("--frames", 2, "--before", 3), 25, slice(3, 23)),
    pytest.param(("--between", 2), 58, slice(0, 58, 3), marks=pytest.mark.slow),
])  # fmt: skip
def test_extend_puts_frames_around_and_between(
    dynpat: Call, sea: Path, tmp_path: Path, options: tuple[Any, ...], length: int, known: slice
) -> None:
    shown = dynpat("extend", sea, *options, "--out", tmp_path / "run", *QUICK)
    assert shown.exit_code == 0, shown.output
    made = np.load(tmp_path / "run" / "results" / "recovered_000.npy")
    assert len(made) == length
    np.testing.assert_array_equal(made[known], ocean(20, (32, 32)))
    new = np.ones(length, bool)
    new[known] = False
    assert made[new].std() > 3


@pytest.mark.parametrize("kind", ["region", "frames", "salt and pepper", "scratches"])
def test_visible_pixels_are_bit_equal_in_png_and_npy(
    sea: Path, tmp_path: Path, script: Callable[[str], Any], kind: str
) -> None:
    """Of every kind of damage in the table of the docs."""
    bench, video = script("benchmarks/recovery_table.py"), ocean(20, (32, 32))
    missing = bench.mask_of(kind, video.shape[:3], 3)
    np.save(tmp_path / "mask.npy", missing)
    plan = restoring.make_restoration(
        "recover", sea, missing={"mask": tmp_path / "mask.npy"}, window=8, precision="float32",
        learn={"iterations": 0, "chains": 1},
    )
    results = restoring.restore(plan, tmp_path / "run", formats=("npy", "png")).run / "results"
    made = np.load(results / "recovered_000.npy")
    np.testing.assert_array_equal(made[~missing], video[~missing])
    assert np.any(made[missing] != video[missing])
    np.testing.assert_array_equal(read_video(results / "recovered_000").frames, made)


def test_guesses_are_shown_before_anything_is_learned(
    sea: Path, tmp_path: Path, mask_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = restoring.make_restoration(
        "recover", sea, missing={"mask": mask_file}, window=8, precision="float32",
        learn={"iterations": 0, "chains": 1},
    )
    shown: list[np.ndarray] = []
    monkeypatch.setattr(restoring, "write_video", lambda file, frames, fps: shown.append(frames))
    restoring.restore(plan, tmp_path / "run", formats=("npy",))
    quick, mixed = (frames[:, :, -32:] for frames in shown)
    missing, video = np.load(mask_file), ocean(20, (32, 32))
    known = np.where(missing[..., np.newaxis], np.uint8(0), video)
    np.testing.assert_array_equal(quick, to_levels(interpolate_in_time(known, missing)))
    np.testing.assert_array_equal(mixed[~missing], video[~missing])


class Stop(restoring.Reporter):
    def __init__(self, at: int) -> None:
        self.at = at

    def learning(self, update: int, *_: Any) -> None:
        if update == self.at:
            import os
            import signal

            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.slow
def test_stopped_and_resumed_is_bit_equal_to_undisturbed(
    sea: Path, tmp_path: Path, state_of: Callable[[Path], dict[str, np.ndarray]]
) -> None:
    plan = restoring.make_restoration(
        "recover", sea, missing={"occlude": "region:0.1"}, precision="float32", window=8,
        learn={"iterations": 4, "chains": 1},
    )
    whole = restoring.restore(plan, tmp_path / "whole", formats=("npy",))
    part = restoring.restore(plan, tmp_path / "part", formats=("npy",), reporter=Stop(2))
    assert whole.finished and not part.finished and not (tmp_path / "part" / "results").exists()
    assert resume(tmp_path / "part", formats=("npy",)).finished
    one, other = state_of(tmp_path / "whole"), state_of(tmp_path / "part")
    assert set(one) == set(other)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    for name in ("recovered", "uncertainty"):
        files = [tmp_path / run / "results" / f"{name}_000.npy" for run in ("whole", "part")]
        np.testing.assert_array_equal(*(np.load(file) for file in files))


@pytest.mark.slow
def test_a_complete_video_helps_and_is_not_written(sea: Path, tmp_path: Path) -> None:
    write_video(tmp_path / "other", ocean(20, (32, 32), seed=1), 25)
    plan = restoring.make_restoration(
        "recover", sea, missing={"occlude": "region:0.1", "complete": [tmp_path / "other"]},
        window=8, learn={"iterations": 2, "chains": 1}, precision="float32",
    )
    result = restoring.restore(plan, tmp_path / "run", formats=("npy",))
    results = tmp_path / "run" / "results"
    assert sorted(p.name for p in results.glob("recovered*")) == ["recovered_000.npy"]
    assert set(result.metrics) >= {"video_0"} and "video_1" not in result.metrics


@pytest.mark.parametrize(("command", "words"), [
    (("recover",), ["--mask, --box, --detect or --occlude", "exactly one"]),
    (("inpaint",), ["--mask, --box", "exactly one"]),
    (("recover", "--mask", "m.npy", "--box", "1,1,2,2"), ["--mask and --box"]),
    (("recover", "--occlude", "half"), ["salt-pepper"]),
    (("recover", "--mask", "nowhere.png"), ["nowhere.png"]),
    (("recover", "--box", "0,0,32,32"), ["."]),
    (("extend",), ["--frames, --before or --between"]),
    (("extend", "--between", 1, "--before", 2), ["cannot be combined"]),
    (("recover", "--resume"), ["--out"]),
    (("recover", "--resume", "--out", "run"), ["is not a run folder"]),
])  # fmt: skip
def test_refusals(
    refused: Call, sea: Path, tmp_path: Path, command: tuple[Any, ...], words: list[str]
) -> None:
    task, *options = command
    out = () if "--resume" in options else ("--out", tmp_path / "run")
    sentence = refused(task, sea, *options, *out, "--iterations", 1)
    assert all(word in sentence for word in words), sentence
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_only_limits_change_on_resume_and_what_the_run_says_may_be_said_again(
    dynpat: Call, refused: Call, sea: Path, tmp_path: Path
) -> None:
    how = ("--occlude", "region:0.1")
    dynpat("recover", sea, *how, "--out", tmp_path / "run", *QUICK)
    go_on = ("recover", "--resume", "--out", tmp_path / "run")
    for other in (("--estimate", "sample"), ("--occlude", "region:0.2"), ("--dilate", 1),
                  ("--seed", 5), ("--size", "16")):
        sentence = refused(*go_on, *other)
        assert f"{other[0]} cannot be changed on --resume" in sentence
    assert "VIDEOS cannot be changed" in refused(*go_on, tmp_path)
    assert "--resume goes on" in refused(*go_on, "--config", tmp_path / "run" / "config.json")
    same = dynpat(*go_on, sea, *how, "--iterations", 3, "--format", "npy")
    assert same.exit_code == 0, same.output


def test_a_run_of_another_task_is_not_resumed(
    dynpat: Call, refused: Call, learned: Path, sea: Path, tmp_path: Path
) -> None:
    assert "dynpat learn --resume" in refused("recover", "--resume", "--out", learned)
    dynpat("extend", sea, "--frames", 2, "--out", tmp_path / "run", *QUICK)
    assert "dynpat extend --resume" in refused("learn", "--resume", "--out", tmp_path / "run")
