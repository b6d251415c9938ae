"""The task that continues any run that was stopped, or goes beyond its end with higher limits."""

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
    """Continue a run of `learn`, `recover`, `inpaint` or `extend`.

    Parameters
    ----------
    folder : str or Path
        The run folder.
    iterations : int or None
        The new limit of updates, counted from the beginning of the run; by default the old one.
    time_budget : float or None
        The new limit of seconds, counted likewise.
    formats : sequence of str
        The formats of the videos that are written at the end.
    reporter : Reporter or None
        What receives progress and notes.
    replicas : Replicas or None
        The replicas that learn together, by default this process alone.

    Returns
    -------
    Learned or Restored
        The result of the task.

    Raises
    ------
    BadRunError
        If the folder is no run, its videos have changed, its checkpoints are gone, or another
        process uses it.
    DivergedError
        If learning diverges again and again.
    """
    run = Run.open(Path(folder))
    plan = with_limits(run.plan(), iterations, time_budget)
    reporter, replicas = reporter or Reporter(), replicas or Replicas()
    if plan.task in OF_TASKS:
        return go_on(read_to_restore, run, plan, formats, reporter, replicas)
    return go_on(read_to_learn, run, plan, formats, reporter, replicas)
