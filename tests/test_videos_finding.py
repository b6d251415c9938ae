"""Which videos lie below a path, and what is said of paths that hold none."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from making_videos import images, noise
from PIL import Image

from dynpat.datasets import flames
from dynpat.errors import BadVideoError
from dynpat.videos import find_videos, read_video, read_videos, write_video

Call = Callable[..., Any]


def test_find_videos_and_labels(tmp_path: Path) -> None:
    for name in ("b/v10.gif", "b/v2.gif", "b/deep/v1.gif", "top.gif", ".hidden/v.gif", "b/.v.gif"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        write_video(tmp_path / name, noise(2), 10)
    images(tmp_path / "a" / "shot", ["1.png", "2.png"], size=(20, 16))
    images(tmp_path / "frames", ["1.png", "2.png"], size=(20, 16))
    (tmp_path / "b" / "readme.txt").write_text("x")
    names = ["a/shot", "b/deep/v1.gif", "b/v2.gif", "b/v10.gif", "frames", "top.gif"]
    expected = [tmp_path / name for name in names]
    assert find_videos(tmp_path) == expected
    assert find_videos(tmp_path / "top.gif", tmp_path) == [expected[-1], *expected[:-1]]
    videos = read_videos(tmp_path, fps=10)
    assert [video.label for video in videos] == ["a", "b", "b", "b", "", ""]
    assert [video.name for video in videos] == ["shot", "v1", "v2", "v10", "frames", "top"]


def test_find_videos_survives_circles(tmp_path: Path) -> None:
    write_video(tmp_path / "a" / "v.gif", noise(2), 10)
    (tmp_path / "a" / "again").symlink_to(tmp_path, target_is_directory=True)
    assert find_videos(tmp_path) == [tmp_path / "a" / "v.gif"]


def test_find_errors(tmp_path: Path) -> None:
    with pytest.raises(BadVideoError, match=r"'.*none.mp4' does not exist; check the spelling"):
        find_videos(tmp_path / "none.mp4")
    with pytest.raises(BadVideoError, match=r"is an empty folder; videos \(.mp4.*\) and folders"):
        find_videos(tmp_path)
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(BadVideoError, match=r"holds no video; videos \(.mp4"):
        find_videos(tmp_path)
    with pytest.raises(BadVideoError, match=r"has an ending that is not read"):
        find_videos(tmp_path / "a.txt")
    with pytest.raises(BadVideoError, match=r"No video was named"):
        read_videos([])
    folder = images(tmp_path / "both", ["1.png"])
    with pytest.raises(BadVideoError, match=r"is a single picture; give the folder"):
        find_videos(folder / "1.png")
    write_video(folder / "v.gif", noise(2), 10)
    with pytest.raises(BadVideoError, match=r"holds both videos .* and pictures .* name the video"):
        find_videos(tmp_path)


def test_a_single_picture_is_none(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(BadVideoError, match="is a single picture"):
        find_videos(tmp_path / "a.png")


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
