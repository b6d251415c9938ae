"""Events for TensorBoard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from dynpat.runs.log import read_log


def values(folder: Path) -> list[tuple[int, Any]]:
    (file,) = (folder / "tensorboard").glob("events.*")
    events = tf.compat.v1.train.summary_iterator(str(file))
    return [(event.step, value) for event in events for value in event.summary.value]


def test_figures_and_the_preview_are_written_as_they_come(
    dynpat: Callable[..., Any], flames_file: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shown = dynpat("learn", flames_file, "--out", run, "--iterations", 3, "--chains", 1,
                   "--format", "npy", "--tensorboard")
    assert shown.exit_code == 0 and "synthesised_000.npy" in shown.stderr
    written = values(run)
    gaps = {step: float(tf.make_ndarray(value.tensor)) for step, value in written
            if value.tag == "energy_gap"}
    expected = {row["update"]: row["energy_gap"] for row in read_log(run / "log.jsonl")}
    assert gaps.keys() == expected.keys() == {1, 2, 3}
    assert all(abs(gaps[n] - expected[n]) < 1e-5 for n in gaps)
    pictures = [value.image for _, value in written if value.tag == "observed | made"]
    assert pictures and all(p.encoded_image_string.startswith(b"GIF") for p in pictures)
    assert (pictures[0].height, pictures[0].width) == (24, 24 + 4 + 24)


def test_without_tensorboard_there_is_a_sentence(
    refused: Callable[..., str], flames_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dynpat.runs.tensorboard.importlib.util.find_spec", lambda name: None)
    said = refused("learn", flames_file, "--out", tmp_path / "run", "--tensorboard")
    assert "pip install tensorboard" in said and not (tmp_path / "run").exists()
