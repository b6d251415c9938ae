"""Files that were cut off are refused, and those that only look so are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from making_videos import encoded, noise

from dynpat.errors import BadVideoError
from dynpat.videos import read_video, write_video


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        (".mp4", "libx264"),
        (".avi", "mpeg4"),
        (".gif", ""),
        (".mkv", "libx264"),
        (".webm", "libvpx"),
    ],
)
def test_truncated_files(tmp_path: Path, suffix: str, codec: str) -> None:
    whole = tmp_path / f"whole{suffix}"
    frames = noise(40, 64, 64)
    if suffix in (".mp4", ".gif"):
        write_video(whole, frames, 25)  # the MP4's index comes first, so the rest can be cut off
    else:
        encoded(whole, frames, codec=codec)
    data = whole.read_bytes()
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(data[: len(data) // 2])
    with pytest.raises(BadVideoError, match=r"is damaged after frame \d+ .*Use --frames \d+ to"):
        read_video(cut)
    with pytest.raises(BadVideoError, match=r"before it is damaged \(.*\); 40 were asked for"):
        read_video(cut, frames=40)
    np.testing.assert_array_equal(
        read_video(cut, frames=5).frames, read_video(whole, frames=5).frames
    )
    cut.write_bytes(data[:300])
    with pytest.raises(
        BadVideoError, match=r"cannot be read as a video|no frame that can|or cut off"
    ):
        read_video(cut)


def test_a_gif_without_end_mark_is_whole(tmp_path: Path) -> None:
    write_video(tmp_path / "a.gif", noise(4), 10)
    data = (tmp_path / "a.gif").read_bytes()
    (tmp_path / "a.gif").write_bytes(data[:-1])
    assert len(read_video(tmp_path / "a.gif").frames) == 4
