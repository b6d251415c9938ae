"""Scratches and dust of one frame are found; what moves is not taken for them."""

from __future__ import annotations

import numpy as np
import pytest

from dynpat.datasets import NAMES, ocean, render
from dynpat.datasets.damage import damage
from dynpat.masks import grow_mask
from dynpat.masks.scratches import find_scratches

VIDEOS = {name: render(name, 16, (64, 64)) for name in NAMES}
VISIBLE = 16  # grey levels by which a pixel changed
# Of visible damage, the least share that is found; on fast flames much cannot be told from them.
LEAST = {"scratches": 0.7, "dust": 0.5}
LEAST_ON_FLAMES = 0.4


@pytest.mark.parametrize("kind", ["scratches", "dust"])
@pytest.mark.parametrize("name", NAMES)
def test_most_damage_is_found_and_hardly_anything_else(name: str, kind: str) -> None:
    right = found_all = seen = 0
    for seed in range(3):
        made = damage(VIDEOS[name], kind, seed)
        found = find_scratches(made.video)
        change = np.abs(made.video.astype(float) - VIDEOS[name]).mean(axis=-1) > VISIBLE
        change[[0, -1]] = False  # they have one neighbour only
        right += (found & change).sum()
        seen += change.sum()
        found_all += found.sum()
        assert not found[[0, -1]].any()
        assert (found & grow_mask(made.mask, 2)).sum() > 0.9 * found.sum()
    assert right > (LEAST_ON_FLAMES if name == "flames" else LEAST[kind]) * seen
    assert found_all < 5 * seen  # with its rim, dust is much larger


@pytest.mark.parametrize("name", NAMES)
def test_hardly_anything_is_found_in_whole_videos(name: str) -> None:
    alarms = [
        int(find_scratches(render(name, 20, size, seed)).any(axis=(1, 2)).sum())
        for size in ((24, 24), (40, 56), (64, 64)) for seed in range(2)
    ]
    assert sum(alarms) <= (name == "boat")  # of 120 frames: its bow in one


def test_nothing_is_found_in_lost_frames() -> None:
    for kind in ("frozen", "black"):
        assert not find_scratches(damage(VIDEOS["ocean"], kind, 0).video).any()


def test_a_line_and_a_speck_are_found_to_the_pixel_and_one_more() -> None:
    video = np.full((5, 40, 40, 1), 90, np.uint8)
    drawn = np.zeros((5, 40, 40), bool)
    drawn[2, 5:35, 20:22] = drawn[3, 10:13, 8:11] = True
    video[drawn] = 200
    video[2, 30:33, 30:33] = 10
    drawn[2, 30:33, 30:33] = True
    np.testing.assert_array_equal(find_scratches(video), grow_mask(drawn, 1))


@pytest.mark.parametrize("place", [0, 4])
def test_the_ends_tell_nothing(place: int) -> None:
    video = np.full((5, 40, 40, 1), 90, np.uint8)
    video[place, 5:35, 20] = 200
    assert not find_scratches(video).any()


@pytest.mark.parametrize("shape", [
    (slice(1, None), slice(5, 35), slice(20, 22)), (2, slice(10, 30), slice(10, 30)),
    (2, slice(20, 22), slice(2, 38)), (2, slice(7, 8), slice(7, 8)), (slice(2, 4), 9, 9),
])  # fmt: skip
def test_what_stays_or_is_large_flat_or_tiny_is_none(shape: tuple) -> None:
    video = np.full((5, 40, 40, 1), 90, np.uint8)
    video[shape] = 200
    assert not find_scratches(video).any()


def test_a_spark_that_flies_is_not_dust() -> None:
    video = np.full((10, 40, 60, 3), 20, np.uint8)
    for number, frame in enumerate(video):
        frame[30 - 2 * number : 33 - 2 * number, 5 + 5 * number : 8 + 5 * number] = 220
    assert not find_scratches(video).any()


@pytest.mark.parametrize("frames", [1, 2])
def test_short_videos_have_no_frame_to_compare(frames: int) -> None:
    assert not find_scratches(ocean(frames, (24, 24))).any()
