"""What may be given beside --resume: new limits, and options that equal those of the run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import LEARNING, RESUMABLE, said

if TYPE_CHECKING:
    from dynpat.runs.plan import Plan


def resumed_plan(task: str, videos: tuple[Path, ...], options: dict[str, Any]) -> Plan:
    """Return the plan of the run in --out, with the limits that are given.

    A run of another task is not compared, because the task itself refuses it.

    Raises
    ------
    click.UsageError
        If another option on the command line differs from the run.
    """
    from dynpat.runs.folder import Run
    from dynpat.runs.plan import with_limits

    plan = Run.open(options["out"]).plan()
    if plan.task == task:
        _require_same(plan, videos, options)
    return with_limits(plan, options["iterations"], options["time_budget"])


def _require_same(plan: Plan, videos: tuple[Path, ...], options: dict[str, Any]) -> None:
    complete = plan.missing.get("complete", [])
    own = plan.videos[: len(plan.videos) - len(complete)]
    if videos and tuple(str(video) for video in videos) != own:
        raise _unchangeable("VIDEOS", " ".join(own))
    kept = {
        **plan.reading, **plan.model, "pattern": plan.pattern, "preset": plan.preset,
        "langevin_steps": plan.langevin.steps, "step_size": plan.langevin.step_size,
        **{name: getattr(plan.learn, name) for name in LEARNING},
        **plan.missing, "estimate": plan.missing.get("recover", {}).get("estimate"),
    }
    fixed = said() - RESUMABLE - {"videos"}
    for param in click.get_current_context().command.params:
        name = str(param.name)
        if name not in fixed or (name, options[name]) == ("precision", "auto"):
            continue
        if _plain(options[name]) != _plain(kept.get(name)):
            raise _unchangeable(param.opts[0], kept.get(name, "its preset's"))


def _plain(value: Any) -> Any:
    """Return a value as a plan has it: paths become text, and several values become a list."""
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _unchangeable(what: str, kept: object) -> click.UsageError:
    return click.UsageError(
        f"{what} cannot be changed on --resume: the run keeps its own ({kept}). Leave it out, or "
        "start a new run."
    )
