"""Names of files and folders, and what the system says about them, as people bring them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dynpat.atomic import write_error
from dynpat.datasets import flames
from dynpat.errors import BadVideoError
from dynpat.runs.folder import run_name
from dynpat.videos import read_video, write_video
from dynpat.videos.folders import told_of_names

Call = Callable[..., Any]


def test_a_run_on_the_folder_here_or_above_has_a_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sea" / "inner").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "sea" / "inner")
    assert (run_name("."), run_name(".."), run_name("../..")) == ("inner", "sea", tmp_path.name)
    assert run_name("/") == "videos" and run_name("x/fire.mp4") == "fire"


def test_learning_from_the_folder_here_leaves_it_clean(
    dynpat: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_video(tmp_path / "sea" / "a.gif", flames(12, (24, 24)), 25)
    monkeypatch.chdir(tmp_path / "sea")
    done = dynpat("learn", ".", "--iterations", 0, "--format", "npy", "--quiet")
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in Path().iterdir()) == ["a.gif", "runs"]
    assert [path.name for path in Path("runs").iterdir()] == ["sea"]


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
def test_a_name_that_is_not_utf8_is_one_sentence(refused: Call, tmp_path: Path) -> None:
    name = os.fsdecode(bytes(tmp_path / "in") + b"/fire\xff.gif")
    (tmp_path / "in").mkdir()
    write_video(tmp_path / "in" / "a.gif", flames(12, (24, 24)), 25)
    os.rename(tmp_path / "in" / "a.gif", name)
    for source in (name, tmp_path / "in"):
        said = refused("learn", source, "--out", tmp_path / "run")
        assert "is not UTF-8; rename the file" in said and "fire\\xff.gif" in said
    assert not (tmp_path / "run").exists()


def test_an_address_is_shown_as_it_was_given() -> None:
    with pytest.raises(BadVideoError, match=r"'https://example\.org/a\.mp4' is an address"):
        read_video("https://example.org/a.mp4")


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "latin-1"])
def test_a_terminal_without_a_dash_gets_plain_characters(
    tmp_path: Path, encoding: str
) -> None:
    write_video(tmp_path / "a.gif", flames(12, (24, 24)), 25)
    done = subprocess.run(
        [sys.executable, "-m", "dynpat_cli", "evaluate", tmp_path / "a.gif", tmp_path / "a.gif",
         "--no-baselines"],
        capture_output=True, env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
    )
    assert done.returncode == 0, done.stderr
    assert b"patches" in done.stdout and b"Traceback" not in done.stderr
    done.stdout.decode(encoding)


@pytest.mark.parametrize(("names", "told"), [
    (["a1.png", "a2.png", "a3.png"], ""), (["a10.png", "a20.png", "a30.png"], ""),
    (["a1.png", "a2.png", "a5.png"], "2 numbers between the first and the last frame are not there,"
     " from 3 on"),
    (["1.jpg", "1.png", "2.jpg", "2.png"], "holds .jpg and .png pictures"),
    (["x.png", "y.png"], ""), (["a3.png"], ""), (["a2.png", "b7.png", "c9.png"], ""),
])
def test_names_of_frames_tell_what_is_odd(names: list[str], told: str) -> None:
    notes = " ".join(told_of_names(names))
    assert told in notes and bool(told) == bool(notes)


def test_gaps_are_said_when_a_folder_is_read(tmp_path: Path) -> None:
    write_video(tmp_path / "v", flames(6, (24, 24)), 25)
    frames = sorted((tmp_path / "v").iterdir())
    frames[3].unlink()
    video = read_video(tmp_path / "v")
    assert len(video.frames) == 5 and any("1 numbers" in note for note in video.notes)


@pytest.mark.parametrize(("reason", "remedy"), [
    ("Read-only file system", "choose another --out"),
    ("File name too long", "choose a shorter --out"),
    ("No space left on device", "free some space or choose another --out"),
])
def test_the_remedy_fits_what_the_system_said(reason: str, remedy: str) -> None:
    assert str(write_error(Path("x"), reason)) == f"could not write 'x': {reason}; {remedy}."


def test_a_model_that_is_cut_off_is_said_to_be(refused: Call, learned: Path) -> None:
    whole = (learned / "model.keras").read_bytes()
    (learned / "model.keras").write_bytes(whole[: len(whole) // 2])
    assert "it is cut off, or no Keras file" in refused("sample", learned)


def test_one_frame_names_its_file(refused: Call, tmp_path: Path) -> None:
    write_video(tmp_path / "one", np.zeros((1, 24, 24, 3), np.uint8), 25)
    said = refused("learn", tmp_path / "one", "--out", tmp_path / "run")
    assert "one' must have at least 2 frames; received 1" in said
