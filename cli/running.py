"""The common part of the commands that learn: run a plan to its end or to a stop, and show it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .options import LEARNING, READING
from .progress import reporting, show_result

if TYPE_CHECKING:
    from dynpat.learning.replicas import Replicas
    from dynpat.runs.plan import Plan
    from dynpat.tasks.result import Result


def run_plan(
    plan: Plan, options: dict[str, Any], begin: Callable[..., Result],
    replicas: Replicas | None = None,
) -> Result:
    """Start a run with the function `begin` of its task, or continue the run in --out."""
    from dynpat.tasks.resume import resume

    quiet = options["quiet"] or not (replicas is None or replicas.chief)
    together = {} if replicas is None else {"replicas": replicas}
    with reporting("Learning", quiet, options["tensorboard"]) as reporter:
        how = {"formats": options["formats"], "reporter": reporter, **together}
        if options["resume"]:
            limits = {name: options[name] for name in ("iterations", "time_budget")}
            return resume(options["out"], **limits, **how)
        return begin(plan, options["out"], **how)


def shared_options(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of `make_plan` that all these commands have, from the command line."""
    return {
        "langevin": {"steps": options["langevin_steps"], "step_size": options["step_size"]},
        "learn": {name: options[name] for name in LEARNING if name in options},
        **{name: options[name] for name in (*READING, "window", "sigma", "precision")},
    }


def show_end(task: str, result: Result, options: dict[str, Any], onwards: str = "") -> None:
    """Show the result and what to do next: `onwards`, or after a stop how to continue."""
    stopped = f"Stopped and saved; go on with: dynpat {task} --resume --out {folder_of(result)}"
    last = onwards if result.finished else stopped
    show_result(result, options["as_json"], options["quiet"], last)


def folder_of(result: Result) -> str:
    """Return the run folder, quoted for a shell."""
    return shlex.quote(str(result.run))
