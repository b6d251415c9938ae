"""Videos and still pictures as data of a page."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dynpat.datasets import flames
from dynpat.report import pictures
from dynpat.videos import read_video


def picture(url: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",", 1)[1]))))


def test_the_sheet_of_a_video_is_its_frames_row_by_row(page: str, learned_once: Path) -> None:
    (first, *_), video = re.findall(r"<canvas(.*?)></canvas>", page, re.DOTALL), read_video(
        learned_once / "observed.gif").frames
    value = dict(re.findall(r'([\w-]+)="([^"]*)"', first))
    columns, frames = int(value["data-columns"]), int(value["data-frames"])
    height, width = int(value["height"]), int(value["width"])
    assert (frames, height, width) == video.shape[:3]
    sheet = picture(value["data-sheet"]).astype(float)
    for number, frame in enumerate(video):
        row, column = divmod(number, columns)
        part = sheet[row * height : (row + 1) * height, column * width : (column + 1) * width]
        assert np.abs(part - frame).mean() < 8  # WebP is lossy
        others = [np.abs(part - other).mean() for other in video]
        assert int(np.argmin(others)) == number


def test_the_slice_is_the_row_that_changes_most() -> None:
    video = np.full((6, 10, 8, 3), 50, np.uint8)
    video[1::2, 7, 2:5] = 200
    shown = picture(pictures.slices({"one": video, "two": 255 - video}).source)
    assert shown.shape == (6, 8 + pictures.GAP + 8, 3)
    np.testing.assert_array_equal(shown[:, :8], video[:, 7])
    np.testing.assert_array_equal(shown[:, 8 + pictures.GAP:], 255 - video[:, 7])


@pytest.mark.parametrize("channels", [1, 3])
def test_filters_are_tiles_of_equal_contrast(channels: int) -> None:
    kernel = np.random.default_rng(0).normal(size=(4, 5, 6, channels, 7)) * np.arange(1, 8)
    tiles = pictures.filters(kernel)
    assert tiles.dtype == np.uint8 and tiles.shape[0] == 4 and tiles.shape[3] == 3
    high, wide = 5 + pictures.GAP, 6 + pictures.GAP
    for number in range(7):
        row, column = divmod(number, tiles.shape[2] // wide)
        tile = tiles[:, row * high : row * high + 5, column * wide : column * wide + 6]
        assert np.abs(tile.astype(int) - 128).max() >= 126


def test_large_videos_are_shrunk_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_PIXELS", 8 * 20 * 30)
    large = pictures.panel("flames", flames(8, (40, 60)))
    assert "shrunk" in large.caption and (large.height, large.width) == (20, 30)
    assert "shrunk" not in pictures.panel("flames", flames(8, (20, 30))).caption
