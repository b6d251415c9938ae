"""Videos as people bring them: what differs from what a player shows is said."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from dynpat.datasets import flames
from dynpat.errors import BadVideoError
from dynpat.masks import read_mask
from dynpat.videos import find_videos, read_video

SIZE = (48, 64)  # height, width


def encoded(path: Path, frames: np.ndarray, change: Callable[[Any], None] = lambda stream: None,
            times: list[int] | None = None) -> Path:
    """A file of H.264; `times` in milliseconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], "yuv420p"
        change(stream)
        if times:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            if times:
                frame.pts, frame.time_base = times[number], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


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


def test_pixels_that_are_not_square_are_said(tmp_path: Path) -> None:
    def wide(stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(32, 27)

    video = read_video(encoded(tmp_path / "a.mp4", flames(6, SIZE), wide))
    assert any("not square (32:27)" in note and "1.19 times narrower" in note
               for note in video.notes)


@pytest.mark.parametrize(("name", "options"), [
    ("a.png", {}), ("a.webp", {"lossless": True}), ("a.tif", {}),
])
def test_image_files_of_several_pictures_are_videos(
    tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    """Animated PNG and WebP, TIFF stacks; the delay of the first two is their rate."""
    frames = flames(5, SIZE)
    first, *rest = (Image.fromarray(frame) for frame in frames)
    first.save(tmp_path / name, save_all=True, append_images=rest, duration=50, **options)
    assert find_videos(tmp_path / name) == [tmp_path / name]
    video = read_video(tmp_path / name)
    np.testing.assert_array_equal(video.frames, frames)
    assert video.fps == pytest.approx(25 if name.endswith("tif") else 20)
    assert any("names no frame rate" in note for note in video.notes) == name.endswith("tif")
    assert read_video(tmp_path / name, frames=2, start=1).frames.shape[0] == 2


def test_a_single_picture_is_none(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(BadVideoError, match="is a single picture"):
        find_videos(tmp_path / "a.png")


def test_a_palette_of_colours_is_labels_and_one_of_greys_is_black_and_white(
    tmp_path: Path,
) -> None:
    labels = np.zeros((10, 10), np.uint8)
    labels[2:4], labels[6:8, :5] = 1, 2
    for name, palette, missing in (
        ("colours", [0, 0, 0, 128, 0, 0, 0, 128, 0], labels > 0),
        ("greys", [255, 255, 255, 0, 0, 0, 0, 0, 0], labels == 0),
    ):
        image = Image.fromarray(labels)
        image.putpalette(palette)
        assert image.mode == "P"
        image.save(tmp_path / f"{name}.png")
        found = read_mask(tmp_path / f"{name}.png", (3, 10, 10))
        np.testing.assert_array_equal(found, np.broadcast_to(missing, (3, 10, 10)), name)
