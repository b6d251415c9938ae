"""Kinds of damage are found together, and sentences say what was found."""

from __future__ import annotations

import numpy as np
import pytest

from dynpat.datasets import NAMES, ocean, render
from dynpat.datasets.damage import damage
from dynpat.errors import BadOptionError
from dynpat.masks import detect_damage
from dynpat.options import DETECTED

SEA = ocean(40, (32, 32))


@pytest.mark.parametrize("name", NAMES)
def test_whole_videos_have_no_damage(name: str) -> None:
    found = detect_damage(render(name, 30, (48, 48)), DETECTED)
    assert not found.mask.any() and found.sentences == found.notes == ()


def test_sentences_name_what_was_found() -> None:
    video = SEA.copy()
    video[[5, 6, 20]] = video[[4, 4, 19]]
    video[30] = 1
    video[10, 4:28, 12] = 250
    found = detect_damage(video, "scratches, black,frozen")
    assert found.sentences == (
        "Found 3 frozen frames: 5, 6, 20.", "Found 1 black frame: 30.",
        "Found 1 scratch or speck in 1 frame.",
    )
    lost = [5, 6, 20, 30]
    assert found.mask[lost].all() and found.mask[10, 4:28, 12].all()
    assert not found.mask[[number for number in range(40) if number not in (*lost, 10)]].any()


def test_long_lists_are_cut() -> None:
    video = np.concatenate([SEA, ocean(40, (32, 32), 1)])
    lost = np.flatnonzero(np.random.default_rng(2).random(80) < 0.25)
    lost = lost[(lost > 0) & (lost < 79)]
    video[lost] = 0
    sentence, = detect_damage(video, "black").sentences
    assert len(lost) > 12
    assert sentence == f"Found {len(lost)} black frames: {', '.join(map(str, lost[:12]))}, …."


def test_each_kind_finds_its_own() -> None:
    made = damage(damage(SEA, "frozen", 0).video, "black", 1)
    black = made.mask[:, 0, 0]
    assert detect_damage(made.video, "scratches").sentences == ()
    np.testing.assert_array_equal(detect_damage(made.video, ["black"]).mask, made.mask)
    assert not detect_damage(made.video, "frozen").mask[black].any()


def test_lost_frames_are_no_neighbours_of_scratched_ones() -> None:
    video = SEA.copy()
    video[10, 4:28, 12] = 250
    video[11] = video[10]
    video[9] = 0
    mask = detect_damage(video, DETECTED).mask
    assert mask[[9, 11]].all() and mask[10, 4:28, 12].all() and not mask[10].all()


def test_notes_say_what_is_not_taken_for_damage() -> None:
    found = detect_damage(SEA[np.arange(40) // 2], "frozen")
    assert found.sentences == () and not found.mask.any()
    note, = found.notes
    assert note.startswith("18 frames repeat the one before in a regular cadence")


def test_pixels_of_a_mask_are_not_looked_at() -> None:
    video, skip = SEA.copy(), np.zeros(SEA.shape[:3], bool)
    video[10, 4:28, 12] = 250
    skip[:, :, 8:16] = True
    assert not detect_damage(video, DETECTED, skip).mask.any()


@pytest.mark.parametrize("kinds", ["rust", "frozen,", "", ["frozen", "logo"], 3, None])
def test_kinds_that_are_not_found_are_refused(kinds: object) -> None:
    with pytest.raises(BadOptionError, match=r"among frozen, black, scratches; received .*\.$"):
        detect_damage(SEA, kinds)  # type: ignore[arg-type]
