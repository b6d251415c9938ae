"""Several videos that are to be learned from together."""

from __future__ import annotations

from pathlib import Path

import pytest
from making_videos import noise

from dynpat.errors import BadVideoError
from dynpat.videos import read_videos, write_video


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
