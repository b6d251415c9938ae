"""Where a run comes from (VIDEOS, --config or --resume), and what may stand beside the last two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import LEARNING, RESUMABLE, changes, refuse, said

if TYPE_CHECKING:
    from dynpat.runs.plan import Plan

MISSING = (
    "mask", "box", "detect", "invert", "dilate", "occlude", "truth", "complete", "before", "after",
    "between",
)
RESOLVED = {"precision", "chain_store"}  # a run stores what 'auto' chose
OF_CONFIG = {"pattern", "preset", "estimate", *MISSING}  # a repeated run keeps its own


def check_source(task: str, videos: tuple[Path, ...], options: dict[str, Any]) -> None:
    """Check that the command line says exactly once where its run comes from.

    Raises
    ------
    click.UsageError
        If it does not, or repeats what --config already says.
    """
    if options["resume"]:
        if options["out"] is None:
            raise click.UsageError("--resume goes on with a run: name its folder by --out.")
        refuse({"config"}, "names a run to repeat, and --resume goes on with one; leave one out.")
    elif options["config"]:
        refuse(OF_CONFIG, "is that of --config; leave one of both out.")
    elif not videos:
        raise click.UsageError(f"dynpat {task} needs at least one video or folder; name it.")


def make_plan_of(
    task: str, videos: tuple[Path, ...], options: dict[str, Any], make: Callable[[], Plan]
) -> Plan:
    """Return the plan of the run in --out, that in --config, or a new one from `make`."""
    from dynpat.runs.plan import plan_from_config

    if options["resume"]:
        return _resumed_plan(task, videos, options)
    if options["config"]:
        return plan_from_config(options["config"], videos, task=task, **changes(options))
    return make()


def _resumed_plan(task: str, videos: tuple[Path, ...], options: dict[str, Any]) -> Plan:
    """Return the plan of the run in --out, with the limits that are given.

    Raises
    ------
    click.UsageError
        If another option on the command line differs from the run.
    """
    from dynpat.errors import BadRunError
    from dynpat.runs.folder import Run
    from dynpat.runs.plan import with_limits

    plan = Run.open(options["out"]).plan()
    if plan.task != task:
        raise BadRunError(
            f"'{options['out']}' is a run of dynpat {plan.task}; go on with it by dynpat "
            f"{plan.task} --resume."
        )
    _require_same(plan, videos, options)
    return with_limits(plan, options["iterations"], options["time_budget"])


def _require_same(plan: Plan, videos: tuple[Path, ...], options: dict[str, Any]) -> None:
    own = plan.videos[: len(plan.videos) - len(plan.missing.complete)]
    if videos and tuple(str(video) for video in videos) != own:
        raise _unchangeable("VIDEOS", " ".join(own))
    kept = {
        **asdict(plan.reading), **asdict(plan.model), **asdict(plan.missing),
        "window": plan.window, "pattern": plan.pattern, "preset": plan.preset,
        "langevin_steps": plan.langevin.steps, "step_size": plan.langevin.step_size,
        **{name: getattr(plan.learn, name) for name in LEARNING},
        "estimate": plan.missing.recover.estimate,
    }
    fixed = said() - RESUMABLE - {"videos"}
    for param in click.get_current_context().command.params:
        name = str(param.name)
        if name not in fixed or (name in RESOLVED and options[name] == "auto"):
            continue
        if _plain(options[name]) != _plain(kept.get(name)):
            raise _unchangeable(param.opts[0], kept.get(name))


def _plain(value: Any) -> Any:
    """Return a value as a plan has it: paths become text, and several values become a list."""
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _unchangeable(what: str, kept: object) -> click.UsageError:
    own = "its preset's" if kept is None else kept
    return click.UsageError(
        f"{what} cannot be changed on --resume: the run keeps its own ({own}). Leave it out, or "
        "start a new run."
    )
