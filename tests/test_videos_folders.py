"""Frame folders: their order, their names and the kinds of their pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from making_videos import images
from PIL import Image

from dynpat.datasets import flames
from dynpat.errors import BadVideoError
from dynpat.videos import read_video, write_video
from dynpat.videos.folders import told_of_names

SIZE = (48, 64)  # height, width


def test_frame_folder_in_natural_order(tmp_path: Path) -> None:
    names = ["f1.png", "f2.bmp", "f9.tif", "f10.png", "f11.PNG"]
    folder = images(tmp_path / "frames", names)
    (folder / ".hidden.png").write_bytes(b"")
    (folder / "notes.txt").write_text("not a frame")
    video = read_video(folder)
    assert video.frames[:, 0, 0, 0].tolist() == [0, 10, 20, 30, 40]
    assert (video.fps, video.name, video.frames.shape) == (25.0, "frames", (5, 6, 8, 3))
    assert read_video(folder, fps=12).fps == 12
    assert len(read_video(folder, fps=12).frames) == 5


def test_sixteen_bit_frames_are_scaled(tmp_path: Path) -> None:
    levels = np.array([[0, 257, 32768, 65535]], np.uint16)
    for ending in ("png", "tiff"):
        folder = tmp_path / ending
        folder.mkdir()
        Image.fromarray(levels).save(folder / f"a.{ending}")
        video = read_video(folder)
        assert video.frames[0, 0, :, 0].tolist() == [0, 1, 128, 255]
        assert video.notes == ("16-bit grey levels were scaled to 8 bit.",)


def test_transparent_images_lie_over_black(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (200, 100, 50, 128)).save(tmp_path / "a.png")
    video = read_video(tmp_path)
    assert video.frames[0, 0, 0].tolist() == [100, 50, 25]
    assert video.notes == ("Transparent parts were laid over black.",)


def test_exif_rotation_of_images(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (8, 4)).save(tmp_path / "a.jpg", exif=exif)
    video = read_video(tmp_path)
    assert video.frames.shape == (1, 8, 4, 3)
    assert video.notes == ("Rotated or mirrored as the images ask.",)


def test_folder_with_images_of_two_sizes(tmp_path: Path) -> None:
    folder = images(tmp_path / "f", ["a.png", "b.png"])
    Image.new("RGB", (9, 9)).save(folder / "c.png")
    with pytest.raises(BadVideoError, match=r"'a.png' is 8x6 and 'c.png' is 9x9; use --size"):
        read_video(folder)
    assert read_video(folder, size=(4, 4)).frames.shape == (3, 4, 4, 3)
    assert len(read_video(folder, frames=2).frames) == 2


def test_folder_with_bad_images(tmp_path: Path) -> None:
    folder = images(tmp_path / "f", ["a.png"])
    (folder / "b.png").write_text("x")
    with pytest.raises(BadVideoError, match=r"b.png' is not an image that can be read; replace"):
        read_video(folder)
    data = Path(folder / "a.png").read_bytes()
    (folder / "b.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(BadVideoError, match=r"b.png' cannot be read as an image|is not an image"):
        read_video(folder)
    Image.fromarray(np.ones((6, 8), np.float32)).save(folder / "b.tiff")
    (folder / "b.png").unlink()
    with pytest.raises(BadVideoError, match=r"fractional grey levels whose range is not known"):
        read_video(folder)


@pytest.mark.parametrize(("names", "right"), [
    (["t0.5", "t0.25", "t0.75", "t1.0"], ["t0.25", "t0.5", "t0.75", "t1.0"]),
    (["s1.10", "s1.9", "s1.11"], ["s1.9", "s1.10", "s1.11"]),  # shot 1, frames 9 to 11
    (["f2", "f10", "f1"], ["f1", "f2", "f10"]),
    (["a.0010", "a.0002"], ["a.0002", "a.0010"]),
    (["t0.5", "t1.25"], ["t0.5", "t1.25"]),  # too few to tell
])
def test_decimal_numbers_in_names_are_numbers(
    tmp_path: Path, names: list[str], right: list[str]
) -> None:
    for name in names:
        level = 20 * right.index(name)
        Image.new("L", (8, 8), level).save(tmp_path / f"{name}.png")
    video = read_video(tmp_path, grey=True)
    assert [int(frame[0, 0, 0]) for frame in video.frames] == [20 * n for n in range(len(right))]


@pytest.mark.parametrize("name", ["-a", "a b", "ä%d", "a\nb", "a.mp4"])
def test_odd_names_of_folders_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    frames = flames(3, (8, 8))
    Path(name).mkdir()
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(Path(name) / f"{number}.PNG")
    for junk in ("Thumbs.db", ".DS_Store", "read me.txt"):
        (Path(name) / junk).touch()
    video = read_video(name)
    assert video.name == name and video.notes == ()
    np.testing.assert_array_equal(video.frames, frames)


def test_inks_and_mixed_kinds_of_pictures_are_read_as_they_look(tmp_path: Path) -> None:
    frames = flames(4, SIZE)
    (tmp_path / "inks").mkdir()
    for number, (frame, mode) in enumerate(zip(frames, ("RGB", "L", "RGBA", "P"), strict=True)):
        Image.fromarray(frame).convert(mode).save(tmp_path / f"{number}.png")
        inks = Image.fromarray(frame).convert("CMYK")
        inks.save(tmp_path / "inks" / f"{number}.jpg", quality=95)
    mixed = read_video(tmp_path).frames
    np.testing.assert_array_equal(mixed[[0, 2]], frames[[0, 2]])
    assert np.all(np.ptp(mixed[1], axis=-1) == 0)  # the grey one
    inked = read_video(tmp_path / "inks").frames.astype(float)
    assert np.abs(inked - frames).mean() < 3


@pytest.mark.parametrize(("names", "told"), [
    (["a1.png", "a2.png", "a3.png"], ""), (["a10.png", "a20.png", "a30.png"], ""),
    (["a1.png", "a2.png", "a5.png"], "2 numbers between the first and the last frame are not there,"
     " from 3 on"),
    (["1.jpg", "1.png", "2.jpg", "2.png"], "holds .jpg and .png pictures"),
    (["x.png", "y.png"], ""), (["a3.png"], ""), (["a2.png", "b7.png", "c9.png"], ""),
])
def test_names_of_frames_tell_what_is_odd(names: list[str], told: str) -> None:
    notes = " ".join(told_of_names(names))
    assert told in notes and bool(told) == bool(notes)


def test_gaps_are_said_when_a_folder_is_read(tmp_path: Path) -> None:
    write_video(tmp_path / "v", flames(6, (24, 24)), 25)
    frames = sorted((tmp_path / "v").iterdir())
    frames[3].unlink()
    video = read_video(tmp_path / "v")
    assert len(video.frames) == 5 and any("1 numbers" in note for note in video.notes)
