"""Frames are selected by their times, and only those that are wanted are decoded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from making_videos import encoded, indices, ramp

import dynpat.videos.files as files_module
from dynpat.datasets import flames
from dynpat.videos import read_video, write_video
from dynpat.videos.clips import Picture, resampled

SIZE = (48, 64)  # height, width


@pytest.mark.parametrize(
    ("fps", "start", "expected"),
    [
        (25, 0, list(range(30))),
        (12.5, 0, list(range(0, 30, 2))),
        (50, 0, [index // 2 for index in range(60)]),
        (12.5, 3, list(range(6, 30, 2))),
    ],
)
def test_resampling_in_time(clip: Path, fps: float, start: int, expected: list[int]) -> None:
    video = read_video(clip, fps=fps, start=start)
    # Halfway between two frames either is nearest.
    assert len(video.frames) == len(expected)
    assert np.abs(np.subtract(indices(video.frames), expected)).max() <= (fps == 50)
    assert video.fps == fps
    assert (video.notes == ()) == (fps == 25)


def test_variable_frame_rate_follows_the_times(tmp_path: Path) -> None:
    encoded(tmp_path / "a.mkv", ramp(4), times=[0, 40, 200, 240])
    assert indices(read_video(tmp_path / "a.mkv").frames) == [0, 1, 2, 3]
    video = read_video(tmp_path / "a.mkv", fps=25, frames=7)
    assert indices(video.frames) == [0, 1, 1, 1, 2, 2, 3]


@settings(max_examples=50)
@given(st.integers(1, 60), st.floats(1, 120), st.floats(1, 120), st.floats(-5, 5))
def test_resampling_keeps_the_duration(count: int, own: float, fps: float, begin: float) -> None:
    def load() -> np.ndarray:
        raise AssertionError("nothing is converted while frames are selected")

    pictures = (Picture(str(index), begin + index / own, load) for index in range(count))
    chosen = list(resampled(pictures, own, fps))
    assert abs(len(chosen) - count / own * fps) <= 1.01 or len(chosen) == 1
    for tick, picture in enumerate(chosen):
        assert abs(picture.time - begin - tick / fps) <= 1 / own + 1 / fps


def test_decodes_only_what_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long.mp4"
    write_video(path, np.resize(ramp(30), (300, 32, 48, 3)), 25)
    decoded, converted = [], []
    frames_of, to_rgb = files_module.decoded, files_module._to_rgb

    def counted(*arguments: Any) -> Any:
        for frame in frames_of(*arguments):
            decoded.append(1)
            yield frame

    def counted_conversion(*arguments: Any) -> np.ndarray:
        converted.append(1)
        return to_rgb(*arguments)

    monkeypatch.setattr(files_module, "decoded", counted)
    monkeypatch.setattr(files_module, "_to_rgb", counted_conversion)
    assert indices(read_video(path, start=10, frames=5).frames) == list(range(10, 15))
    assert len(decoded) == 15
    assert len(converted) == 5


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_frames_at_uneven_times_keep_their_duration_and_it_is_said(
    tmp_path: Path, ending: str
) -> None:
    times = [0, 100, 200, 300, 400, 500, 533, 566, 600, 633, 666, 700]
    path = encoded(tmp_path / f"a.{ending}", flames(len(times), SIZE), times=times)
    video = read_video(path)
    (note,) = [note for note in video.notes if "all alike" in note]
    assert "33 to 100 ms" in note
    assert video.fps == pytest.approx(11 / 0.7, rel=0.01)
    even = read_video(path, fps=30)
    assert not any("all alike" in note for note in even.notes) and len(even.frames) > 19


def test_even_times_are_not_called_uneven(tmp_path: Path) -> None:
    video = read_video(encoded(tmp_path / "a.mp4", flames(8, SIZE)))
    assert video.fps == 25 and video.notes == ()
