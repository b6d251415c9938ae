"""A process that is killed at any moment loses nothing: the run goes on and ends bit-equal."""

from __future__ import annotations

import os
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

KILLS = int(os.environ.get("DYNPAT_KILLS", "16"))  # 40 before a release
LONGEST = 10.0  # seconds until a kill; starting takes about half of it
SCRIPT = """
import sys
from pathlib import Path
from dynpat.devices import load_tensorflow
load_tensorflow()
from dynpat import restoring, tasks
task, video, out = sys.argv[1], sys.argv[2], Path(sys.argv[3])
often = {"checkpoint_every": 0.2, "preview_every": 0.5}
if task == "learn":
    begin, go_on = tasks.learn, tasks.resume
    plan = tasks.make_plan(
        [video], precision="float32", learn={"iterations": 60, "chains": 2, **often}
    )
else:
    begin, go_on = restoring.restore, restoring.resume_restoration
    plan = restoring.make_restoration(
        task, video, missing={"occlude": "region:0.2"}, precision="float32",
        learn={"iterations": 30, "chains": 1, **often},
    )
if (out / "config.json").exists():
    go_on(out, formats=("npy", "gif"))
else:
    begin(plan, out, formats=("npy", "gif"))
"""


def require_whole(run: Path) -> None:
    """Whatever has its own name can be read."""
    for path in run.rglob("*.gif"):
        if not path.name.startswith("."):
            assert len(read_video(path).frames) > 1
    for path in run.rglob("*.npy"):
        if not path.name.startswith("."):
            np.load(path)


@pytest.mark.parametrize("task", ["learn", "recover"])
def test_kills_at_random_moments(
    task: str, state_of: Callable[[Path], dict[str, np.ndarray]], tmp_path: Path
) -> None:
    video = tmp_path / "flames.gif"
    write_video(video, flames(12, (24, 24)), FRAMES_PER_SECOND)
    assert lived(task, video, tmp_path / "undisturbed", 300)
    moments = random.Random(7)
    killed = lives = 0
    while killed < KILLS:
        lives += 1
        run = tmp_path / f"life_{lives}"
        while not lived(task, video, run, moments.uniform(0.2, LONGEST)):
            killed += 1
            require_whole(run)
        require_alike(run, tmp_path / "undisturbed", state_of)
    assert lives < killed  # some were killed more than once


def lived(task: str, video: Path, run: Path, seconds: float) -> bool:
    """Whether the run ended within so many seconds; else it was killed then."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, task, str(video), str(run)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
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
