"""Videos as people bring them: what differs from what a player shows is said."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from dynpat.datasets import flames
from dynpat.errors import BadMaskError, BadVideoError
from dynpat.masks import read_mask
from dynpat.reporter import Reporter
from dynpat.tasks.incomplete import read_incomplete
from dynpat.tasks.restore import make_restoration, restore
from dynpat.videos import find_videos, read_video, write_video
from dynpat.videos.opening import frame_numbers
from dynpat.videos.sound import add_sound

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


def test_grey_levels_that_look_like_labels_are_said(tmp_path: Path) -> None:
    labels = np.zeros((10, 10), np.uint8)
    labels[2:4], labels[6:8, :5] = 1, 2
    Image.fromarray(labels).save(tmp_path / "mask.png")
    with pytest.raises(BadMaskError, match=r"only up to 2; .* are labels"):
        read_mask(tmp_path / "mask.png", (3, 10, 10))


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


def moving_square(frames: int) -> tuple[np.ndarray, np.ndarray]:
    """A video, and the mask of the square that moves through it."""
    mask = np.zeros((frames, *SIZE), bool)
    for number in range(frames):
        mask[number, 8:16, 2 + 2 * number : 10 + 2 * number] = True
    video = np.broadcast_to(np.where(mask, 250, 40)[..., np.newaxis], (*mask.shape, 3))
    return video.astype(np.uint8), mask


@pytest.mark.parametrize("kind", ["folder", "array"])
def test_a_mask_as_long_as_the_file_follows_a_resampled_video(tmp_path: Path, kind: str) -> None:
    video, mask = moving_square(20)
    source = encoded(tmp_path / "a.mp4", video)
    path = tmp_path / ("mask" if kind == "folder" else "mask.npy")
    if kind == "folder":
        path.mkdir()
        for number, frame in enumerate(mask):
            Image.fromarray(frame).save(path / f"{number:03d}.png")
    else:
        np.save(path, mask)
    plan = make_restoration("recover", source, missing={"mask": str(path)}, fps=12.5, start=1)
    work = read_incomplete(plan, Reporter())
    taken = [2 * number for number in range(1, 10)]
    assert frame_numbers(source, 12.5, 1, 9) == taken
    np.testing.assert_array_equal(work.missing[0], mask[taken])
    # The square is where the mask is: the pictures are the same ones.
    assert float(work.videos[0].frames[mask[taken]].mean()) > 200


@pytest.mark.parametrize(("codec", "ending"), [("libvpx-vp9", "webm"), ("libvpx", "webm")])
def test_transparency_of_web_video_is_over_black(tmp_path: Path, codec: str, ending: str) -> None:
    rgba = np.zeros((5, *SIZE, 4), np.uint8)
    rgba[..., 0], rgba[:, :, : SIZE[1] // 2, 3] = 200, 255
    with av.open(str(tmp_path / f"a.{ending}"), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width, stream.pix_fmt = *SIZE, "yuva420p"
        stream.options = {"auto-alt-ref": "0"}  # which opacity does not go with in VP8
        for picture in rgba:
            frame = av.VideoFrame.from_ndarray(picture, format="rgba")
            container.mux(stream.encode(frame.reformat(format="yuva420p")))
        container.mux(stream.encode())
    video = read_video(tmp_path / f"a.{ending}")
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


def with_tone(path: Path, frames: np.ndarray, codec: str = "aac") -> Path:
    """A video file with a tone of 440 hertz."""
    with av.open(str(path), "w") as container:
        seen = container.add_stream("libx264", rate=25)
        seen.height, seen.width, seen.pix_fmt = *frames.shape[1:3], "yuv420p"
        heard = container.add_stream(codec, rate=48000)
        heard.layout = "mono"
        for picture in frames:
            container.mux(seen.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(seen.encode())
        times = np.arange(48000 * len(frames) // 25) / 48000
        wave = (8000 * np.sin(2 * np.pi * 440 * times)).astype(np.int16)
        for first in range(0, len(wave) - 1023, 1024):
            part = av.AudioFrame.from_ndarray(wave[np.newaxis, first : first + 1024], "s16", "mono")
            part.sample_rate, part.pts = 48000, first
            container.mux(heard.encode(part))
        container.mux(heard.encode())
    return path


def sound_of(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return []
        return [bytes(packet) for packet in container.demux(container.streams.audio[0])
                if packet.size]


def test_inpainting_keeps_the_sound(tmp_path: Path) -> None:
    frames = flames(12, (32, 32))
    source = with_tone(tmp_path / "a.mp4", frames)
    assert len(sound_of(source)) > 10
    mask = np.zeros((12, 32, 32), bool)
    mask[:, 12:18, 12:18] = True
    np.save(tmp_path / "mask.npy", mask)
    said: list[str] = []

    class Told(Reporter):
        def say(self, sentence: str) -> None:
            said.append(sentence)

    def run(name: str, **options: Any) -> Path:
        plan = make_restoration(
            "inpaint", source, missing={"mask": str(tmp_path / "mask.npy")}, precision="float32",
            learn={"iterations": 1}, **options,
        )
        restore(plan, tmp_path / name, formats=("mp4",), reporter=Told())
        return tmp_path / name / "results" / "recovered_000.mp4"

    whole = run("whole")
    assert sound_of(whole) == sound_of(source)
    assert any("sound" in sentence and "copied" in sentence for sentence in said)
    assert len(read_video(whole).frames) == 12
    said.clear()
    assert sound_of(run("part", frames=10, start=1)) == []
    assert any("sound" in sentence and "left out" in sentence for sentence in said)


def test_sound_that_mp4_cannot_hold_is_said(tmp_path: Path) -> None:
    frames = flames(12, (32, 32))
    source = with_tone(tmp_path / "a.mov", frames, codec="pcm_mulaw")
    video = encoded(tmp_path / "b.mp4", frames)
    before = video.read_bytes()
    assert "left out" in add_sound(video, source)
    assert video.read_bytes() == before and len(list(tmp_path.iterdir())) == 2


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


def linear_profile() -> bytes:
    """An ICC profile of the primaries of sRGB whose levels are linear in light."""
    def fixed(*numbers: float) -> bytes:
        return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)

    text = b"Linear\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78),
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": b"XYZ \0\0\0\0" + fixed(0.9642, 1.0, 0.8249),
        b"rXYZ": b"XYZ \0\0\0\0" + fixed(0.4360, 0.2225, 0.0139),
        b"gXYZ": b"XYZ \0\0\0\0" + fixed(0.3851, 0.7169, 0.0971),
        b"bXYZ": b"XYZ \0\0\0\0" + fixed(0.1431, 0.0606, 0.7141),
        **{curve: b"curv" + bytes(8) for curve in (b"rTRC", b"gTRC", b"bTRC")},
    }
    table, data = struct.pack(">I", len(tags)), b""
    for name, body in tags.items():
        place = 128 + 4 + 12 * len(tags) + len(data)
        table += name + struct.pack(">II", place, len(body))
        data += body + bytes(-len(body) % 4)
    head = struct.pack(">I4sI", 128 + len(table) + len(data), bytes(4), 0x02400000)
    head += b"mntrRGB XYZ " + struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    head += fixed(0.9642, 1.0, 0.8249)
    return head.ljust(128, b"\0") + table + data


def test_a_profile_of_srgb_changes_nothing_and_one_that_is_damaged_is_said(
    tmp_path: Path
) -> None:
    from PIL import ImageCms

    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    frames = flames(3, SIZE)
    for name, profile in (("srgb", srgb), ("damaged", b"no profile")):
        (tmp_path / name).mkdir()
        for number, frame in enumerate(frames):
            Image.fromarray(frame).save(tmp_path / name / f"{number}.png", icc_profile=profile)
    video = read_video(tmp_path / "srgb")
    assert video.notes == () and np.array_equal(video.frames, frames)
    video = read_video(tmp_path / "damaged")
    assert "profile cannot be read" in video.notes[0]
    np.testing.assert_array_equal(video.frames, frames)


def test_levels_of_another_profile_are_read_as_a_viewer_shows_them(tmp_path: Path) -> None:
    for number in range(2):
        Image.new("RGB", (8, 8), (55, 55, 55)).save(
            tmp_path / f"{number}.png", icc_profile=linear_profile()
        )
    video = read_video(tmp_path)
    assert "from the profile 'Linear' to sRGB" in video.notes[0]
    light = 55 / 255  # sRGB's curve gives its level
    level = 255 * (1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(video.frames.astype(float) - level).max() < 1.5


def test_a_mask_that_is_in_the_opacity_alone_is_said(tmp_path: Path) -> None:
    rgba = np.zeros((10, 10, 4), np.uint8)
    rgba[..., 3] = 255
    rgba[2:5, 2:5, 3] = 0
    Image.fromarray(rgba).save(tmp_path / "hole.png")
    with pytest.raises(BadMaskError, match="opacity counts for nothing"):
        read_mask(tmp_path / "hole.png", (3, 10, 10))
    painted = np.zeros((10, 10, 4), np.uint8)
    painted[2:5, 2:5] = (255, 0, 0, 255)
    Image.fromarray(painted).save(tmp_path / "red.png")
    assert read_mask(tmp_path / "red.png", (3, 10, 10)).sum() == 27


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


def test_kinds_that_disagree_with_their_names_are_read(tmp_path: Path) -> None:
    frames = flames(4, SIZE)
    write_video(tmp_path / "a.gif", frames, 10)
    (tmp_path / "a.gif").rename(tmp_path / "a.mp4")
    video = read_video(tmp_path / "a.mp4")
    assert video.fps == pytest.approx(10) and np.abs(video.frames.astype(float) - frames).mean() < 4


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
