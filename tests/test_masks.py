"""Masks: every kind of file, fitting to the video, drawn masks, and one sentence per error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image

from dynpat.errors import BadMaskError, BadOptionError
from dynpat.masks import box_mask, describe, draw_mask, mask_preview, read_mask
from dynpat.videos import write_video

FOUNTAIN = (
    Path(__file__).resolve().parents[1].parent / "shared" / "data" / "recovery" / "fountain"
)
FRAMES, HEIGHT, WIDTH = SHAPE = (5, 16, 24)


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    """A box of two thirds of each side that moves by two pixels a frame."""
    mask = np.zeros(SHAPE, np.bool_)
    for index in range(FRAMES):
        mask[index, 4:12, 2 * index : 2 * index + 8] = True
    return mask


def levels(mask: np.ndarray) -> np.ndarray:
    return np.uint8(255) * mask.astype(np.uint8)


def save_image(path: Path, picture: np.ndarray) -> Path:
    Image.fromarray(picture).save(path)
    return path


def save_mat(path: Path, **arrays: np.ndarray) -> Path:
    pytest.importorskip("scipy").io.savemat(path, arrays)
    return path


def save_hdf5(path: Path, header: bool = False, **arrays: np.ndarray) -> Path:
    """As MATLAB 7.3: axes reversed, and 512 bytes of text in front if `header`."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w", userblock_size=512 if header else 0) as file:
        for name, array in arrays.items():
            file[name] = array.T
        file.create_group("#refs#")
    if header:
        with path.open("r+b") as raw:
            raw.write(b"MATLAB 7.3 MAT-file".ljust(128))
    return path


def save_folder(path: Path, mask: np.ndarray) -> Path:
    path.mkdir()
    for index, frame in enumerate(mask):  # natural order: 8, 9, 10, 11, 12
        save_image(path / f"m{index + 8}.png", levels(frame))
    return path


def save_npz(path: Path, **arrays: np.ndarray) -> Path:
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    return path


def save_npy(path: Path, array: np.ndarray) -> Path:
    np.save(path, array)
    return path


def save_pages(path: Path, mask: np.ndarray) -> Path:
    pages = [Image.fromarray(levels(frame)) for frame in mask]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    return path


def save_video(path: Path, mask: np.ndarray) -> Path:
    write_video(path, levels(mask)[..., None], 25)
    return path


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


def test_a_mask_of_the_files_size_marks_whatever_is_hidden_by_a_tenth(tmp_path: Path) -> None:
    own = np.zeros((1, 20, 40), np.bool_)
    own[0, :10, :10] = np.arange(100).reshape(10, 10) < 10  # exactly a tenth: known
    own[0, 10:, :10] = np.arange(100).reshape(10, 10) < 11  # more: missing
    own[0, 10:, 30:] = True
    path = save_npy(tmp_path / "m.npy", own)
    mask = read_mask(path, (2, 2, 4), source_size=(20, 40))
    np.testing.assert_array_equal(mask, [[[0, 0, 0, 0], [1, 0, 0, 1]]] * 2)
    larger = read_mask(path, (1, 40, 80), source_size=(20, 40))
    np.testing.assert_array_equal(larger, own.repeat(2, 1).repeat(2, 2))


@pytest.mark.parametrize("pixels", [0, 1, 3, 40])
def test_growing_is_a_square_without_wrap_around(tmp_path: Path, pixels: int) -> None:
    dots = np.zeros((2, 61, 59), np.bool_)
    dots[0, [0, 30, 60, 12], [0, 58, 5, 33]] = dots[1, 7, 0] = True
    grown = np.zeros_like(dots)
    for t, y, x in np.argwhere(dots):
        grown[t, max(y - pixels, 0) : y + pixels + 1, max(x - pixels, 0) : x + pixels + 1] = True
    mask = read_mask(save_npy(tmp_path / "m.npy", dots), dots.shape, dilate=pixels)
    np.testing.assert_array_equal(mask, grown)


def text(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


def mixed_folder(path: Path) -> Path:
    save_folder(path, np.ones((4, 8, 9), np.bool_))
    save_image(path / "z.png", np.zeros((7, 9), np.uint8))
    return path


Z = np.zeros(SHAPE, np.bool_)
REFUSED: dict[str, tuple[Callable[[Path], Path], dict[str, Any], list[str]]] = {
    "absent": (lambda at: at / "m.png", {}, ["does not exist"]),
    "kind": (lambda at: text(at / "m.txt", "x"), {}, ["'.txt'", ".npz or .mat"]),
    "no image": (lambda at: text(at / "m.png", "x"), {}, ["m.png", "cannot be read"]),
    "no video": (lambda at: text(at / "m.mp4", "x"), {},
                 ["m.mp4' cannot be read as a video", "a folder of images"]),
    "empty video": (lambda at: text(at / "m.mp4", ""), {}, ["m.mp4' is an empty file (0 bytes);"]),
    "no array": (lambda at: text(at / "m.npy", "x"), {}, ["m.npy' is no array", "numpy.save"]),
    "no archive": (lambda at: text(at / "m.npz", "x"), {}, ["m.npz' is no array", "numpy.save"]),
    "no matlab": (lambda at: text(at / "m.mat", "x" * 900), {}, ["cannot be read"]),
    "cut hdf5": (lambda at: text(at / "m.mat", "x" * 9), {}, ["cannot be read"]),
    "pickle": (lambda at: save_npy(at / "m.npy", np.array([None])), {}, ["Python objects"]),
    "pickles": (lambda at: save_npz(at / "m.npz", m=np.array([None])), {}, ["Python objects"]),
    "empty folder": (lambda at: at, {}, ["without images"]),
    "sizes": (lambda at: mixed_folder(at / "f"), {}, ["9x8", "9x7", "number 4"]),
    "length": (lambda at: save_npy(at / "m.npy", Z[:4]), {}, ["4 frames", "video has 5"]),
    "size": (lambda at: save_npy(at / "m.npy", Z[0, :9]), {}, ["24x9", "24x16"]),
    "size and file's": (lambda at: save_npy(at / "m.npy", Z[0, :9]), {"source_size": (32, 48)},
                        ["24x9", "24x16", "48x32"]),
    "flat": (lambda at: save_npy(at / "m.npy", Z[0, 0]), {}, ["shape (24,)", "(T, H, W)"]),
    "texts": (lambda at: save_npy(at / "m.npy", np.array([["a"]])), {}, ["<U1", "plain numbers"]),
    "not finite": (lambda at: save_npy(at / "m.npy", Z[0] * np.nan), {}, ["not finite"]),
    "names": (lambda at: save_npz(at / "m.npz", a=Z, b=Z), {}, ["'masks'", "a, b"]),
    "names in mat": (lambda at: save_mat(at / "m.mat", a=Z, b=Z), {}, ["'masks'", "a, b"]),
    "nothing": (lambda at: save_npy(at / "m.npy", Z), {}, ["nothing", "use --invert-mask"]),
    "all": (lambda at: save_npy(at / "m.npy", ~Z), {}, ["everything", "use --invert-mask"]),
    "all inverted": (lambda at: save_npy(at / "m.npy", Z), {"invert": True},
                     ["everything", "leave out --invert-mask"]),
    "all grown": (lambda at: save_npy(at / "m.npy", np.eye(16, 24) > 0), {"dilate": 30},
                  ["grown by 30 pixels"]),
    "start": (lambda at: at, {"start": -1}, ["start", "-1"]),
    "dilate": (lambda at: at, {"dilate": -2}, ["dilate", "-2"]),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    make, options, expected = REFUSED[name]
    with pytest.raises(BadOptionError if name in options else BadMaskError) as caught:
        read_mask(make(tmp_path), SHAPE, **options)
    sentence = str(caught.value)
    assert sentence.endswith(".") and not sentence.endswith("..") and "\n" not in sentence
    assert name in options or ". " not in sentence
    assert [part for part in expected if part not in sentence] == [], sentence


@pytest.mark.parametrize("kind", [kind for kind in MOVING if kind != "folder"])
def test_cut_files_are_refused(kind: str, tmp_path: Path, truth: np.ndarray) -> None:
    path = MOVING[kind](tmp_path, truth)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(BadMaskError, match=r"^The mask '.*[^.]\.$"):
        read_mask(path, SHAPE)


def test_boxes_are_covered_at_the_working_size() -> None:
    mask = box_mask("3, 2,5,4", (2, 8, 10))
    assert mask.dtype == np.bool_ and mask.sum() == 2 * 20 and mask[:, 2:6, 3:8].all()
    scaled = box_mask("30,21,11,10", (2, 8, 10), (80, 100))
    assert scaled.sum() == 2 * 4 and scaled[:, 2:4, 3:5].all()
    enlarged = box_mask("1,0,2,1", (1, 8, 9), (4, 3))
    assert enlarged.sum() == 12 and enlarged[:, :2, 3:].all()


@pytest.mark.parametrize(("box", "expected"), [
    ("1,2,3", "x,y,w,h"), ("a,b,c,d", "40,20,64,48"), ("1.5,0,2,2", "whole numbers"),
    ("98,0,5,5", "100x80"), ("0,-1,5,5", "5x5"), ("0,0,0,5", "at least 1"),
    ("0,0,100,80", "covers the whole"),
])  # fmt: skip
def test_bad_boxes_are_refused(box: str, expected: str) -> None:
    with pytest.raises(BadOptionError) as caught:
        box_mask(box, (2, 8, 10), (80, 100))
    assert expected in str(caught.value) and str(caught.value).endswith(".")


@settings(max_examples=40)
@given(st.integers(1, 99), st.integers(0, 2**31 - 1),
       st.tuples(st.integers(3, 12), st.integers(20, 40), st.integers(20, 40)))
def test_drawn_masks_hold_their_share(percent: int, seed: int, shape: tuple[int, int, int]) -> None:
    share, (frames, height, width) = percent / 100, shape
    noise = draw_mask(f"salt-pepper:{percent}%", shape, seed)
    assert noise.shape == shape and noise.dtype == np.bool_
    assert abs(noise.mean() - share) < 7 * (share * (1 - share) / noise.size) ** 0.5
    np.testing.assert_array_equal(noise, draw_mask(f"salt-pepper:{share}", shape, seed))
    side = round((share * height * width) ** 0.5)
    if 0 < side <= min(height, width) and side * side < height * width:
        region = draw_mask(f"region:{share}", shape, seed)
        assert (region.any(axis=2).sum(axis=1) == side).all()
        assert (region.any(axis=1).sum(axis=1) == side).all()
        assert (region.sum(axis=(1, 2)) == side * side).all()
    if 0 < round(share * frames) <= frames - 2:
        whole = draw_mask(f"frames:{share}", shape, seed)
        np.testing.assert_array_equal(whole.any(axis=(1, 2)), whole.all(axis=(1, 2)))
        assert whole[:, 0, 0].sum() == round(share * frames) and not whole[[0, -1]].any()


@pytest.mark.parametrize("kind", ["salt-pepper:.3", "region: 16%", "Frames:0.4"])
def test_seeds_tell_drawn_masks_apart(kind: str) -> None:
    one, other = (draw_mask(kind, (30, 32, 32), seed) for seed in (1, 2))
    assert not np.array_equal(one, other)
    assert "region" not in kind or one.any(axis=0).sum() > 2 * one[0].sum()


@pytest.mark.parametrize(("form", "expected"), [
    *[(bad, "give salt-pepper:P") for bad in (
        "noise:0.5", "region", "region:", "region:0", "region:1", "frames:150%", "region:nan",
        "frames:-1", "frames:100%", "",
    )],
    ("region:0.6", "24x16 pixels; give region:SHARE of at most 0.67"),
    ("frames:0.8", "are 4, but only 3 lie between"), ("frames:0.05", "larger part"),
])  # fmt: skip
def test_masks_that_cannot_be_drawn_are_refused(form: str, expected: str) -> None:
    if form == "region:0.6":
        assert draw_mask(form, SHAPE, 0).sum() == FRAMES * 15 * 15
        form = "region:0.9"
    with pytest.raises(BadOptionError) as caught:
        draw_mask(form, SHAPE, 0)
    assert expected in str(caught.value) and str(caught.value).endswith(".")


def test_a_preview_tints_what_is_missing() -> None:
    video = np.arange(11, dtype=np.uint8)[:, None, None, None] * np.full((2, 3, 1), 20, np.uint8)
    mask = np.zeros((11, 2, 3), np.bool_)
    mask[4, 1, 2] = True
    shown = mask_preview(video, mask)
    assert shown.shape == (2, 6 * 3 + 5 * 4, 3) and shown.dtype == np.uint8
    np.testing.assert_array_equal(shown[0, ::7, 0], [0, 40, 80, 120, 160, 200])
    assert (shown[:, 3:7] == 128).all()
    np.testing.assert_array_equal(shown[1, 2 * 7 + 2], [(80 + 255) // 2, 40, 40])
    np.testing.assert_array_equal(shown[1, 2 * 7 + 1], [80, 80, 80])
    colour = np.full((1, 2, 3, 3), (10, 20, 30), np.uint8)
    still = mask_preview(colour, mask[4:5])
    np.testing.assert_array_equal(still[:, :, 2], [[30, 30, 30], [30, 30, 15]])
    with pytest.raises(BadMaskError, match=r"\(11, 2, 3\).*\(1, 2, 3, 3\).*\(1, 2, 3\)\.$"):
        mask_preview(colour, mask)


def test_a_sentence_describes_a_mask() -> None:
    mask = np.zeros((4, 5, 5), np.bool_)
    assert describe(mask) == "Nothing is missing in 4 frames."
    mask[1, 0, :2] = True
    assert describe(mask) == "2.0 % of the video is missing, in 1 of 4 frames."
    mask[:, 0, 0] = True
    assert describe(mask) == (
        "5.0 % of the video is missing, in all 4 frames; 1 pixel is missing in every frame."
    )
    mask[:] = True
    mask[0, 0, 0] = False
    assert "24 pixels are missing in every frame." in describe(mask)
    rare = np.zeros((2, 100, 100), np.bool_)
    rare[0, 0, 0] = True
    assert describe(rare).startswith("Less than 0.1 %") and describe(~rare).startswith("More than")


@pytest.mark.skipif(not FOUNTAIN.is_dir(), reason="the authors' masks are not here")
def test_the_authors_masks_are_read() -> None:
    region = read_mask(FOUNTAIN / "region_type.mat", (70, 150, 150))
    assert region.mean() == pytest.approx(0.16, abs=0.001)
    assert (region.sum(axis=(1, 2)) == 60 * 60).all()
    whole = read_mask(FOUNTAIN / "missing_frame_type.mat", (70, 150, 150))
    assert whole.all(axis=(1, 2)).sum() == whole.any(axis=(1, 2)).sum() == 35
