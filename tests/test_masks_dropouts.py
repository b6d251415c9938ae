"""Lost frames are told from nights, fades, still videos and conversions of the frame rate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from making_videos import encoded

from dynpat.datasets import NAMES, render
from dynpat.datasets.damage import damage
from dynpat.masks.dropouts import black_frames, frozen_frames, runs
from dynpat.videos import read_video

VIDEOS = {name: render(name, 40, (32, 32)) for name in NAMES}
SEA = VIDEOS["ocean"]


def seen(video: np.ndarray) -> np.ndarray:
    return np.zeros(video.shape[:3], bool)


def black(video: np.ndarray) -> list[int]:
    return np.flatnonzero(black_frames(video, seen(video))).tolist()


def frozen(video: np.ndarray) -> tuple[list[int], str]:
    dark = black_frames(video, seen(video))
    found, note = frozen_frames(video, seen(video), dark)
    return np.flatnonzero(found).tolist(), note


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", NAMES)
def test_lost_frames_are_found_exactly(name: str, seed: int) -> None:
    for kind, expected in (("frozen", 1), ("black", 0)):
        made = damage(VIDEOS[name], kind, seed)
        lost = np.flatnonzero(made.mask[:, 0, 0]).tolist()
        found = frozen(made.video)[0], black(made.video)
        assert found == ((lost, []) if expected else ([], lost))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_lost_in_whole_videos(name: str) -> None:
    for seed in range(3):
        video = render(name, 30, (24, 32), seed)
        assert frozen(video) == ([], "") and black(video) == []


@pytest.mark.parametrize("kind", ["frozen", "black"])
def test_lost_frames_are_found_in_a_lossy_file(tmp_path: Path, kind: str) -> None:
    made = damage(render("ocean", 40, (64, 64)), kind, 1)
    video = read_video(encoded(tmp_path / "lossy.mp4", made.video)).frames
    assert not np.array_equal(video, made.video)
    found = black(video) if kind == "black" else frozen(video)[0]
    assert found == np.flatnonzero(made.mask[:, 0, 0]).tolist()


# What is not damage.


def test_a_still_video_has_no_frozen_frames() -> None:
    still = np.repeat(SEA[:1], 30, axis=0)
    assert frozen(still) == ([], "")
    noisy = still + np.random.default_rng(0).integers(0, 3, still.shape).astype(np.uint8)
    assert frozen(noisy) == ([], "")


@pytest.mark.parametrize("rate", [0.5, 0.4, 0.8, 5 / 6, 1 / 3])
def test_a_regular_cadence_is_a_conversion(rate: float) -> None:
    """15 to 30, 24 to 60, 24 to 30, 25 to 30 and 10 to 30 frames per second."""
    found, note = frozen(SEA[np.floor(np.arange(40) * rate).astype(int)])
    assert found == [] and "regular cadence" in note


def test_a_video_that_mostly_stands_is_not_frozen() -> None:
    rng = np.random.default_rng(1)
    found, note = frozen(SEA[np.sort(rng.integers(0, 12, 40))])
    assert found == [] and "mostly stands still" in note


def test_frames_at_the_ends_may_stand_on_purpose() -> None:
    held = np.concatenate([SEA[:1], SEA[:1], SEA[:20], SEA[19:20], SEA[19:20]])
    assert frozen(held) == ([], "")


def test_a_movement_that_comes_to_rest_is_not_frozen() -> None:
    speed = np.abs(np.linspace(-1, 1, 41)) ** 2 * 4
    speed[20] = 0.0
    wave = np.sin((np.arange(60) - np.cumsum(speed)[:, None]) / 4)[:, None, :, None]
    video = np.broadcast_to(128 + 100 * wave, (41, 8, 60, 1)).astype(np.uint8)
    assert frozen(video) == ([], "")


def test_a_picture_between_flashes_is_not_frozen() -> None:
    flashing = VIDEOS["runner"].copy()
    flashing[[9, 12, 15, 18]] = 255
    assert frozen(flashing)[0] == []


@pytest.mark.parametrize("fade", [
    np.linspace(1, 0, 20), np.linspace(0, 1, 20), np.abs(np.linspace(-1, 1, 21)), np.zeros(20),
])  # fmt: skip
def test_a_fade_and_a_night_are_not_lost(fade: np.ndarray) -> None:
    video = SEA[: len(fade)] * fade[:, None, None, None]
    assert black(video.astype(np.uint8)) == []


def test_a_lost_frame_at_an_end_is_found() -> None:
    video = SEA.copy()
    video[[0, 1, 39]] = 2
    assert black(video) == [0, 1, 39]


# What a mask has already is not looked at.


def test_a_clock_in_a_mask_does_not_hide_that_frames_are_lost() -> None:
    video = SEA.copy()
    video[[10, 11, 25]] = video[[9, 9, 24]]
    video[30] = 0
    clock = seen(video)
    clock[:, :10, :10] = True
    video[clock] = np.random.default_rng(0).integers(0, 256, (clock.sum(), 3))
    dark = black_frames(video, clock)
    assert np.flatnonzero(dark).tolist() == [30]
    assert np.flatnonzero(frozen_frames(video, clock, dark)[0]).tolist() == [10, 11, 25]
    assert frozen(video) == ([], "") and black(video) == []


def test_frames_that_a_mask_covers_are_neither() -> None:
    whole = seen(SEA)
    whole[[5, 6]] = True
    video = SEA.copy()
    video[[5, 6]] = 0
    dark = black_frames(video, whole)
    assert not dark.any() and not frozen_frames(video, whole, dark)[0].any()


def test_runs_have_their_first_and_last_number() -> None:
    assert runs(np.array([1, 1, 0, 0, 1, 0, 1], bool)) == [(0, 1), (4, 4), (6, 6)]
    assert runs(np.zeros(3, bool)) == []
