"""Options of reading: which frames, at which size, within which memory."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from making_videos import encoded, indices
from PIL import Image

from dynpat.datasets import flames
from dynpat.errors import BadOptionError, BadVideoError
from dynpat.videos import read_video, write_video

SIZE = (48, 64)  # height, width


def test_start_frames_and_grey(clip: Path) -> None:
    video = read_video(clip, start=4, frames=7, grey=True, label="x")
    assert video.frames.shape == (7, 32, 48, 1)
    assert indices(video.frames) == list(range(4, 11))
    assert (video.name, video.label, video.source) == ("clip", "x", clip)
    assert video.notes == ()


def test_grey_is_luma(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4), (255, 0, 0)).save(tmp_path / "a.png")
    assert read_video(tmp_path, grey=True).frames[0, 0, 0, 0] == 76  # 0.299 * 255


def test_size_without_cropping(clip: Path) -> None:
    video = read_video(clip, size=(16, 24))
    assert video.frames.shape == (30, 16, 24, 3)
    assert video.notes == ("Resized from 48x32 to 24x16 pixels.",)
    note = read_video(clip, size=(20, 20)).notes[0]
    assert note.endswith("which makes everything 1.50 times taller in proportion.")


def test_shrinking_averages(tmp_path: Path) -> None:
    stripes = np.zeros((1, 64, 64, 3), np.uint8)
    stripes[:, :, ::2] = 255
    write_video(tmp_path / "a", stripes, 25)
    small = read_video(tmp_path / "a", size=(8, 8)).frames.astype(int)
    assert np.abs(small - 127).max() <= 8  # picking single pixels would give 0 or 255


def test_too_few_frames(clip: Path) -> None:
    sentence = (
        "clip.mp4' has 30 frames from frame 0 on; 40 were asked for. "
        "Use --frames 30 or less, or another --start."
    )
    with pytest.raises(BadVideoError, match=sentence):
        read_video(clip, frames=40)
    with pytest.raises(BadVideoError, match=r"has 10 frames from frame 20 on; 11 were asked for"):
        read_video(clip, start=20, frames=11)
    with pytest.raises(
        BadVideoError, match=r"has no frame from frame 30 on. Use a smaller --start"
    ):
        read_video(clip, start=30)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"frames": 0}, "--frames 0 is too few"),
        ({"start": -1}, "--start -1 is negative"),
        ({"fps": 0}, "--fps 0 is out of range"),
        ({"fps": float("nan")}, "--fps nan is out of range"),
        ({"size": (0, 5)}, "--size .* is not a size"),
    ],
)
def test_bad_options(clip: Path, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadOptionError, match=sentence):
        read_video(clip, **options)


def test_memory_limit(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadVideoError, match=r"more than 2 GB of memory \(30 frames of 9000x9000\)"):
        read_video(clip, size=(9000, 9000))
    monkeypatch.setenv("DYNPAT_MAX_BYTES", str(32 * 48 * 3 * 10))
    with pytest.raises(BadVideoError, match=r"use a smaller --size or fewer --frames"):
        read_video(clip)
    assert len(read_video(clip, frames=10).frames) == 10
    assert len(read_video(clip, start=20).frames) == 10


def test_the_default_size_is_in_the_upright_picture_s_proportion(tmp_path: Path) -> None:
    """By the EXIF tag of cameras that were held upright."""
    for number, frame in enumerate(flames(3, (90, 160))):
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.fromarray(frame).save(tmp_path / f"{number}.jpg", exif=exif)
    video = read_video(tmp_path, pixels=5000)
    height, width = video.frames.shape[1:3]
    assert height / width == pytest.approx(160 / 90, rel=0.05) and height * width < 5500


def test_pictures_of_unlike_sizes_are_refused_at_the_default_size_too(tmp_path: Path) -> None:
    for name, size in (("a", (32, 18)), ("b", (18, 18)), ("c", (18, 32))):
        Image.new("RGB", size, "orange").save(tmp_path / f"{name}.png")
    with pytest.raises(BadVideoError, match="different sizes"):
        read_video(tmp_path, pixels=100)
    assert read_video(tmp_path, size=(8, 8)).frames.shape == (3, 8, 8, 3)


@pytest.mark.parametrize("turned", [True, False])
def test_an_upright_phone_video_keeps_its_proportion_at_the_default_size(
    tmp_path: Path, turned: bool
) -> None:
    """Turned in the header of its track, as phones do."""
    path = encoded(tmp_path / "a.mp4", flames(3, (90, 160)))
    if turned:
        data = bytearray(path.read_bytes())
        matrix = data.index(b"tkhd") + 4 + 40
        data[matrix : matrix + 36] = struct.pack(
            ">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30
        )
        path.write_bytes(data)
    height, width = read_video(path, pixels=5000).frames.shape[1:3]
    proportion = 160 / 90 if turned else 90 / 160
    assert height / width == pytest.approx(proportion, rel=0.05) and height * width < 5500


def test_a_stream_that_changes_its_size_is_refused_at_the_default_size_too(tmp_path: Path) -> None:
    raw = b""
    for size in (SIZE, SIZE[::-1]):
        with av.open(str(tmp_path / "part.h264"), "w", format="h264") as container:
            stream = container.add_stream("libx264", rate=25)
            stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
            for picture in flames(4, size):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())
        raw += (tmp_path / "part.h264").read_bytes()
    (tmp_path / "a.mpg").write_bytes(raw)
    for options in ({}, {"pixels": 1000}):
        with pytest.raises(BadVideoError, match=r"different sizes: frame 0 .* frame 4"):
            read_video(tmp_path / "a.mpg", **options)
