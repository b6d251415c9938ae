"""Masks are fitted to the video, and one sentence says what does not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making_videos import encoded
from mask_files import SHAPE, save_folder, save_image, save_mat, save_npy, save_npz
from PIL import Image

from dynpat.errors import BadMaskError, BadOptionError
from dynpat.masks import read_mask
from dynpat.reporter import Reporter
from dynpat.tasks.incomplete import read_incomplete
from dynpat.tasks.restore import make_restoration
from dynpat.videos.opening import frame_numbers

Z = np.zeros(SHAPE, np.bool_)
SIZE = (48, 64)  # height, width


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
    "many arrays": (lambda at: save_npz(at / "m.npz", **{f"a{n}": Z for n in range(9)}), {},
                    ["(but a0, a1, a2, a3, a4, …)"]),
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
