"""What a run says before it learns: what it chose, and what speaks against it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

import dynpat as package
from dynpat.datasets import flames, ocean
from dynpat.reporter import Reporter
from dynpat.runs.observed import for_videos
from dynpat.runs.plan import make_plan
from dynpat.tasks.choices import introduction
from dynpat.videos import as_videos, write_video

FIRE, WATER = flames(frames=40, size=(64, 64)), ocean(frames=40, size=(64, 64))


def said(*videos: np.ndarray, **options: Any) -> list[str]:
    plan = make_plan(["x"], **options)
    found = [replace(video, name="clip") for array in videos for video in as_videos(array)]
    return introduction(for_videos(plan, found), found)


def test_all_choices_are_one_line() -> None:
    assert said(FIRE) == [
        "Learning a scene: 64x64 pixels, 40 frames in windows of 24, for 10 minutes. To change it: "
        "--pattern, --size, --frames, --window, --time-budget."
    ]


@pytest.mark.parametrize(("options", "words"), [
    ({"learn": {"iterations": 1}}, "for 1 update."),
    ({"learn": {"iterations": 30, "time_budget": 90}}, "for 30 updates or 90 seconds."),
    ({"window": 40}, "40 frames, for"),
    ({"pattern": "action"}, "Learning an action: 64x64 pixels, 40 frames, for"),
])
def test_what_is_asked_for_is_said(options: dict[str, Any], words: str) -> None:
    assert words in said(FIRE, **options)[0]


def test_several_videos_are_counted() -> None:
    assert said(FIRE, FIRE)[0].startswith("Learning a scene from 2 videos: ")


@pytest.mark.parametrize(("video", "pattern", "other", "reason"), [
    (WATER, "scene", "texture", "all its places look alike over time"),
    (FIRE, "texture", "scene", "6. % of its pixels stand still"),
    ((FIRE * np.linspace(1, 0, 40)[:, None, None, None]).astype(np.uint8), "scene", "action",
     "does not return"),
])
def test_another_pattern_is_named_with_its_reason(
    video: np.ndarray, pattern: str, other: str, reason: str
) -> None:
    (hint,) = said(video, pattern=pattern)[1:]
    assert hint.startswith("clip looks like a") and hint.endswith(f"Try --pattern {other}.")
    assert re.search(reason, hint)
    assert said(video, pattern=other)[1:] == []


def test_the_pattern_of_most_videos_counts() -> None:
    assert said(WATER, FIRE, FIRE)[1:] == []
    assert len(said(WATER, WATER, FIRE)[1:]) == 1


def test_cuts_and_cameras_are_said() -> None:
    cut = np.concatenate([FIRE[:20], WATER[:20]])
    (hint,) = said(cut, start=5)[1:]
    assert "a cut before frame 25:" in hint and "--frames 20 for the first or --start 25" in hint
    moving = np.stack([frame[:, n // 2 : n // 2 + 44] for n, frame in enumerate(FIRE)])
    (hint,) = said(moving)[1:]
    assert re.search(r"by about 0\.[45] pixels from frame to frame", hint)
    assert "Steady the video" in hint
    assert said(moving, pattern="texture")[1:] == []


@pytest.mark.slow
def test_the_commands_say_it_once_and_quiet_ones_do_not(
    dynpat: Callable[..., Result], tmp_path: Path
) -> None:
    write_video(tmp_path / "clip", np.concatenate([FIRE[:9, :24, :24], WATER[:9, :24, :24]]), 25)
    words = ("learn", tmp_path / "clip", "--iterations", 1, "--chains", 1)
    run = ("--out", tmp_path / "run")
    for shown in (dynpat(*words, "--dry-run"), dynpat(*words, *run)):
        assert shown.stderr.count("Learning a scene: 24x24 pixels") == 1
        assert shown.stderr.count("clip seems to have a cut before frame 9") == 1
    assert "cut" not in dynpat(*words, "--dry-run", "--quiet").stderr
    assert "Learning a scene" not in dynpat("learn", "--resume", *run, "--iterations", 2).stderr


def test_arrays_are_told_of_too() -> None:
    class Heard(Reporter):
        def __init__(self) -> None:
            self.sentences: list[str] = []

        def say(self, sentence: str) -> None:
            self.sentences.append(sentence)

    heard = Heard()
    package.learn(FIRE[:12, ::2, ::2], iterations=1, reporter=heard)
    assert heard.sentences[0].startswith("Learning a scene: 32x32 pixels, 12 frames, for 1 update.")
