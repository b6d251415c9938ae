"""Frames of an opened stream: interlaced ones lose their combs, opacity is read where it can be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from making_videos import encoded, half_transparent

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


def test_the_decoder_of_opacity_is_opened_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    class Counting:
        @staticmethod
        def create(name: str, mode: str) -> Any:
            opened.append(name)
            return usual.create(name, mode)

    usual = av.codec.CodecContext
    path = half_transparent(tmp_path / "a.webm", SIZE)
    monkeypatch.setattr("av.codec.CodecContext", Counting)
    video = read_video(path)
    assert opened == ["libvpx-vp9"]
    assert video.frames[:, 8:-8, SIZE[1] // 2 + 8 :].max() < 20
    assert not any("transparency is not read" in note for note in video.notes)


def test_opacity_that_nothing_here_reads_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lacking:
        @staticmethod
        def create(name: str, mode: str) -> Any:
            raise ValueError(f"no decoder {name}")

    path = half_transparent(tmp_path / "a.webm", SIZE)
    monkeypatch.setattr("av.codec.CodecContext", Lacking)
    video = read_video(path)
    assert sum("transparency is not read" in note for note in video.notes) == 1
    assert video.frames.shape == (5, *SIZE, 3)
