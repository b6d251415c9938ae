"""Frames of an opened stream: interlaced ones lose their combs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from making_videos import encoded

from dynpat.videos import read_video

SIZE = (48, 64)  # height, width


def test_interlaced_frames_lose_their_combs(tmp_path: Path) -> None:
    """A bar that jumps by eight pixels from field to field: its edge is straight afterwards."""
    fields = np.full((40, *SIZE, 3), 20, np.uint8)
    for number, field in enumerate(fields):
        field[:, (2 * number) % 40 : (2 * number) % 40 + 8] = 230
    woven = fields[::2].copy()
    woven[:, 1::2] = fields[1::2, 1::2]

    def interlaced(stream: Any) -> None:
        stream.options = {"x264-params": "interlaced=1:tff=1", "crf": "1"}

    def combs(video: np.ndarray) -> float:
        """How much odd rows differ from the even ones above them."""
        grey = video.astype(float).mean(axis=-1)
        return float(np.abs(grey[:, 1::2] - grey[:, ::2]).mean())

    video = read_video(encoded(tmp_path / "a.mp4", woven, interlaced))
    assert len(video.frames) == len(woven)
    assert any("interlaced" in note and "bwdif" in note for note in video.notes)
    assert combs(woven) > 10 and combs(video.frames) < 0.3 * combs(woven)
    whole = read_video(encoded(tmp_path / "b.mp4", fields[::2]))
    assert not any("interlaced" in note for note in whole.notes)
