"""Reading and writing videos: round trips, options, and one clear sentence for each error."""

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
from hypothesis import given, settings, strategies as st
from PIL import Image

import dynpat.videos.files as files_module
import dynpat.videos.writing as writing_module
from dynpat.errors import BadOptionError, BadVideoError, OutputError
from dynpat.videos import (
    find_videos,
    parse_formats,
    parse_size,
    read_video,
    read_videos,
    write_outputs,
    write_video,
)
from dynpat.videos.clips import Picture, resampled
from dynpat.videos.model import natural_key

REPOSITORY = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("DYNPAT_DATA", REPOSITORY.parent / "shared" / "data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the real videos are not here")


def ramp(count: int, height: int = 32, width: int = 48) -> np.ndarray:
    """Flat grey frames whose level tells their index: 5 * index (count <= 51)."""
    levels = (5 * np.arange(count)).astype(np.uint8)
    return np.broadcast_to(levels[:, None, None, None], (count, height, width, 3)).copy()


def indices(frames: np.ndarray) -> list[int]:
    """Frame indices of a `ramp` after a lossy round trip."""
    return [round(float(frame.mean()) / 5) for frame in frames]


def noise(count: int = 6, height: int = 16, width: int = 20, channels: int = 3) -> np.ndarray:
    shape = (count, height, width, channels)
    return np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)


def encode(path: Path, frames: np.ndarray, codec: str, pts: list[int] | None = None) -> None:
    """Write with a given encoder; `pts` in units of 1/25 s for a variable frame rate."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=25)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 2_000_000
        for index, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts = index if pts is None else pts[index]
            picture.time_base = Fraction(1, 25)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def images(folder: Path, names: list[str], size: tuple[int, int] = (8, 6)) -> Path:
    """A frame folder of flat images with levels 0, 10, 20, ... in the order of `names`."""
    folder.mkdir(parents=True)
    for index, name in enumerate(names):
        Image.new("RGB", size, (10 * index,) * 3).save(folder / name)
    return folder


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 frames at 25 frames per second."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_video(path, ramp(30), 25)
    return path


# --- text -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size"), [("100", (100, 100)), ("200x150", (150, 200)), (" 8 X 9 ", (9, 8))]
)
def test_parse_size(text: str, size: tuple[int, int]) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "-3", "10x", "x10", "10x0", "1.5", "a", "1x2x3"])
def test_parse_size_refuses(text: str) -> None:
    with pytest.raises(BadOptionError, match=r"is not a size; give one number such as 100"):
        parse_size(text)


def test_parse_formats() -> None:
    assert parse_formats("gif, MP4,.npy,gif") == ("gif", "mp4", "npy")
    with pytest.raises(BadOptionError, match=r"'avi' is not a format; choose from gif, mp4"):
        parse_formats("gif,avi")
    with pytest.raises(BadOptionError, match=r"No format was named"):
        parse_formats(" ,")


@settings(max_examples=50)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=10, unique=True))
def test_natural_order_is_numeric(numbers: list[int]) -> None:
    names = sorted((f"Frame{number}.png" for number in numbers), key=natural_key)
    assert names == [f"Frame{number}.png" for number in sorted(numbers)]


# --- round trips ----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_npy_is_exact(tmp_path: Path, dtype: type) -> None:
    frames: np.ndarray = noise().astype(dtype) * 2 - 7
    assert write_video(tmp_path / "a.npy", frames, 25) == []
    back = np.load(tmp_path / "a.npy")
    assert back.dtype == frames.dtype
    np.testing.assert_array_equal(back, frames)


@pytest.mark.parametrize("channels", [1, 3])
def test_png_is_exact(tmp_path: Path, channels: int) -> None:
    frames = noise(channels=channels)
    write_video(tmp_path / "a", frames, 25)
    assert sorted(os.listdir(tmp_path / "a"))[:2] == ["00000.png", "00001.png"]
    back = read_video(tmp_path / "a", grey=channels == 1)
    np.testing.assert_array_equal(back.frames, frames)
    assert (back.fps, back.name, back.label) == (25.0, "a", "")


@pytest.mark.parametrize("fps", [24, 25, 30, 12.5, 30000 / 1001])
@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_count_size_and_rate_survive(tmp_path: Path, suffix: str, fps: float) -> None:
    frames = ramp(31)
    frames[5:15] = frames[5]  # equal frames must not be merged
    frames[-3:] = frames[-3]
    assert write_video(tmp_path / f"a{suffix}", frames, fps) == []
    back = read_video(tmp_path / f"a{suffix}")
    assert back.frames.shape == frames.shape
    assert back.frames.dtype == np.uint8
    assert back.fps == pytest.approx(fps, rel=2e-3)
    assert np.abs(back.frames.astype(int) - frames).mean() < 3


def test_gif_delays_follow_the_rate(tmp_path: Path) -> None:
    write_video(tmp_path / "a.gif", noise(30), 30)
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.info["loop"] == 0
        delays = []
        for index in range(getattr(gif, "n_frames", 1)):
            gif.seek(index)
            delays.append(gif.info["duration"])
    assert sum(delays) == 1000
    assert set(delays) == {30, 40}


def test_gif_that_plays_once(tmp_path: Path) -> None:
    write_video(tmp_path / "a.gif", noise(3), 10, loop=False)
    with Image.open(tmp_path / "a.gif") as gif:
        assert "loop" not in gif.info


def test_gif_has_a_fastest_rate(tmp_path: Path) -> None:
    notes = write_video(tmp_path / "a.gif", ramp(6), 60)
    assert notes == [
        "The GIF plays at 50 instead of 60 frames per second, the fastest that browsers show."
    ]
    assert read_video(tmp_path / "a.gif").fps == 50


def test_gif_of_grey_frames_stays_grey(tmp_path: Path) -> None:
    frames = np.linspace(0, 255, 4 * 16 * 20).reshape(4, 16, 20, 1).astype(np.uint8)
    write_video(tmp_path / "a.gif", frames, 10)
    back = read_video(tmp_path / "a.gif").frames.astype(int)
    assert np.ptp(back, axis=-1).max() == 0
    assert np.abs(back - frames).max() <= 4


def test_mp4_pads_odd_sides(tmp_path: Path) -> None:
    notes = write_video(tmp_path / "a.mp4", ramp(3, height=31, width=33), 25)
    assert notes == ["The MP4 was padded from 33x31 to 34x32 because H.264 wants even sizes."]
    assert read_video(tmp_path / "a.mp4").frames.shape == (3, 32, 34, 3)


def test_mp4_suits_browsers(clip: Path) -> None:
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
    data = clip.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_mp4_keeps_colours(tmp_path: Path) -> None:
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [200, 120, 40]], np.uint8)
    frames = np.broadcast_to(colours[:, None, None], (4, 32, 32, 3))
    write_video(tmp_path / "a.mp4", frames, 5)
    back = read_video(tmp_path / "a.mp4").frames.astype(int)
    assert np.abs(back - frames).mean() < 4


@pytest.mark.parametrize("suffix", ["", ".mp4", ".gif"])
def test_floats_saturate_and_are_never_stretched(tmp_path: Path, suffix: str) -> None:
    levels = np.array([-300.0, -1, 99.6, 100.4, 256, 511, 1e9, np.inf])
    frames = np.broadcast_to(levels[:, None, None, None], (8, 16, 16, 1))
    write_video(tmp_path / f"a{suffix}", frames, 10)
    back = read_video(tmp_path / f"a{suffix}", grey=True).frames.astype(int)
    expected = np.array([0, 0, 100, 100, 255, 255, 255, 255])
    assert np.abs(back - expected[:, None, None, None]).max() <= (2 if suffix else 0)


def test_nan_is_black_and_said(tmp_path: Path) -> None:
    frames = np.full((2, 4, 4, 1), 50.0)
    frames[0, 0, 0] = np.nan
    notes = write_video(tmp_path / "a", frames, 10)
    assert notes == ["1 grey levels were not a number and were written as black."]
    assert read_video(tmp_path / "a").frames[0, 0, 0].tolist() == [0, 0, 0]


@settings(max_examples=15)
@given(st.integers(1, 5), st.integers(1, 19), st.integers(1, 19), st.sampled_from(["gif", "mp4"]))
def test_any_small_size_survives(
    tmp_path_factory: pytest.TempPathFactory, count: int, height: int, width: int, kind: str
) -> None:
    path = tmp_path_factory.mktemp("any") / f"a.{kind}"
    write_video(path, noise(count, height, width), 10)
    even = kind == "mp4"
    expected = (count, height + even * (height % 2), width + even * (width % 2), 3)
    assert read_video(path).frames.shape == expected


def test_write_outputs(tmp_path: Path) -> None:
    paths, notes = write_outputs(
        tmp_path / "new", "v1.2", noise(3, 5, 7), 25, ["gif", "mp4", "png"]
    )
    assert [path.name for path in paths] == ["v1.2.gif", "v1.2.mp4", "v1.2"]
    assert all(path.exists() for path in paths)
    assert len(notes) == 1
    assert sorted(os.listdir(tmp_path / "new")) == sorted(path.name for path in paths)


# --- kinds of files -------------------------------------------------------------------------


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
        encode(path, ramp(20), codec)
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


# --- options --------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("fps", "start", "expected"),
    [
        (25, 0, list(range(30))),
        (12.5, 0, list(range(0, 30, 2))),
        (50, 0, [index // 2 for index in range(60)]),
        (12.5, 3, list(range(6, 30, 2))),
    ],
)
def test_resampling_in_time(clip: Path, fps: float, start: int, expected: list[int]) -> None:
    video = read_video(clip, fps=fps, start=start)
    # Halfway between two frames either is nearest.
    assert len(video.frames) == len(expected)
    assert np.abs(np.subtract(indices(video.frames), expected)).max() <= (fps == 50)
    assert video.fps == fps
    assert (video.notes == ()) == (fps == 25)


def test_variable_frame_rate_follows_the_times(tmp_path: Path) -> None:
    encode(tmp_path / "a.mkv", ramp(4), "libx264", pts=[0, 1, 5, 6])
    assert indices(read_video(tmp_path / "a.mkv").frames) == [0, 1, 2, 3]
    video = read_video(tmp_path / "a.mkv", fps=25, frames=7)
    assert indices(video.frames) == [0, 1, 1, 1, 2, 2, 3]


@settings(max_examples=50)
@given(st.integers(1, 60), st.floats(1, 120), st.floats(1, 120), st.floats(-5, 5))
def test_resampling_keeps_the_duration(count: int, own: float, fps: float, begin: float) -> None:
    def load() -> np.ndarray:
        raise AssertionError("nothing is converted while frames are selected")

    pictures = (Picture(str(index), begin + index / own, load) for index in range(count))
    chosen = list(resampled(pictures, own, fps))
    assert abs(len(chosen) - count / own * fps) <= 1.01 or len(chosen) == 1
    for tick, picture in enumerate(chosen):
        assert abs(picture.time - begin - tick / fps) <= 1 / own + 1 / fps


def test_decodes_only_what_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long.mp4"
    write_video(path, np.resize(ramp(30), (300, 32, 48, 3)), 25)
    decoded, converted = [], []
    frames_of, to_rgb = files_module.decoded, files_module._to_rgb

    def counted(*arguments: Any) -> Any:
        for frame in frames_of(*arguments):
            decoded.append(1)
            yield frame

    def counted_conversion(*arguments: Any) -> np.ndarray:
        converted.append(1)
        return to_rgb(*arguments)

    monkeypatch.setattr(files_module, "decoded", counted)
    monkeypatch.setattr(files_module, "_to_rgb", counted_conversion)
    assert indices(read_video(path, start=10, frames=5).frames) == list(range(10, 15))
    assert len(decoded) == 15
    assert len(converted) == 5


# --- finding --------------------------------------------------------------------------------


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


# --- errors of reading ----------------------------------------------------------------------


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
        encode(whole, frames, codec)
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


def test_memory_limit(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadVideoError, match=r"more than 2 GB of memory \(30 frames of 9000x9000\)"):
        read_video(clip, size=(9000, 9000))
    monkeypatch.setenv("DYNPAT_MAX_BYTES", str(32 * 48 * 3 * 10))
    with pytest.raises(BadVideoError, match=r"use a smaller --size or fewer --frames"):
        read_video(clip)
    assert len(read_video(clip, frames=10).frames) == 10
    assert len(read_video(clip, start=20).frames) == 10


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


# --- errors of writing ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.mp4", "a.gif", "a.npy", "a"])
def test_a_failure_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    write_video(tmp_path / name, noise(), 25)
    before = sorted(tmp_path.rglob("*"))

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing_module, "to_levels", full)
    monkeypatch.setattr("dynpat.videos.encoding.to_levels", full)
    monkeypatch.setattr(np, "save", full)
    sentence = f"could not write '.*{name}': No space left on device; free some space or choose"
    with pytest.raises(OutputError, match=sentence):
        write_video(tmp_path / name, noise(3), 25)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["a.mp4", "a.gif", "a.npy", "a"])
def test_no_folder_can_be_made_below_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match=r"could not write .* choose another --out"):
        write_video(tmp_path / "file" / name, noise(), 25)
    assert os.listdir(tmp_path) == ["file"]


def test_an_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dynpat.videos.encoding.to_levels", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_video(tmp_path / "a.mp4", noise(), 25)
    assert os.listdir(tmp_path) == []


def test_png_folder_is_replaced_but_no_other(tmp_path: Path) -> None:
    write_video(tmp_path / "a", noise(6), 25)
    write_video(tmp_path / "a", noise(2), 25)
    assert sorted(os.listdir(tmp_path)) == ["a"]
    assert len(os.listdir(tmp_path / "a")) == 2
    (tmp_path / "a" / "thesis.txt").write_text("precious")
    with pytest.raises(OutputError, match=r"also holds 'thesis.txt', which is not a frame"):
        write_video(tmp_path / "a", noise(2), 25)
    assert (tmp_path / "a" / "thesis.txt").read_text() == "precious"


def test_what_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadOptionError, match=r"has an ending that is not written; use .mp4"):
        write_video(tmp_path / "a.avi", noise(), 25)
    for frames in (noise()[0], noise(0), noise(channels=2)):
        with pytest.raises(BadOptionError, match=r"expected are \(T, H, W, C\)"):
            write_video(tmp_path / "a.gif", frames, 25)
    with pytest.raises(BadOptionError, match=r"of type bool cannot be written"):
        write_video(tmp_path / "a.gif", noise() > 3, 25)
    with pytest.raises(BadOptionError, match=r"nan frames per second is out of range"):
        write_video(tmp_path / "a.gif", noise(), float("nan"))
    monkeypatch.setattr("dynpat.videos.encoding.H264_ENCODERS", ("no such encoder",))
    with pytest.raises(OutputError, match=r"has no H.264 encoder"):
        write_video(tmp_path / "a.mp4", noise(), 25)
    assert os.listdir(tmp_path) == []


# --- the real videos ------------------------------------------------------------------------


@needs_data
def test_real_videos() -> None:
    video = read_video(DATA / "textures" / "fire_pot" / "fire_pot.avi", size=(64, 64), frames=40)
    assert video.frames.shape == (40, 64, 64, 3)
    assert video.fps == 25
    assert 5 < video.frames.mean() < 250
    video = read_video(DATA / "published" / "stgconvnet_lake.gif")
    assert video.frames.shape == (70, 100, 415, 3)
    assert video.fps == 10
