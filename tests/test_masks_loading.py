"""Every kind of file that masks come in, and what their levels mean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mask_files import (
    FRAMES,
    HEIGHT,
    SHAPE,
    WIDTH,
    levels,
    save_folder,
    save_hdf5,
    save_image,
    save_mat,
    save_npy,
    save_npz,
    save_pages,
    save_video,
)
from PIL import Image

from dynpat.errors import BadMaskError
from dynpat.masks import read_mask
from dynpat.videos import write_video

FOUNTAIN = (
    Path(__file__).resolve().parents[1].parent / "shared" / "data" / "recovery" / "fountain"
)


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    """A box of two thirds of each side that moves by two pixels a frame."""
    mask = np.zeros(SHAPE, np.bool_)
    for index in range(FRAMES):
        mask[index, 4:12, 2 * index : 2 * index + 8] = True
    return mask


MOVING: dict[str, Callable[[Path, np.ndarray], Path]] = {
    "folder": lambda at, m: save_folder(at / "frames", m),
    "tiff pages": lambda at, m: save_pages(at / "m.tif", m),
    "gif": lambda at, m: save_video(at / "m.gif", m),
    "npy bool": lambda at, m: save_npy(at / "m.npy", m),
    "npy numbers": lambda at, m: save_npy(at / "m.npy", np.where(m, 0.9, 0.3)),
    "npy one channel": lambda at, m: save_npy(at / "m.npy", levels(m)[..., None]),
    "npy channels": lambda at, m: save_npy(at / "m.npy", m[..., None] & [False, True, False]),
    "npz mask": lambda at, m: save_npz(at / "m.npz", mask=m, other=~m),
    "npz masks": lambda at, m: save_npz(at / "m.npz", masks=m, other=~m),
    "npz only": lambda at, m: save_npz(at / "m.npz", boat=m.astype(np.int64)),
    "mat": lambda at, m: save_mat(at / "m.mat", masks=levels(np.moveaxis(m, 0, 2))),
    "mat channels": lambda at, m: save_mat(
        at / "m.mat", masks=np.moveaxis(m, 0, 2)[..., None] & [True, False, False]
    ),
    "mat 7.3": lambda at, m: save_hdf5(at / "m.mat", masks=np.moveaxis(m, 0, 2)),
    "mat 7.3 with header": lambda at, m: save_hdf5(
        at / "m.mat", True, masks=levels(np.moveaxis(m, 0, 2))[..., None].repeat(3, -1)
    ),
}


@pytest.mark.parametrize("kind", MOVING)
def test_every_kind_gives_the_same_mask(kind: str, tmp_path: Path, truth: np.ndarray) -> None:
    mask = read_mask(MOVING[kind](tmp_path, truth), SHAPE)
    assert mask.dtype == np.bool_ and mask.flags.writeable
    np.testing.assert_array_equal(mask, truth)


# Where channels differ, some channel is black everywhere, so that nothing is known.
@pytest.mark.parametrize("kind", [kind for kind in MOVING if not kind.endswith("channels")])
def test_black_is_missing_if_inverted(kind: str, tmp_path: Path, truth: np.ndarray) -> None:
    mask = read_mask(MOVING[kind](tmp_path, truth), SHAPE, invert=True)
    np.testing.assert_array_equal(mask, ~truth)


STILL: dict[str, Callable[[Path, np.ndarray], Path]] = {
    "grey": lambda at, m: save_image(at / "m.png", levels(m)),
    "0 and 1": lambda at, m: save_image(at / "m.png", m.astype(np.uint8)),
    "1 bit": lambda at, m: save_image(at / "m.png", m),
    "16 bit": lambda at, m: save_image(at / "m.png", np.where(m, 40000, 300).astype(np.uint16)),
    "fractions": lambda at, m: save_image(at / "m.tif", m.astype(np.float32)),
    "red": lambda at, m: save_image(at / "m.bmp", levels(m[..., None] & [True, False, False])),
    "lossy": lambda at, m: save_image(at / "m.jpg", levels(m)),
    "transparent": lambda at, m: save_image(
        at / "m.png", np.concatenate([levels(m)[..., None].repeat(3, -1),
                                      levels(~m)[..., None]], -1)
    ),
    "one in a folder": lambda at, m: save_folder(at / "frames", m[None]),
    "npy": lambda at, m: save_npy(at / "m.npy", m),
    "mat": lambda at, m: save_mat(at / "m.mat", masks=m),
    "one-frame gif": lambda at, m: save_video(at / "m.gif", m[None]),
}


@pytest.mark.parametrize("kind", STILL)
def test_one_frame_serves_for_all(kind: str, tmp_path: Path, truth: np.ndarray) -> None:
    mask = read_mask(STILL[kind](tmp_path, truth[1]), SHAPE, start=7)
    np.testing.assert_array_equal(mask, np.repeat(truth[1:2], FRAMES, axis=0))


def test_a_palette_counts_by_luma_without_its_opacity(tmp_path: Path, truth: np.ndarray) -> None:
    image = Image.fromarray(truth[0].astype(np.uint8), "L").convert("P")
    image.putpalette([0, 0, 255, 255, 255, 0])  # blue is dark, yellow is bright
    for options in ({}, {"transparency": 1}, {"transparency": bytes([9, 200])}):
        image.save(tmp_path / "m.png", **options)
        mask = read_mask(tmp_path / "m.png", SHAPE)
        np.testing.assert_array_equal(mask[0], truth[0])


def test_a_lossy_video_is_cut_at_mid_grey(tmp_path: Path) -> None:
    flat = np.zeros((3, 32, 32, 1), np.uint8)
    flat[:, :, :16], flat[:, :, 16:] = 100, 150
    write_video(tmp_path / "m.mp4", flat, 25)
    mask = read_mask(tmp_path / "m.mp4", (3, 32, 32))
    assert not mask[:, :, :15].any() and mask[:, :, 17:].all()


@pytest.mark.parametrize("kind", ["folder", "gif", "npy bool", "mat", "tiff pages"])
def test_frames_of_a_longer_mask_are_those_of_the_video(
    kind: str, tmp_path: Path, truth: np.ndarray
) -> None:
    path = MOVING[kind](tmp_path, truth)
    shape = (3, HEIGHT, WIDTH)
    np.testing.assert_array_equal(read_mask(path, shape), truth[:3])
    np.testing.assert_array_equal(read_mask(path, shape, start=1), truth[1:4])
    np.testing.assert_array_equal(read_mask(path, shape, start=2), truth[2:])
    np.testing.assert_array_equal(read_mask(path, SHAPE, start=90), truth)
    with pytest.raises(BadMaskError, match=r"has 5 frames, .* has 3 .* of 6 or more .*\.$"):
        read_mask(path, shape, start=3)


@pytest.mark.parametrize("kind", [kind for kind in MOVING if kind != "folder"])
def test_cut_files_are_refused(kind: str, tmp_path: Path, truth: np.ndarray) -> None:
    path = MOVING[kind](tmp_path, truth)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(BadMaskError, match=r"^The mask '.*[^.]\.$"):
        read_mask(path, SHAPE)


@pytest.mark.skipif(not FOUNTAIN.is_dir(), reason="the authors' masks are not here")
def test_the_authors_masks_are_read() -> None:
    region = read_mask(FOUNTAIN / "region_type.mat", (70, 150, 150))
    assert region.mean() == pytest.approx(0.16, abs=0.001)
    assert (region.sum(axis=(1, 2)) == 60 * 60).all()
    whole = read_mask(FOUNTAIN / "missing_frame_type.mat", (70, 150, 150))
    assert whole.all(axis=(1, 2)).sum() == whole.any(axis=(1, 2)).sum() == 35


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
