"""Killed at any moment: what is left is whole, and a resumed run ends as if undisturbed."""

from __future__ import annotations

import multiprocessing
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import killing
import numpy as np
import pytest
from thoroughness import THOROUGH

from dynpat.datasets import FRAMES_PER_SECOND, flames
from dynpat.videos import read_video, write_video

pytestmark = pytest.mark.slow
State = Callable[[Path], dict[str, np.ndarray]]

# Each life is a new process; they are forked from one that has imported TensorFlow, not used it.
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["killing"])
# Runs of each task, each killed once at each kind of moment: as what is written begins, or when it
# has appeared. The second run swaps these.
LIVES = 2 if THOROUGH else 1
MOST = {  # how often the moment comes while the run has not come further
    "config": 1, "row of the log": 4, "checkpoint": 2, "preview": 2, "model": 1,
    "during the estimate": 2, "videos": 2, "during the report": 2, "report": 1,
}
MADE = {"learn": "samples", "learn with chains in files": "samples", "recover": "results"}


def moments(task: str, life: int) -> Iterator[tuple[str, str, int]]:
    """In the order of a run: the kind of moment, its name, and the how-manieth of its kind."""
    rng = random.Random(life)
    for kind, most in MOST.items():
        name = MADE[task] if kind == "videos" else kind
        if " " not in name:
            # A configuration that has appeared is the beginning of what the others test.
            half = kind == "config" or (life + len(kind)) % 2
            name += " half written" if half else " appears"
        yield kind, name, rng.randint(1, most)


def lived(task: str, video: Path, run: Path, moment: str = "never", count: int = 1) -> str:
    """Let a run live until a moment, or to its end: how its process ended."""
    process = SERVER.Process(target=killing.main, args=(task, str(video), run, moment, count))
    process.start()
    process.join()
    return {0: "ended", -signal.SIGKILL: "killed"}.get(process.exitcode, "failed")  # type: ignore[call-overload,no-any-return]


def require_whole(run: Path) -> None:
    """Whatever has its own name can be read."""
    for path in run.rglob("*.gif"):
        if not path.name.startswith("."):
            assert len(read_video(path).frames) > 1
    for path in run.rglob("*.npy"):
        if not path.name.startswith("."):
            np.load(path)


def require_alike(run: Path, undisturbed: Path, state_of: State) -> None:
    """Weights, optimizer, chains and what was made are bit-equal, and nothing else is left."""
    expected, after = state_of(undisturbed), state_of(run)
    assert expected.keys() == after.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(after[name], value, err_msg=name)
    made = sorted(path.relative_to(undisturbed) for path in undisturbed.rglob("*_000.npy"))
    assert made
    for path in made:
        np.testing.assert_array_equal(np.load(run / path), np.load(undisturbed / path))
    assert not [path for path in run.rglob("*") if ".tmp-" in path.name]
    rows = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(rows) == killing.ITERATIONS


@pytest.mark.timeout(1800)  # some thirty processes
@pytest.mark.parametrize("task", sorted(MADE))
def test_kills_at_every_kind_of_moment(task: str, state_of: State, tmp_path: Path) -> None:
    video = tmp_path / "flames.gif"
    write_video(video, flames(12, (24, 24)), FRAMES_PER_SECOND)
    assert lived(task, video, tmp_path / "undisturbed") == "ended"
    tally = dict.fromkeys(MOST, 0)
    for life in range(LIVES):
        run = tmp_path / f"life_{life}"
        for kind, moment, count in moments(task, life):
            assert lived(task, video, run, moment, count) == "killed", (life, moment, count)
            tally[kind] += 1
            require_whole(run)
        assert lived(task, video, run) == "ended"
        require_alike(run, tmp_path / "undisturbed", state_of)
    for kind, kills in tally.items():
        print(f"{task}: {kind}: {kills} kills, {kills} resumed, all bit-equal")
    assert set(tally.values()) == {LIVES}
