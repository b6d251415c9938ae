"""Video files of every kind: what is read, what is said of it, and what is refused."""

from __future__ import annotations

import contextlib
import os
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from making_videos import encoded, half_transparent, indices, noise, ramp
from PIL import Image

from dynpat.datasets import flames
from dynpat.errors import BadVideoError
from dynpat.videos import find_videos, read_video, write_video

REPOSITORY = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("DYNPAT_DATA", REPOSITORY.parent / "shared" / "data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the real videos are not here")
SIZE = (48, 64)  # height, width


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        (".avi", "mpeg4"),
        (".mov", "libx264"),
        (".m4v", "libx264"),
        (".webm", "libvpx"),
        (".mkv", "libx264"),
        (".mpg", "mpeg2video"),
        (".mpeg", "mpeg1video"),
        (".MP4", "mpeg4"),
    ],
)
def test_every_kind_of_file_is_read(tmp_path: Path, suffix: str, codec: str) -> None:
    path = tmp_path / f"a{suffix}"
    try:
        encoded(path, ramp(20), codec=codec)
    except (ValueError, av.error.FFmpegError):
        pytest.skip(f"this FFmpeg cannot write {codec}")
    video = read_video(path)
    assert indices(video.frames) == list(range(20))
    assert video.fps == pytest.approx(25, rel=1e-3)
    assert find_videos(tmp_path) == [path]


def test_gif_with_transparency_and_disposal_agrees_with_pillow(tmp_path: Path) -> None:
    generator = np.random.default_rng(5)
    frames: list[Image.Image] = []
    for _ in range(4):
        rgba = generator.integers(0, 256, (12, 14, 4), dtype=np.uint8)
        rgba[..., 3] = 255 * (generator.random((12, 14)) < 0.5)
        frames.append(Image.fromarray(rgba))
    path = tmp_path / "a.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=0, disposal=2)
    video = read_video(path)
    with Image.open(path) as gif:
        for index, got in enumerate(video.frames):
            gif.seek(index)
            rgba = np.asarray(gif.convert("RGBA")).astype(int)
            np.testing.assert_array_equal(got, rgba[..., :3] * (rgba[..., 3:] > 0))
    assert video.fps == 10  # as browsers show a delay of 0
    assert "Transparent parts were laid over black." in video.notes


def test_rotation_of_a_file_is_applied(tmp_path: Path) -> None:
    frames = np.zeros((3, 32, 64, 3), np.uint8)
    frames[:, :16] = 255  # upper half white
    path = tmp_path / "a.mp4"
    write_video(path, frames, 25)
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40  # the 3x3 matrix of the track header, version 0
    clockwise = (0, 1 << 16, 0, -(1 << 16), 0, 0, 64 << 16, 0, 1 << 30)
    data[matrix : matrix + 36] = struct.pack(">9i", *clockwise)
    path.write_bytes(data)
    video = read_video(path)
    assert video.frames.shape == (3, 64, 32, 3)
    assert video.frames[0, :, 20:].min() > 200  # what was up is on the right now
    assert video.frames[0, :, :12].max() < 50
    assert "Rotated by 270 degrees anticlockwise" in video.notes[0]
    assert read_video(path, size=(10, 6)).frames.shape == (3, 10, 6, 3)


def test_files_that_are_no_videos(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.avi").write_text("this is not a video\n" * 50)
    (tmp_path / "folder.mp4").mkdir()
    with av.open(str(tmp_path / "sound.mkv"), "w") as container:
        stream: Any = container.add_stream("pcm_s16le", rate=8000)
        stream.layout = "mono"
        samples = np.zeros((1, 800), np.int16)
        sound = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    for name, sentence in [
        ("empty.mp4", r"is an empty file \(0 bytes\); give another video"),
        ("text.avi", r"cannot be read as a video \(.*\); it may be truncated .*\.mp4.*convert"),
        ("folder.mp4", "is a folder without frames in it; .* Give a video file"),
        ("sound.mkv", "has no video track .* give a file with moving pictures"),
        ("none.mp4", "does not exist; check the spelling of the path"),
        ("zero\0byte.mp4", "check the"),
    ]:
        with pytest.raises(BadVideoError, match=sentence):
            read_video(tmp_path / name)
    assert capfd.readouterr() == ("", "")


def test_no_damage_leaks_another_exception(tmp_path: Path) -> None:
    generator = np.random.default_rng(11)
    for suffix in (".mp4", ".gif"):
        whole = tmp_path / f"whole{suffix}"
        write_video(whole, noise(8), 25)
        data = np.frombuffer(whole.read_bytes(), np.uint8)
        for _ in range(25):
            broken = data.copy()
            places = generator.integers(0, len(data), 20)
            broken[places] = generator.integers(0, 256, 20)
            broken[: int(generator.integers(len(data)))].tofile(tmp_path / f"broken{suffix}")
            with contextlib.suppress(BadVideoError):
                assert read_video(tmp_path / f"broken{suffix}").frames.ndim == 4


@needs_data
def test_real_videos() -> None:
    video = read_video(DATA / "textures" / "fire_pot" / "fire_pot.avi", size=(64, 64), frames=40)
    assert video.frames.shape == (40, 64, 64, 3)
    assert video.fps == 25
    assert 5 < video.frames.mean() < 250
    video = read_video(DATA / "published" / "stgconvnet_lake.gif")
    assert video.frames.shape == (70, 100, 415, 3)
    assert video.fps == 10


def test_pixels_that_are_not_square_are_said(tmp_path: Path) -> None:
    def wide(stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(32, 27)

    video = read_video(encoded(tmp_path / "a.mp4", flames(6, SIZE), wide))
    assert any("not square (32:27)" in note and "1.19 times narrower" in note
               for note in video.notes)


@pytest.mark.parametrize(("codec", "ending"), [("libvpx-vp9", "webm"), ("libvpx", "webm")])
def test_transparency_of_web_video_is_over_black(tmp_path: Path, codec: str, ending: str) -> None:
    video = read_video(half_transparent(tmp_path / f"a.{ending}", SIZE, codec))
    assert video.frames.shape == (5, *SIZE, 3)
    half = SIZE[1] // 2
    assert video.frames[:, 8:-8, 4 : half - 8, 0].min() > 180
    assert video.frames[:, 8:-8, half + 8 :].max() < 20
    assert any("ransparen" in note for note in video.notes)


def test_a_high_dynamic_range_is_said(tmp_path: Path) -> None:
    def tagged(stream: Any) -> None:
        stream.codec_context.color_trc, stream.codec_context.color_primaries = 16, 9

    source = encoded(tmp_path / "a.mp4", flames(5, SIZE), tagged)
    assert any("high dynamic range (PQ)" in note for note in read_video(source).notes)
    assert not any("dynamic" in note for note in read_video(
        encoded(tmp_path / "b.mp4", flames(5, SIZE))
    ).notes)


def test_interlacing_is_said(tmp_path: Path) -> None:
    def interlaced(stream: Any) -> None:
        stream.options = {"x264-params": "interlaced=1"}

    video = read_video(encoded(tmp_path / "a.mp4", flames(5, SIZE), interlaced))
    assert [note for note in video.notes if "interlaced" in note] != []


def test_a_second_video_track_is_said(tmp_path: Path) -> None:
    frames = flames(4, SIZE)
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        streams = [container.add_stream("libx264", rate=25) for _ in range(2)]
        for stream in streams:
            stream.height, stream.width, stream.pix_fmt = *SIZE, "yuv420p"
        for stream, video in zip(streams, (frames, 255 - frames), strict=True):
            for picture in video:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())
    video = read_video(tmp_path / "a.mp4")
    assert "The file has 2 video tracks; the first is read." in video.notes
    assert np.abs(video.frames.astype(float) - frames).mean() < 12


def test_kinds_that_disagree_with_their_names_are_read(tmp_path: Path) -> None:
    frames = flames(4, SIZE)
    write_video(tmp_path / "a.gif", frames, 10)
    (tmp_path / "a.gif").rename(tmp_path / "a.mp4")
    video = read_video(tmp_path / "a.mp4")
    assert video.fps == pytest.approx(10) and np.abs(video.frames.astype(float) - frames).mean() < 4
