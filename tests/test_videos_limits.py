"""Small files that unpack to huge ones are refused before they are unpacked."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from making_videos import encoded, ramp
from PIL import Image
from scipy.io import savemat

from dynpat.datasets import flames
from dynpat.errors import BadMaskError, BadOptionError, BadVideoError
from dynpat.masks import read_mask
from dynpat.videos import read_video, write_video
from dynpat.videos.limits import BYTES, FRAMES, PIXELS

SIDE = 30_000


def png_bomb(path: Path) -> Path:
    """A black picture of 900 million pixels in about 110 kB."""
    packer = zlib.compressobj(9)
    row = bytes(1 + SIDE // 8)
    data = b"".join(packer.compress(row) for _ in range(SIDE)) + packer.flush()

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(
            ">I", zlib.crc32(name + body)
        )

    head = struct.pack(">IIBBBBB", SIDE, SIDE, 1, 0, 0, 0, 0)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )
    return path


def test_a_picture_of_too_many_pixels(
    tmp_path: Path, refused: Callable[..., str], recwarn: pytest.WarningsRecorder
) -> None:
    bomb = png_bomb(tmp_path / "v" / "a.png")
    assert bomb.stat().st_size < 200_000
    with pytest.raises(BadVideoError, match=r"30000x30000 pixels.*DYNPAT_MAX_PIXELS=900000000"):
        read_video(bomb.parent, size=(8, 8))
    with pytest.raises(BadMaskError, match="30000x30000 pixels"):
        read_mask(bomb, (3, 8, 8))
    assert "30000x30000" in refused("learn", bomb.parent, "--size", 32, "--quiet")
    assert not recwarn.list


def test_a_later_picture_of_too_many_pixels(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(png_bomb(tmp_path / "v" / "b.png").with_name("a.png"))
    with pytest.raises(BadVideoError, match=r"b.png' has pictures of 30000x30000"):
        read_video(tmp_path / "v", size=(8, 8))


def test_who_trusts_a_file_raises_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "v.mp4"
    write_video(path, flames(4, (48, 64)), 25)
    monkeypatch.setenv(PIXELS, "3000")
    with pytest.raises(BadVideoError, match=r"64x48 pixels, and 3,000 .*MAX_PIXELS=3072"):
        read_video(path)
    monkeypatch.setenv(PIXELS, "3072")
    assert len(read_video(path).frames) == 4


def test_two_frames_a_day_apart_are_not_repeated_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = encoded(tmp_path / "v.mkv", ramp(2, 16, 16), times=[0, 86_400_000])
    with pytest.raises(BadVideoError, match=r"more than 1,000,000 frames .*a lower --fps, or set"):
        read_video(path, fps=1000)
    assert len(read_video(path, fps=1000, frames=5).frames) == 5
    monkeypatch.setenv(FRAMES, "30")
    with pytest.raises(BadVideoError, match=r"more than 30 frames .*DYNPAT_MAX_FRAMES"):
        read_video(encoded(tmp_path / "w.mkv", ramp(31)))
    assert len(read_video(encoded(tmp_path / "x.mkv", ramp(30))).frames) == 30


@pytest.mark.parametrize("text", ["", "many", "0", "-5", "1e9"])
def test_a_limit_is_a_whole_number(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "v.mp4"
    write_video(path, flames(2, (48, 64)), 25)
    monkeypatch.setenv(PIXELS, text)
    with pytest.raises(BadOptionError, match=r"DYNPAT_MAX_PIXELS=.*is no limit"):
        read_video(path)


@pytest.mark.parametrize("ending", [".npz", ".mat", ".h5.mat", ".tif"])
def test_arrays_that_unpack_to_too_much(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, mask = tmp_path / f"mask{ending}", np.zeros((200, 200, 50), np.uint8)
    mask[50:60] = 1
    if ending == ".npz":
        np.savez_compressed(path, masks=mask.transpose(2, 0, 1))
    elif ending == ".mat":
        savemat(path, {"masks": mask}, do_compression=True)
    elif ending == ".h5.mat":
        with h5py.File(path, "w") as file:
            file.create_dataset("masks", data=mask.T, compression="gzip")
    else:
        first, *rest = (Image.fromarray(255 * page) for page in mask.transpose(2, 0, 1))
        first.save(path, save_all=True, append_images=rest, compression="tiff_deflate")
    assert read_mask(path, (50, 200, 200)).sum() == 10 * 200 * 50
    monkeypatch.setenv(BYTES, "1999999")
    with pytest.raises(BadMaskError, match=r"unpacks to 0.002 GB.*DYNPAT_MAX_BYTES"):
        read_mask(path, (50, 200, 200))
