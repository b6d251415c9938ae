"""A process that is killed at any moment loses nothing: the run goes on and ends bit-equal."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dynpat.datasets import FRAMES_PER_SECOND, flames
from dynpat.videos import read_video, write_video

pytestmark = pytest.mark.slow

KILLS = 40
LONGEST = 10.0  # seconds until a kill; starting takes about half of it
LEARN = """
import sys
from pathlib import Path
from dynpat.devices import load_tensorflow
load_tensorflow()
from dynpat import tasks
video, out = sys.argv[1], Path(sys.argv[2])
if (out / "config.json").exists():
    tasks.resume(out, formats=("npy", "gif"))
else:
    learn = {"iterations": 60, "chains": 2, "checkpoint_every": 0.2, "preview_every": 0.5}
    plan = tasks.make_plan([video], precision="float32", learn=learn)
    tasks.learn(plan, out, formats=("npy", "gif"))
"""
RECOVER = """
import sys
from pathlib import Path
from dynpat.devices import load_tensorflow
load_tensorflow()
from dynpat import restoring
video, out = sys.argv[1], Path(sys.argv[2])
if (out / "config.json").exists():
    restoring.resume_restoration(out, formats=("npy", "gif"))
else:
    learn = {"iterations": 30, "chains": 1, "checkpoint_every": 0.2, "preview_every": 0.5}
    plan = restoring.make_restoration(
        "recover", video, missing={"occlude": "region:0.2"}, precision="float32", learn=learn
    )
    restoring.restore(plan, out, formats=("npy", "gif"))
"""


def started(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )


def finish(script: str, *arguments: object) -> None:
    process = started(script, *arguments)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said


def require_whole(run: Path) -> None:
    """Whatever has its own name can be read."""
    for path in run.rglob("*.gif"):
        if not path.name.startswith("."):
            assert len(read_video(path).frames) > 1
    for path in run.rglob("*.npy"):
        if not path.name.startswith("."):
            np.load(path)


@pytest.mark.parametrize("script", [LEARN, RECOVER], ids=["learn", "recover"])
def test_kills_at_random_moments(
    script: str, state_of: Callable[[Path], dict[str, np.ndarray]], tmp_path: Path
) -> None:
    video = tmp_path / "flames.gif"
    write_video(video, flames(12, (24, 24)), FRAMES_PER_SECOND)
    finish(script, video, tmp_path / "undisturbed")
    moments = random.Random(7)
    killed = lives = 0
    while killed < KILLS:
        lives += 1
        run = tmp_path / f"life_{lives}"
        while not lived(script, video, run, moments.uniform(0.2, LONGEST)):
            killed += 1
            require_whole(run)
        require_alike(run, tmp_path / "undisturbed", state_of)
    assert lives < killed  # some were killed more than once


def lived(script: str, video: Path, run: Path, seconds: float) -> bool:
    """Whether the run ended within so many seconds; else it was killed then."""
    process = started(script, video, run)
    try:
        _, said = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return False
    assert process.returncode == 0, said
    return True


def require_alike(
    run: Path, undisturbed: Path, state_of: Callable[[Path], dict[str, np.ndarray]]
) -> None:
    """Weights, optimizer, chains and what was made are bit-equal."""
    expected, after = state_of(undisturbed), state_of(run)
    assert expected.keys() == after.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(after[name], value, err_msg=name)
    for path in undisturbed.rglob("*_000.npy"):
        there = run / path.relative_to(undisturbed)
        np.testing.assert_array_equal(np.load(there), np.load(path))
