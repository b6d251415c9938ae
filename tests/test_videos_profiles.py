"""Levels of another colour profile are read as a viewer shows them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from PIL import Image

from dynpat.datasets import flames
from dynpat.videos import read_video

SIZE = (48, 64)  # height, width


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
