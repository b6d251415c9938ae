"""Masks without a file: boxes, random ones, previews and descriptions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from mask_files import FRAMES, SHAPE

from dynpat.errors import BadMaskError, BadOptionError
from dynpat.masks import box_mask, describe, draw_mask, mask_preview


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


def test_a_preview_shows_a_frame_that_is_missing_between_those_shown() -> None:
    video = np.full((20, 2, 3, 3), 100, np.uint8)
    mask = np.zeros((20, 2, 3), np.bool_)
    mask[[5, 6, 19]] = True
    mask[6, 0] = False
    shown = mask_preview(video, mask)[:, :, 1].reshape(2, -1)
    red = [bool((shown[:, place : place + 3] == 50).all()) for place in range(0, 42, 7)]
    assert red == [False, True, False, False, False, True]


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
