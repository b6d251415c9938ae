"""Writing videos: round trips, and whole files or none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from making_videos import noise, ramp

import dynpat.videos.writing as writing_module
from dynpat.errors import BadOptionError, OutputError
from dynpat.videos import parse_formats, read_video, write_outputs, write_video


def test_parse_formats() -> None:
    assert parse_formats("gif, MP4,.npy,gif") == ("gif", "mp4", "npy")
    with pytest.raises(BadOptionError, match=r"'avi' is not a format; choose from gif, mp4"):
        parse_formats("gif,avi")
    with pytest.raises(BadOptionError, match=r"No format was named"):
        parse_formats(" ,")


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_npy_is_exact(tmp_path: Path, dtype: type) -> None:
    frames: np.ndarray = noise().astype(dtype) * 2 - 7
    assert write_video(tmp_path / "a.npy", frames, 25) == []
    back = np.load(tmp_path / "a.npy")
    assert back.dtype == frames.dtype
    np.testing.assert_array_equal(back, frames)


@pytest.mark.parametrize("channels", [1, 3])
def test_png_is_exact(tmp_path: Path, channels: int) -> None:
    frames = noise(channels=channels)
    write_video(tmp_path / "a", frames, 25)
    assert sorted(os.listdir(tmp_path / "a"))[:2] == ["00000.png", "00001.png"]
    back = read_video(tmp_path / "a", grey=channels == 1)
    np.testing.assert_array_equal(back.frames, frames)
    assert (back.fps, back.name, back.label) == (25.0, "a", "")


@pytest.mark.parametrize("fps", [24, 25, 30, 12.5, 30000 / 1001])
@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_count_size_and_rate_survive(tmp_path: Path, suffix: str, fps: float) -> None:
    frames = ramp(31)
    frames[5:15] = frames[5]  # equal frames must not be merged
    frames[-3:] = frames[-3]
    assert write_video(tmp_path / f"a{suffix}", frames, fps) == []
    back = read_video(tmp_path / f"a{suffix}")
    assert back.frames.shape == frames.shape
    assert back.frames.dtype == np.uint8
    assert back.fps == pytest.approx(fps, rel=2e-3)
    assert np.abs(back.frames.astype(int) - frames).mean() < 3


@pytest.mark.parametrize("suffix", ["", ".mp4", ".gif"])
def test_floats_saturate_and_are_never_stretched(tmp_path: Path, suffix: str) -> None:
    levels = np.array([-300.0, -1, 99.6, 100.4, 256, 511, 1e9, np.inf])
    frames = np.broadcast_to(levels[:, None, None, None], (8, 16, 16, 1))
    write_video(tmp_path / f"a{suffix}", frames, 10)
    back = read_video(tmp_path / f"a{suffix}", grey=True).frames.astype(int)
    expected = np.array([0, 0, 100, 100, 255, 255, 255, 255])
    assert np.abs(back - expected[:, None, None, None]).max() <= (2 if suffix else 0)


def test_nan_is_black_and_said(tmp_path: Path) -> None:
    frames = np.full((2, 4, 4, 1), 50.0)
    frames[0, 0, 0] = np.nan
    notes = write_video(tmp_path / "a", frames, 10)
    assert notes == ["1 grey levels were not a number and were written as black."]
    assert read_video(tmp_path / "a").frames[0, 0, 0].tolist() == [0, 0, 0]


@settings(max_examples=15)
@given(st.integers(1, 5), st.integers(1, 19), st.integers(1, 19), st.sampled_from(["gif", "mp4"]))
def test_any_small_size_survives(
    tmp_path_factory: pytest.TempPathFactory, count: int, height: int, width: int, kind: str
) -> None:
    path = tmp_path_factory.mktemp("any") / f"a.{kind}"
    write_video(path, noise(count, height, width), 10)
    even = kind == "mp4"
    expected = (count, height + even * (height % 2), width + even * (width % 2), 3)
    assert read_video(path).frames.shape == expected


def test_write_outputs(tmp_path: Path) -> None:
    paths, notes = write_outputs(
        tmp_path / "new", "v1.2", noise(3, 5, 7), 25, ["gif", "mp4", "png"]
    )
    assert [path.name for path in paths] == ["v1.2.gif", "v1.2.mp4", "v1.2"]
    assert all(path.exists() for path in paths)
    assert len(notes) == 1
    assert sorted(os.listdir(tmp_path / "new")) == sorted(path.name for path in paths)


@pytest.mark.parametrize("name", ["a.mp4", "a.gif", "a.npy", "a"])
def test_a_failure_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    write_video(tmp_path / name, noise(), 25)
    before = sorted(tmp_path.rglob("*"))

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing_module, "to_levels", full)
    monkeypatch.setattr("dynpat.videos.encoding.to_levels", full)
    monkeypatch.setattr(np, "save", full)
    sentence = f"could not write '.*{name}': No space left on device; free some space or choose"
    with pytest.raises(OutputError, match=sentence):
        write_video(tmp_path / name, noise(3), 25)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["a.mp4", "a.gif", "a.npy", "a"])
def test_no_folder_can_be_made_below_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match=r"could not write .* choose another --out"):
        write_video(tmp_path / "file" / name, noise(), 25)
    assert os.listdir(tmp_path) == ["file"]


def test_an_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dynpat.videos.encoding.to_levels", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_video(tmp_path / "a.mp4", noise(), 25)
    assert os.listdir(tmp_path) == []


def test_png_folder_is_replaced_but_no_other(tmp_path: Path) -> None:
    write_video(tmp_path / "a", noise(6), 25)
    write_video(tmp_path / "a", noise(2), 25)
    assert sorted(os.listdir(tmp_path)) == ["a"]
    assert len(os.listdir(tmp_path / "a")) == 2
    (tmp_path / "a" / "thesis.txt").write_text("precious")
    with pytest.raises(OutputError, match=r"also holds 'thesis.txt', which is not a frame"):
        write_video(tmp_path / "a", noise(2), 25)
    assert (tmp_path / "a" / "thesis.txt").read_text() == "precious"


def test_what_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadOptionError, match=r"has an ending that is not written; use .mp4"):
        write_video(tmp_path / "a.avi", noise(), 25)
    for frames in (noise()[0], noise(0), noise(channels=2)):
        with pytest.raises(BadOptionError, match=r"expected are \(T, H, W, C\)"):
            write_video(tmp_path / "a.gif", frames, 25)
    with pytest.raises(BadOptionError, match=r"of type bool cannot be written"):
        write_video(tmp_path / "a.gif", noise() > 3, 25)
    with pytest.raises(BadOptionError, match=r"nan frames per second is out of range"):
        write_video(tmp_path / "a.gif", noise(), float("nan"))
    monkeypatch.setattr("dynpat.videos.encoding.H264_ENCODERS", ("no such encoder",))
    with pytest.raises(OutputError, match=r"has no H.264 encoder"):
        write_video(tmp_path / "a.mp4", noise(), 25)
    assert os.listdir(tmp_path) == []
