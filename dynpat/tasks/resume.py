"""The task that goes on: any run that was stopped, or beyond its end with higher limits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dynpat.learning.replicas import Replicas
from dynpat.options import OF_TASKS
from dynpat.reporter import Reporter
from dynpat.runs.folder import Run
from dynpat.runs.plan import with_limits
from dynpat.tasks.learn import read_to_learn
from dynpat.tasks.lifecycle import go_on
from dynpat.tasks.restore import read_to_restore
from dynpat.tasks.result import FORMATS, Learned, Restored


def resume(
    folder: str | Path, *, iterations: int | None = None, time_budget: float | None = None,
    formats: Sequence[str] = FORMATS, reporter: Reporter | None = None,
    replicas: Replicas | None = None,
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
    replicas
        Who learns together; this process alone if left out.

    Raises
    ------
    BadRunError
        If the folder is no run, its videos have changed, its checkpoints are gone, or another
        process works in it.
    DivergedError
        If learning diverges again and again.
    """
    run = Run.open(Path(folder))
    plan = with_limits(run.plan(), iterations, time_budget)
    reporter, replicas = reporter or Reporter(), replicas or Replicas()
    if plan.task in OF_TASKS:
        return go_on(read_to_restore, run, plan, formats, reporter, replicas)
    return go_on(read_to_learn, run, plan, formats, reporter, replicas)
