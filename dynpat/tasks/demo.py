"""The task `demo`: learn a video that dynpat renders itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dynpat.datasets import FRAMES_PER_SECOND, flames
from dynpat.reporter import Reporter
from dynpat.runs.folder import Run
from dynpat.runs.plan import make_plan
from dynpat.tasks.learn import learn
from dynpat.tasks.result import FORMATS, Result
from dynpat.videos import write_video

BUDGET = 100.0  # seconds of learning
FRAMES, SIZE = 40, (64, 64)  # of the video


def demo(
    out: str | Path | None = None, *, iterations: int | None = None,
    time_budget: float | None = None, seed: int = 0, formats: Sequence[str] = FORMATS,
    reporter: Reporter | None = None,
) -> Result:
    """Learn a video of flames, which is rendered into `input/` of the run folder.

    Parameters
    ----------
    out : str or Path or None
        The run folder; by default a new folder in `runs/`.
    iterations : int or None
        The number of updates after which learning ends.
    time_budget : float or None
        The seconds after which learning ends, if that is earlier; by default 100.
    seed : int
        The seed of all random numbers.
    formats : sequence of str
        The formats of the synthesised videos.
    reporter : Reporter or None
        What receives progress and notes.

    Returns
    -------
    Result
        The files and figures of the run.

    Raises
    ------
    BadRunError
        If the folder has something in it already.
    DivergedError
        If learning diverges again and again.
    """
    if iterations is None and time_budget is None:
        time_budget = BUDGET
    plan = make_plan([], fps=FRAMES_PER_SECOND, learn={
        "iterations": iterations, "time_budget": time_budget, "seed": seed,
    })
    run = Run.create(None if out is None else Path(out), "demo")
    source = run.folder / "input" / "flames"
    write_video(source, flames(FRAMES, SIZE, seed), FRAMES_PER_SECOND)
    plan = replace(plan, videos=(str(source),))
    return learn(plan, run.folder, formats=formats, reporter=reporter)
