"""Figures of videos beside others, and the command `dynpat evaluate`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dynpat.datasets import flames, lights
from dynpat.quality import baselines, figures as quality, metrics
from dynpat.tasks import evaluate as evaluation
from dynpat.videos import write_video

Call = Callable[..., Any]
SIZE, FRAMES = (32, 32), 40


@pytest.fixture(autouse=True)
def _few_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Distances of fewer patches along fewer directions: nearly the same, much sooner."""
    monkeypatch.setattr(metrics, "PATCHES", 3000)
    monkeypatch.setattr(metrics, "PROJECTIONS", 64)


@pytest.fixture(scope="module")
def observed() -> np.ndarray:
    return flames(FRAMES, SIZE)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("evaluated")
    videos = {
        "observed": flames(FRAMES, SIZE), "later": flames(2 * FRAMES, SIZE)[FRAMES:],
        "other": lights(FRAMES, SIZE), "large": flames(FRAMES, (64, 48)),
        "short": flames(3, SIZE),
    }
    for name, video in videos.items():
        write_video(folder / name, video, 25)
    return {name: folder / name for name in videos}


@pytest.mark.usefixtures("thorough")
def test_figures_tell_good_from_bad(files: dict[str, Path]) -> None:
    result = evaluation.evaluate(
        files["observed"], [files["later"], files["other"]], baselines=False
    )
    later, other = (row["figures"] for row in result["videos"])
    for name in ("patches", "motion_patches", "mean", "deviation", "spectrum"):
        assert later[name] < 0.7 * other[name], name
    assert 0.7 < later["motion"] < 1.4
    assert result["baselines"] == {} and result["diversity"] > 0.3


def test_a_copy_is_named_one_and_a_true_continuation_is_not(files: dict[str, Path]) -> None:
    result = evaluation.evaluate(files["observed"], [files["observed"], files["later"]])
    assert [row["copy"] for row in result["videos"]] == [True, False]
    assert result["videos"][0]["figures"]["closest_passage"] == 0
    assert set(result["baselines"]) == set(baselines.BASELINES)
    gaussian = result["baselines"]["pixel Gaussian"]
    assert gaussian["motion"] > 1.5 and gaussian["motion_patches"] > 3


def test_figures_that_need_one_size_are_left_out_where_sizes_differ(
    observed: np.ndarray,
) -> None:
    found = evaluation.figures(observed, flames(FRAMES, (40, 48)))
    assert {name for name, value in found.to_dict().items() if value is None} >= {
        "mean", "deviation", "flicker", "closest_frame", "closest_passage",
    }
    assert found.patches is not None and found.motion is not None
    few = evaluation.figures(observed[:4], observed[:4, :10, :10])
    assert few.motion_patches is None and few.patches_at_2 is None
    assert few.patches is not None


def test_the_command_prints_a_table_and_json(dynpat: Call, files: dict[str, Path]) -> None:
    shown = dynpat("evaluate", files["observed"], files["later"], "--quiet")
    assert shown.exit_code == 0 and shown.stderr == ""
    assert "later" in shown.stdout and "linear system" in shown.stdout
    assert "motion over the observed: 1 is right" in shown.stdout
    printed = dynpat(
        "evaluate", files["observed"], files["later"], files["other"], "--json", "--no-baselines"
    )
    values = json.loads(printed.stdout)
    assert [Path(row["name"]).name for row in values["videos"]] == ["later", "other"]
    assert values["baselines"] == {} and set(values["floor"]) == set(quality.FIGURES)
    assert set(values["meanings"]) == set(quality.FIGURES)


def test_the_observed_is_read_at_the_size_of_the_first_synthesised(
    dynpat: Call, files: dict[str, Path]
) -> None:
    shown = dynpat("evaluate", files["large"], files["later"], "--json", "--no-baselines")
    row = json.loads(shown.stdout)["videos"][0]
    assert row["figures"]["mean"] is not None and "32" in shown.stderr


@pytest.mark.parametrize(("one", "other", "expected"), [
    ("observed", "short", "at least 4 are needed"),
    ("observed", "missing", "does not exist"),
])  # fmt: skip
def test_what_cannot_be_compared_is_refused(
    refused: Call, files: dict[str, Path], one: str, other: str, expected: str, tmp_path: Path
) -> None:
    sentence = refused("evaluate", files[one], files.get(other, tmp_path / "missing.gif"))
    assert expected in sentence


def test_a_folder_of_observed_videos_is_refused(refused: Call, files: dict[str, Path]) -> None:
    assert "the observed must be one" in refused(
        "evaluate", files["observed"].parent, files["later"]
    )
