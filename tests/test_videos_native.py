"""Frames in formats for the native decoders of tensorflow-io, where they load and where not."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dynpat.errors import BadVideoError
from dynpat.tasks import doctor
from dynpat.videos import limits, native, read_video

LOADS = native.decoders().available
natively = pytest.mark.skipif(not LOADS, reason="tensorflow-io's decoders do not load here")


def test_they_load_where_the_matrix_says_so() -> None:
    if os.environ.get("DYNPAT_TFIO"):
        assert LOADS, native.decoders().why


def exr(channels: dict[str, np.ndarray]) -> bytes:
    """An OpenEXR file of uncompressed lines; channels (H, W) float32 or float16."""
    height, width = next(iter(channels.values())).shape

    def attribute(name: str, kind: str, value: bytes) -> bytes:
        return f"{name}\0{kind}\0".encode() + struct.pack("<i", len(value)) + value

    listed = b"".join(
        f"{name}\0".encode() + struct.pack("<iB3xii", 2 if c.dtype == np.float32 else 1, 0, 1, 1)
        for name, c in sorted(channels.items())
    )
    box = struct.pack("<4i", 0, 0, width - 1, height - 1)
    head = struct.pack("<ii", 20000630, 2) + b"".join([
        attribute("channels", "chlist", listed + b"\0"),
        attribute("compression", "compression", b"\0"), attribute("dataWindow", "box2i", box),
        attribute("displayWindow", "box2i", box), attribute("lineOrder", "lineOrder", b"\0"),
        attribute("pixelAspectRatio", "float", struct.pack("<f", 1)),
        attribute("screenWindowCenter", "v2f", struct.pack("<2f", 0, 0)),
        attribute("screenWindowWidth", "float", struct.pack("<f", 1)), b"\0",
    ])
    rows = [
        b"".join(c[y].tobytes() for _, c in sorted(channels.items())) for y in range(height)
    ]
    first = len(head) + 8 * height
    offsets = [struct.pack("<Q", first + y * (8 + len(rows[0]))) for y in range(height)]
    lines = [struct.pack("<ii", y, len(row)) + row for y, row in enumerate(rows)]
    return head + b"".join(offsets) + b"".join(lines)


def hdr(light: np.ndarray) -> bytes:
    """A Radiance file of (H, W, 3) linear light."""
    largest = light.max(axis=-1)
    fraction, exponent = np.frexp(largest)
    scaled = light * (fraction * 256 / largest)[..., np.newaxis]
    pixels = np.concatenate([scaled, (exponent + 128)[..., np.newaxis]], axis=-1).astype(np.uint8)
    height, width = largest.shape
    head = f"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y {height} +X {width}\n"
    return head.encode() + pixels.tobytes()


@pytest.fixture
def light() -> np.ndarray:
    return np.random.default_rng(0).uniform(0.01, 1.2, (10, 14, 3)).astype(np.float32)


@pytest.fixture
def levels() -> np.ndarray:
    smooth = np.linspace(20, 230, 14)[:, np.newaxis] + np.array([-10, 0, 10])
    return np.broadcast_to(smooth, (10, 14, 3)).astype(np.uint8)


def standard(light: np.ndarray) -> np.ndarray:
    """sRGB of tone-mapped light, computed by its inverse: the level whose light is nearest."""
    light = np.where(light < 0.9, light, 1 - 0.01 / (light - 0.8))
    table = np.arange(256) / 255
    table = np.where(table <= 0.04045, table / 12.92, ((table + 0.055) / 1.055) ** 2.4)
    return np.abs(light[..., np.newaxis] - table).argmin(axis=-1)


def test_light_brighter_than_white_is_told_apart() -> None:
    made = native._standard(np.float32([0, 0.5, 0.9, 1, 1.5, 3, np.nan, -1, np.inf]))
    assert list(made[:4]) == list(standard(np.float64([0, 0.5, 0.9, 1])))
    assert made[3] < made[4] < made[5] <= 255
    assert made[6] == made[7] == 0 and made[8] == 255


@pytest.fixture
def no_pillow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever is read, Pillow did not read it."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("Pillow was asked")

    monkeypatch.setattr(limits.Image, "open", refuse)
    yield


def folder_of(folder: Path, *files: bytes, ending: str) -> Path:
    folder.mkdir(exist_ok=True)
    for number, data in enumerate(files):
        (folder / f"{number}{ending}").write_bytes(data)
    return folder


@natively
@pytest.mark.parametrize("precision", [np.float16, np.float32])
def test_exr(light: np.ndarray, precision: Any, tmp_path: Path, no_pillow: None) -> None:
    light = light.astype(precision)
    data = exr({name: light[..., i] for i, name in enumerate("RGB")})
    video = read_video(folder_of(tmp_path / "v", data, data, ending=".exr"))
    assert video.frames.shape == (2, 10, 14, 3)
    assert np.abs(video.frames[1] - standard(light.astype(np.float32))).max() <= 1
    assert any("sRGB" in note for note in video.notes)


@natively
def test_exr_of_one_channel_and_of_foreign_ones(light: np.ndarray, tmp_path: Path) -> None:
    grey = exr({"Y": light[..., 0], "Z": light[..., 1]})
    video = read_video(folder_of(tmp_path / "v", grey, ending=".exr"))
    assert np.abs(video.frames[0] - standard(light[..., :1])).max() <= 1
    depth = folder_of(tmp_path / "z", exr({"Z": light[..., 0]}), ending=".exr")
    with pytest.raises(BadVideoError, match="its channels are Z"):
        read_video(depth)


@natively
def test_hdr(light: np.ndarray, tmp_path: Path, no_pillow: None) -> None:
    light = light.clip(0.3)  # the three share an exponent: dark ones beside bright are coarse
    video = read_video(folder_of(tmp_path / "v", hdr(light), ending=".hdr"))
    assert np.abs(video.frames[0] - standard(light)).max() <= 4


@natively
@pytest.mark.parametrize(("ending", "kind", "error"), [
    (".tif", "TIFF", 0), (".pnm", "PPM", 0), (".jp2", "JPEG2000", 2), (".avif", "AVIF", 16),
])  # fmt: skip
def test_what_pillow_reads_too(
    levels: np.ndarray, ending: str, kind: str, error: int, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "v").mkdir()
    Image.fromarray(levels).save(tmp_path / "v" / f"0{ending}", kind)
    monkeypatch.setattr(limits.Image, "open", None)
    video = read_video(tmp_path / "v")
    assert np.abs(video.frames[0].astype(int) - levels).max() <= error


@natively
@pytest.mark.parametrize("ending", sorted(native.KINDS))
def test_broken_files_are_refused_and_the_next_one_is_read(
    levels: np.ndarray, light: np.ndarray, ending: str, tmp_path: Path
) -> None:
    whole = exr({name: light[..., i] for i, name in enumerate("RGB")})
    for number, data in enumerate([b"", b"\0" * 500, whole[:200], whole[:-300], b"P6 9 9 255 "]):
        if ending == ".exr" and data == whole[:-300]:
            continue  # lines that lack at the end may be read as black
        with pytest.raises(BadVideoError, match="cannot be read"):
            read_video(folder_of(tmp_path / f"bad{number}", data, ending=ending))
    (tmp_path / "good").mkdir()
    Image.fromarray(levels).save(tmp_path / "good" / "0.tif")
    np.testing.assert_array_equal(read_video(tmp_path / "good").frames[0], levels)


@pytest.mark.parametrize(("ending", "kind"), [(".tif", "TIFF"), (".jp2", "JPEG2000"),
                                              (".pgm", "PPM")])  # fmt: skip
def test_more_than_eight_bit_is_scaled_and_said(ending: str, kind: str, tmp_path: Path) -> None:
    deep = np.tile(np.array([[0, 257, 32768, 65535]], np.uint16), (4, 1))
    (tmp_path / "v").mkdir()
    Image.fromarray(deep).save(tmp_path / "v" / f"0{ending}", kind)
    video = read_video(tmp_path / "v")
    assert video.frames[0, 0, :, 0].tolist() == [0, 1, 128, 255]
    assert video.notes == ("16-bit grey levels were scaled to 8 bit.",)


def test_a_turned_tiff_stands_upright(levels: np.ndarray, tmp_path: Path) -> None:
    turned = Image.Exif()
    turned[0x0112] = 3
    (tmp_path / "v").mkdir()
    Image.fromarray(levels).save(tmp_path / "v" / "0.tif", exif=turned)
    np.testing.assert_array_equal(read_video(tmp_path / "v").frames[0], levels[::-1, ::-1])


@pytest.mark.skipif(LOADS, reason="tensorflow-io's decoders load here")
def test_without_them_one_sentence_says_what_to_do(
    light: np.ndarray, tmp_path: Path, refused: Callable[..., str]
) -> None:
    folder = folder_of(tmp_path / "v", hdr(light), hdr(light), ending=".hdr")
    with pytest.raises(BadVideoError, match=r"tensorflow-io alone.*convert the frames to PNG"):
        read_video(folder)
    assert "dynpat[tfio]" in refused("learn", folder, "--quiet")


@pytest.mark.skipif(LOADS, reason="tensorflow-io's decoders load here")
@pytest.mark.parametrize(("ending", "kind"), [
    (".tif", "TIFF"), (".ppm", "PPM"), (".jp2", "JPEG2000"), (".avif", "AVIF"),
])  # fmt: skip
def test_without_them_pillow_reads_what_it_can(
    levels: np.ndarray, ending: str, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "v").mkdir()
    Image.fromarray(levels).save(tmp_path / "v" / f"0{ending}", kind)
    video = read_video(tmp_path / "v")
    assert np.abs(video.frames[0].astype(int) - levels).max() <= 16


def test_doctor_tells_which_of_them_read(dynpat: Callable[..., Any]) -> None:
    (found,) = [f for f in doctor.examine() if f.name == "tensorflow-io"]
    if LOADS:
        assert found.works and all(ending in found.detail for ending in (".exr", ".hdr", ".tif"))
    else:
        assert not found.works and not found.needed and ".exr" in found.remedy
