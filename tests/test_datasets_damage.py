"""The recipes damage what they say they damage, and nothing else."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from dynpat.datasets import NAMES, ocean, render
from dynpat.datasets.damage import DAMAGES, damage
from dynpat.errors import BadOptionError
from dynpat.masks.dropouts import runs

WHOLE = ("frozen", "black", "flicker")
SEA = ocean(20, (40, 48))


@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("name", NAMES)
def test_only_what_the_mask_marks_is_changed(name: str, kind: str) -> None:
    video = render(name, 12, (24, 32))
    kept = video.copy()
    made = damage(video, kind, 3)
    np.testing.assert_array_equal(video, kept)
    assert made.video.dtype == np.uint8 and made.mask.shape == video.shape[:3]
    np.testing.assert_array_equal(made.video[~made.mask], video[~made.mask])
    changed = np.any(made.video != video, axis=-1)
    assert changed.sum() > 0.1 * made.mask.sum() and made.mask.mean() < 0.5


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_seed_gives_the_same_bytes_and_another_seed_others(kind: str) -> None:
    first = damage(SEA, kind, 1)
    np.testing.assert_array_equal(first.video, damage(SEA, kind, 1).video)
    assert np.array_equal(first.video, damage(SEA, kind, 2).video) == (kind == "logo")


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("frames", [6, 7, 20, 70])
def test_whole_frames_are_damaged_between_whole_ones(kind: str, frames: int) -> None:
    video = np.resize(SEA, (frames, *SEA.shape[1:]))
    for seed in range(5):
        mask = damage(video, kind, seed).mask
        chosen = mask.all(axis=(1, 2))
        np.testing.assert_array_equal(mask.any(axis=(1, 2)), chosen)
        assert chosen.any() and not chosen[0] and not chosen[-1]
        found = runs(chosen)
        assert all(last - first < 3 for first, last in found)
        assert all(later[0] - last > 2 for (_, last), later in pairwise(found))


def test_frozen_frames_repeat_and_black_ones_are_nearly_black() -> None:
    frozen, black = damage(SEA, "frozen", 0), damage(SEA, "black", 0)
    for number in np.flatnonzero(frozen.mask[:, 0, 0]):
        np.testing.assert_array_equal(frozen.video[number], frozen.video[number - 1])
    assert black.video[black.mask].max() < 5


def test_a_scratch_is_tall_and_thin_dust_is_small() -> None:
    grey = np.full((20, 60, 60, 3), 128, np.uint8)
    scratches, dust = damage(grey, "scratches").mask, damage(grey, "dust").mask
    assert scratches.any(axis=(1, 2)).sum() == 5
    for frame in scratches[scratches.any(axis=(1, 2))]:
        assert frame.any(axis=1).sum() > 15 and frame.sum(axis=1).max() <= 5
    assert 0.002 < dust.mean() < 0.03


def test_a_logo_stands_and_a_subtitle_goes() -> None:
    logo, subtitle = damage(SEA, "logo").mask, damage(SEA, "subtitle").mask
    assert (logo == logo[0]).all() and not logo[:, :, :24].any()
    shown = subtitle.any(axis=(1, 2))
    np.testing.assert_array_equal(np.flatnonzero(shown), np.arange(5, 15))
    assert not subtitle[:, :20].any()


def test_refusals_say_what_to_do() -> None:
    with pytest.raises(BadOptionError, match="'rust': choose one of frozen, black"):
        damage(SEA, "rust")
    with pytest.raises(BadOptionError, match="at least 6 frames, got 5"):
        damage(SEA[:5], "dust")
