"""Mistakes on the command line: each gets one sentence with its remedy, and leaves nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from dynpat.datasets import flames
from dynpat.videos import write_video

Refused = Callable[..., str]

# With videos.


def sound_only(path: Path) -> None:
    """A file with a tone and no picture."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), "fltp", "mono")
        frame.sample_rate = 8000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


@pytest.fixture(scope="module")
def bad_videos(tmp_path_factory: pytest.TempPathFactory, flames_file: Path) -> Path:
    """A folder with one of each kind of mistake."""
    root = tmp_path_factory.mktemp("bad")
    (root / "empty").mkdir()
    (root / "notes.txt").write_text("no video")
    (root / "text.mp4").write_text("no video")
    (root / "nothing.mp4").touch()
    whole = flames_file.read_bytes()
    (root / "cut.mp4").write_bytes(whole[: len(whole) // 3])
    sound_only(root / "sound.mp4")
    write_video(root / "single.gif", flames(10, (24, 24))[:1], 25)
    write_video(root / "sizes" / "a.mp4", flames(10, (24, 24)), 25)
    write_video(root / "sizes" / "b.mp4", flames(10, (32, 24)), 25)
    write_video(root / "rates" / "a.mp4", flames(10, (24, 24)), 25)
    write_video(root / "rates" / "b.mp4", flames(10, (24, 24)), 50)
    return root


@pytest.mark.parametrize(("name", "words"), [
    ("missing.mp4", ["does not exist", "check the spelling"]),
    ("empty", ["empty folder", "Give another"]),
    ("notes.txt", ["ending", "Convert"]),
    ("text.mp4", ["cannot be read as a video", "convert"]),
    ("nothing.mp4", ["empty file", "give another"]),
    ("cut.mp4", ["truncated"]),
    ("sound.mp4", ["no video track", "give a file with moving pictures"]),
    ("single.gif", ["at least 2 frames", "longer video"]),
    ("sizes", ["differ in size", "24x24", "24x32", "--size"]),
    ("rates", ["differ in frame rate", "25", "50", "--fps"]),
])
def test_bad_video_gets_a_sentence(
    refused: Refused, bad_videos: Path, tmp_path: Path, name: str, words: list[str]
) -> None:
    out = tmp_path / "run"
    sentence = refused("learn", bad_videos / name, "--out", out, "--iterations", 1)
    assert name.split(".")[0] in sentence
    assert all(word in sentence for word in words), sentence
    assert not out.exists()


# With options.


@pytest.mark.parametrize(("options", "words"), [
    ("--frames 100", ["12 frames", "--frames 12"]),
    ("--start 11 --frames 5", ["--start"]),
    ("--frames 1", ["--frames"]),
    ("--frames 2", ["too small for this network", "--frames"]),
    ("--size 1x24", ["too small for this network", "--size"]),
    ("--pattern action --size 2", ["too small for this network", "--size"]),
    ("--size 0", ["--size", "200x150"]),
    ("--size nan", ["--size", "200x150"]),
    ("--window 13", ["--window 13", "12 frames", "--frames"]),
    ("--window 1", ["--window"]),
    ("--fps nan", ["--fps"]),
    ("--fps 0", ["--fps"]),
    ("--sigma nan", ["sigma", "--sigma"]),
    ("--sigma inf", ["sigma", "--sigma"]),
    ("--sigma -1", ["sigma", "--sigma"]),
    ("--step-size 10", ["2·sigma", "Lower --step-size"]),
    ("--step-size 1 --sigma 0.5", ["2·sigma", "raise --sigma"]),
    ("--step-size nan", ["step_size", "--step-size"]),
    ("--step-size inf", ["step_size", "--step-size"]),
    ("--step-size 0", ["step_size", "--step-size"]),
    ("--learning-rate nan", ["learning_rate", "0.001"]),
    ("--learning-rate inf", ["learning_rate", "0.001"]),
    ("--learning-rate 0", ["learning_rate", "0.001"]),
    ("--time-budget 0", ["time_budget", "10m"]),
    ("--time-budget soon", ["soon", "10m"]),
    (f"--time-budget {'9' * 400}", ["not a time", "10m"]),
    ("--iterations -1", ["--iterations"]),
    ("--chains 0", ["--chains"]),
    ("--batch 0", ["--batch"]),
    ("--langevin-steps 0", ["--langevin-steps"]),
    ("--seed -1", ["--seed"]),
    ("--format avi", ["avi", "gif, mp4, png, npy"]),
    ("--pattern water", ["--pattern", "texture"]),
    ("--preset best", ["--preset", "paper"]),
])
def test_option_out_of_range_gets_a_sentence(
    refused: Refused, flames_file: Path, tmp_path: Path, options: str, words: list[str]
) -> None:
    out = tmp_path / "run"
    sentence = refused("learn", flames_file, "--out", out, "--iterations", 1,
                       "--precision", "float32", *options.split())
    assert all(word in sentence for word in words), sentence
    assert not out.exists()


def test_learn_needs_a_video(refused: Refused) -> None:
    assert "at least one video" in refused("learn")


@pytest.mark.parametrize(("options", "words"), [
    ("--frames 1", ["--frames"]), ("--size 30", ["24x24", "--pattern texture"]),
    ("--step-size 10", ["2·sigma"]), ("--step-size nan", ["--step-size"]),
    ("--count 0", ["--count"]), ("--from nowhere.mp4", ["nowhere.mp4"]),
    ("--from chains --frames 20", ["--frames", "12 frames"]),
    ("--steps 0", ["--steps"]), ("--fps inf", ["--fps"]), ("--format webm", ["webm"]),
])
def test_sample_refuses(
    refused: Refused, learned_once: Path, tmp_path: Path, options: str, words: list[str]
) -> None:
    sentence = refused("sample", learned_once, "--out", tmp_path / "new", *options.split())
    assert all(word in sentence for word in words), sentence
    assert not (tmp_path / "new").exists()


def test_one_frame_names_its_file(refused: Refused, tmp_path: Path) -> None:
    write_video(tmp_path / "one", np.zeros((1, 24, 24, 3), np.uint8), 25)
    said = refused("learn", tmp_path / "one", "--out", tmp_path / "run")
    assert "one' must have at least 2 frames; received 1" in said
