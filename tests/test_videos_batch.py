"""Several videos that are to be learned from together."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making_videos import noise

from dynpat.errors import BadVideoError
from dynpat.videos import Video, batch, read_videos, write_video


def test_batch_is_trimmed_to_the_shortest(tmp_path: Path) -> None:
    write_video(tmp_path / "a.gif", noise(5), 10)
    write_video(tmp_path / "b.gif", noise(3), 10)
    long, short = read_videos(tmp_path)
    assert len(long.frames) == len(short.frames) == 3
    assert short.notes == ()
    assert long.notes[0].startswith("Trimmed from 5 to 3 frames, the length of the shortest")
    assert [len(video.frames) for video in read_videos(tmp_path, batch=False)] == [5, 3]


def test_batch_refuses_what_does_not_fit(tmp_path: Path) -> None:
    write_video(tmp_path / "a.gif", noise(3, 8, 8), 10)
    write_video(tmp_path / "b.gif", noise(3, 8, 9), 20)
    with pytest.raises(BadVideoError, match=r"'.*a.gif' is 8x8 and '.*b.gif' is 9x8; use --size"):
        read_videos(tmp_path)
    with pytest.raises(BadVideoError, match=r"has 10 frames per second and .* has 20; use --fps"):
        read_videos(tmp_path, size=(8, 8))
    assert len(read_videos(tmp_path, size=(8, 8), fps=10)) == 2


def test_several_videos_are_decoded_at_the_same_time_and_stay_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        write_video(tmp_path / f"{number}.gif", np.full((3, 8, 8, 3), 40 * number, np.uint8), 25)
    together, read_one = threading.Barrier(2, timeout=30), batch.read_video

    def read(source: Path, **options: Any) -> Video:
        together.wait()  # until another video is being read
        return read_one(source, **options)

    monkeypatch.setattr(batch, "read_video", read)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    videos = read_videos(tmp_path)
    assert [video.name for video in videos] == [str(number) for number in range(6)]
    assert [int(video.frames.mean()) // 40 for video in videos] == list(range(6))
