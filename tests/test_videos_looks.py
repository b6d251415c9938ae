"""Cuts, moving cameras and patterns are seen in videos that have them, and in no others."""

from __future__ import annotations

import numpy as np
import pytest

from dynpat.datasets import flames, lights, ocean, runner
from dynpat.videos.looks import BACKGROUND, RETURNS, look_at

RENDERED = {"flames": flames, "lights": lights, "ocean": ocean, "runner": runner}
FRAMES, SIZE = 40, (64, 64)


@pytest.fixture(scope="module")
def videos() -> dict[str, np.ndarray]:
    return {name: render(frames=FRAMES, size=SIZE) for name, render in RENDERED.items()}


def panned(video: np.ndarray, speed: float) -> np.ndarray:
    """The part of a video that a camera sees which turns by `speed` pixels a frame."""
    width = int(video.shape[2] - speed * len(video) - 1)
    parts = []
    for number, frame in enumerate(video.astype(float)):
        whole, part = divmod(speed * number, 1)
        left = frame[:, int(whole) : int(whole) + width + 1]
        parts.append((1 - part) * left[:, :-1] + part * left[:, 1:])
    return np.round(parts).astype(np.uint8)


def shaken(video: np.ndarray, most: int) -> np.ndarray:
    """The middle of a video as a trembling hand films it."""
    height, width = video.shape[1:3]
    steps = np.random.default_rng(0).integers(-1, 2, (len(video), 2))
    places = np.clip(np.cumsum(steps, axis=0) + most, 0, 2 * most)
    return np.stack([
        frame[y : y + height - 2 * most, x : x + width - 2 * most]
        for frame, (y, x) in zip(video, places, strict=True)
    ])


@pytest.mark.parametrize("name", RENDERED)
def test_steady_videos_of_one_shot_are_known_as_such(
    videos: dict[str, np.ndarray], name: str
) -> None:
    look = look_at(videos[name])
    assert look.cuts == () and look.drift < RETURNS
    assert look.alike == (name == "ocean")
    assert (look.still >= BACKGROUND) == (name != "ocean")
    assert look.shift == 0 or look.alike  # waves do go one way


@pytest.mark.parametrize(("one", "other"), [("flames", "ocean"), ("lights", "flames")])
def test_a_cut_is_found_where_it_is(
    videos: dict[str, np.ndarray], one: str, other: str
) -> None:
    joined = np.concatenate([videos[one][:17], videos[other][:20], videos[one][20:]])
    assert look_at(joined).cuts == (17, 37)


def test_a_flash_is_no_cut(videos: dict[str, np.ndarray]) -> None:
    flashed = videos["ocean"].copy()
    flashed[20] = 255
    flashed[30:32] = 255
    assert look_at(flashed).cuts == ()


@pytest.mark.parametrize("name", ["flames", "lights"])
def test_a_turning_camera_is_seen_with_its_speed(
    videos: dict[str, np.ndarray], name: str
) -> None:
    assert look_at(panned(videos[name], 0.5)).shift == pytest.approx(0.5, abs=0.1)


def test_a_trembling_hand_is_seen() -> None:
    assert look_at(shaken(flames(frames=FRAMES, size=SIZE), 3)).shift > 0.5


def test_what_fades_does_not_return(videos: dict[str, np.ndarray]) -> None:
    dimmed = videos["flames"] * np.linspace(1, 0, FRAMES)[:, None, None, None]
    assert look_at(dimmed).drift > RETURNS


@pytest.mark.parametrize("shape", [(2, 1, 1, 3), (3, 2, 900, 1), (4, 24, 24, 3), (9, 8, 8, 1)])
def test_tiny_and_blank_videos_are_looked_at(shape: tuple[int, ...]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, shape)
    for video in (noise.astype(np.uint8), np.zeros(shape, np.uint8)):
        look = look_at(video)
        assert look.cuts == () and look.shift == 0 and np.isfinite(look.drift)


def test_large_videos_are_looked_at_in_part(videos: dict[str, np.ndarray]) -> None:
    large = np.tile(panned(videos["flames"], 0.5), (8, 4, 4, 1))[: FRAMES]
    assert look_at(large).shift > 0
    longer = np.tile(videos["ocean"], (8, 1, 1, 1))
    assert look_at(longer).alike
