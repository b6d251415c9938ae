"""Pasting what was restored into a larger video."""

from __future__ import annotations

import numpy as np

from dynpat.datasets import boat
from dynpat.restoration.crop import crop_around


def test_pasting_at_full_size_changes_what_is_missing_and_nothing_else() -> None:
    scene = boat(10, (60, 90))
    crop = crop_around(scene.video, scene.mask, None, 10**6)
    rows, columns = crop.place
    assert scene.mask[:, rows, columns].sum() == scene.mask.sum()
    pasted = crop.paste(scene.truth[:, rows, columns])
    np.testing.assert_array_equal(pasted, scene.truth)


def test_pasting_what_was_shrunk_leaves_no_seam() -> None:
    """A bright frame whose recovery is 20 too dark: at the border it is as bright as outside."""
    frames = np.full((2, 200, 220, 3), 150, np.uint8)
    mask = np.zeros((2, 200, 220), bool)
    mask[1, 60:140, 70:150] = True
    crop = crop_around(frames, mask, None, 50 * 50)
    height, width = crop.working_mask.shape[1:]
    assert height * width <= 51 * 51 and "Works on" in crop.note
    pasted = crop.paste(np.full((2, height, width, 3), 130, np.uint8))
    np.testing.assert_array_equal(pasted[0], frames[0])
    np.testing.assert_array_equal(pasted[1][~mask[1]], frames[1][~mask[1]])
    border, middle = pasted[1, 60, 100].astype(int), pasted[1, 100, 110].astype(int)
    assert np.abs(border - 150).max() <= 3 and np.abs(middle - 130).max() <= 1


def test_a_working_pixel_is_missing_where_a_tenth_of_it_is() -> None:
    frames, mask = np.zeros((1, 80, 80, 3), np.uint8), np.zeros((1, 80, 80), bool)
    mask[0, 38:42, 38:42] = True
    crop = crop_around(frames, mask, (9, 9), 10**6)
    assert crop.place == (slice(22, 58), slice(22, 58))  # with the least context
    assert crop.working_mask.sum() == 1 and crop.working_mask[0, 4, 4]
