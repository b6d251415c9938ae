"""The task that goes on: any run that was stopped, or beyond its end with higher limits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dynpat.reporter import Reporter
from dynpat.runs.folder import Run
from dynpat.tasks.learn import resume as resume_learning
from dynpat.tasks.restore import resume_restoration
from dynpat.tasks.result import FORMATS, Learned, Restored


def resume(
    folder: str | Path, *, iterations: int | None = None, time_budget: float | None = None,
    formats: Sequence[str] = FORMATS, reporter: Reporter | None = None,
) -> Learned | Restored:
    """Go on with a run of `learn`, `recover`, `inpaint` or `extend`.

    Parameters
    ----------
    folder
        The run folder.
    iterations, time_budget
        New limits, counted from the run's beginning; the run's own if left out.
    formats
        Of the videos that are written at the end.
    reporter
        Told what happens.

    Raises
    ------
    BadRunError
        If the folder is no run, its videos have changed, its checkpoints are gone, or another
        process works in it.
    DivergedError
        If learning diverges again and again.
    """
    task = Run.open(Path(folder)).plan().task
    go_on = resume_learning if task == "learn" else resume_restoration
    return go_on(
        folder, iterations=iterations, time_budget=time_budget, formats=formats, reporter=reporter
    )
