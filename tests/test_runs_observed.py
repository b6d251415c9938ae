"""Which frames of its videos a run observes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dynpat.errors import BadOptionError
from dynpat.reporter import Reporter
from dynpat.runs.observed import chain_bytes, for_videos, read_observed, window_shape
from dynpat.runs.plan import Plan, make_plan
from dynpat.tasks.restore import make_restoration
from dynpat.videos import as_videos, write_video


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of 80 small frames, whose levels tell their numbers."""
    path = tmp_path_factory.mktemp("long") / "frames"
    levels = np.arange(80, dtype=np.uint8)[:, None, None, None]
    write_video(path, np.broadcast_to(levels, (80, 8, 12, 3)), 25)
    return path


@pytest.mark.parametrize(("pattern", "preset", "frames", "expected"), [
    ("scene", None, None, 70), ("texture", None, None, 70), ("action", None, None, 32),
    ("action", "default", None, 32), ("action", "paper", None, 70), ("action", None, 50, 50),
])
def test_of_long_videos_the_first_frames_are_read_and_fewer_of_actions(
    pattern: str, preset: str | None, frames: int | None, expected: int, long: Path
) -> None:
    plan = make_plan([long], pattern=pattern, preset=preset, frames=frames)
    (video,) = read_observed(plan, Reporter())
    np.testing.assert_array_equal(video.frames[:, 0, 0, 0], np.arange(expected))
    again = Plan.from_dict(plan.to_dict())
    assert again == plan
    values = plan.to_dict()
    del values["reading"]["at_most"]  # a run of an earlier version goes on with its frames
    (video,) = read_observed(Plan.from_dict(values), Reporter())
    assert len(video.frames) == (frames or 70)


def test_of_actions_to_be_filled_in_as_much_is_read_as_of_others(long: Path) -> None:
    plan = make_restoration(
        "recover", [long], missing={"occlude": "frames:0.5"}, pattern="action"
    )
    (video,) = read_observed(plan, Reporter())
    assert len(video.frames) == 70


@pytest.mark.parametrize(("pattern", "preset", "window", "expected"), [
    ("scene", "default", None, 24), ("scene", "paper", None, 70), ("action", None, None, 32),
    ("action", None, 16, 16),
])
def test_actions_are_learned_as_a_whole(
    pattern: str, preset: str | None, window: int | None, expected: int, long: Path
) -> None:
    plan = make_plan([long], pattern=pattern, preset=preset, window=window)
    videos = read_observed(plan, Reporter())
    assert window_shape(plan, videos) == (expected, 8, 12, 3)


def test_a_window_longer_than_its_videos_is_refused(long: Path) -> None:
    plan = make_plan([long], pattern="action", window=40)
    with pytest.raises(BadOptionError, match=r"--window 40 is longer .*, which have 32"):
        window_shape(plan, read_observed(plan, Reporter()))


@pytest.mark.parametrize(("memory", "workers", "asked", "expected"), [
    (None, 1, "auto", "memory"), (1_200_000, 1, "auto", "disk"), (1_200_000, 2, "auto", "memory"),
    (1_200_000, 1, "memory", "memory"), (None, 1, "disk", "disk"),
])
def test_large_chains_lie_on_the_disk_unless_asked_otherwise(
    memory: int | None, workers: int, asked: str, expected: str
) -> None:
    plan = make_plan(["a.mp4"], learn={"memory": memory, "batch": 1, "chain_store": asked})
    seen = as_videos(np.zeros((2, 12, 24, 24, 3), np.uint8))
    found = for_videos(plan, seen, workers, workers)
    assert found.learn.chain_store == expected
    each = 2 * 12 * 24 * 24 * 3 * 4  # with its velocity
    assert chain_bytes(found, (12, 24, 24, 3), 2) == 2 * found.learn.chains * each
    assert for_videos(found, seen, workers, workers) == found


def test_chains_that_move_together_must_fit_into_memory() -> None:
    """Files are of no use to them."""
    seen = as_videos(np.zeros((2, 12, 24, 24, 3), np.uint8))
    plan = make_plan(["a.mp4"], learn={"chains": 10**9})
    assert for_videos(plan, seen).learn.chain_store == "memory"
    plan = make_plan(["a.mp4"], learn={"chains": 10**9, "chain_store": "disk"})
    with pytest.raises(BadOptionError, match=r"GB of chains in an update.*Lower --chains"):
        for_videos(plan, seen)


def test_several_processes_cannot_share_files() -> None:
    plan = make_plan(["a.mp4"], learn={"chain_store": "disk"})
    seen = as_videos(np.zeros((1, 12, 24, 24, 3), np.uint8))
    with pytest.raises(BadOptionError, match=r"multiworker with 2.*--chain-store memory"):
        for_videos(plan, seen, 2, 2)


def test_the_chains_of_earlier_runs_are_in_memory() -> None:
    values = make_plan(["a.mp4"]).to_dict()
    del values["learn"]["chain_store"]
    assert Plan.from_dict(values | {"version": 4}).learn.chain_store == "memory"
    with pytest.raises(BadOptionError, match="chain_store must be one of auto, memory, disk"):
        make_plan(["a.mp4"], learn={"chain_store": "tape"})
