"""Settings from the config.json of another run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dynpat.datasets import lights
from dynpat.runs.folder import Run
from dynpat.videos import write_video

Call = Callable[..., Any]


def plan_of(run: Path) -> dict[str, Any]:
    return dict(json.loads((run / "config.json").read_text(encoding="utf-8"))["plan"])


@pytest.mark.parametrize("name", ["", "config.json"])
def test_a_run_is_repeated_bit_by_bit(
    dynpat: Call, learned_once: Path, tmp_path: Path, name: str
) -> None:
    again = tmp_path / "again"
    shown = dynpat("learn", "--config", learned_once / name, "--out", again, "--quiet")
    assert shown.exit_code == 0, shown.output
    assert plan_of(again) == plan_of(learned_once)
    old, new = (Run.open(run).load_model() for run in (learned_once, again))
    for one, other in zip(old.weights, new.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_what_the_command_line_says_is_changed_and_nothing_else(
    dynpat: Call, learned_once: Path, tmp_path: Path
) -> None:
    write_video(tmp_path / "lights", lights(12, (24, 24)), 25)
    dynpat("learn", tmp_path / "lights", "--config", learned_once, "--out", tmp_path / "new",
           "--iterations", 2, "--frames", 10, "--langevin-steps", 3, "--sigma", 9, "--quiet")
    before, after = plan_of(learned_once), plan_of(tmp_path / "new")
    assert after["videos"] == [str(tmp_path / "lights")]
    expected = json.loads(json.dumps(before))
    expected["videos"] = after["videos"]
    expected["learn"]["iterations"] = 2
    expected["reading"]["frames"], expected["langevin"]["steps"] = 10, 3
    expected["model"]["sigma"] = 9.0
    assert after == expected


@pytest.mark.slow
def test_a_recovery_is_repeated_with_its_mask(
    dynpat: Call, refused: Callable[..., str], flames_file: Path, tmp_path: Path
) -> None:
    dynpat("recover", flames_file, "--occlude", "region:0.2", "--iterations", 1, "--precision",
           "float32", "--format", "npy", "--out", tmp_path / "old", "--quiet")
    shown = dynpat("recover", "--config", tmp_path / "old", "--format", "npy", "--out",
                   tmp_path / "new", "--quiet")
    assert shown.exit_code == 0, shown.output
    old, new = (np.load(tmp_path / run / "results" / "recovered_000.npy") for run in ("old", "new"))
    np.testing.assert_array_equal(old, new)
    said = refused("recover", "--config", tmp_path / "old", "--occlude", "frames:0.5")
    assert "--occlude is that of --config" in said
    assert "a run of dynpat recover" in refused("learn", "--config", tmp_path / "old")


def test_what_cannot_be_combined_or_read_is_one_sentence(
    refused: Callable[..., str], learned_once: Path, tmp_path: Path
) -> None:
    said = refused("learn", "--config", learned_once, "--pattern", "texture")
    assert "--pattern is that of --config" in said
    (tmp_path / "config.json").write_text('{"plan": []}', encoding="utf-8")
    assert "give the config.json of a run" in refused("learn", "--config", tmp_path)
    assert "give the config.json of a run" in refused("learn", "--config", tmp_path / "none.json")
