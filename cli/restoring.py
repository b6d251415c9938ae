"""The common part of the commands `recover`, `inpaint` and `extend`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import FROM_CONFIG, LEARNING, READING, changes, refuse
from .progress import errors_as_click, reporting, show_restoration, show_result
from .resuming import resumed_plan

if TYPE_CHECKING:
    from dynpat.runs.plan import Plan
    from dynpat.tasks.result import Result

MISSING = (
    "mask", "box", "invert", "dilate", "occlude", "truth", "complete", "before", "after", "between"
)


def restore(task: str, videos: tuple[Path, ...], options: dict[str, Any]) -> None:
    """Run a task with the arguments of its command, and show the result."""
    if options["resume"] and options["out"] is None:
        raise click.UsageError("--resume goes on with a run: name its folder by --out.")
    if options["resume"]:
        refuse({"config"}, "names a run to repeat, and --resume goes on with one; leave one out.")
    elif options["config"]:
        refuse({*MISSING, "estimate"}, FROM_CONFIG)
    elif not videos:
        raise click.UsageError(f"Give a video to {task}.")
    with errors_as_click():
        from dynpat.devices import load_tensorflow

        load_tensorflow()
        if options["resume"]:
            resumed_plan(task, videos, options)
        result = _run(task, videos, options)
    folder = shlex.quote(str(result.run))
    show_result(
        result, options["as_json"], options["quiet"],
        "" if result.finished
        else f"Stopped and saved; go on with: dynpat {task} --resume --out {folder}",
    )
    if not (options["as_json"] or options["quiet"]):
        show_restoration(result)


def _run(task: str, videos: tuple[Path, ...], options: dict[str, Any]) -> Result:
    from dynpat.tasks.restore import restore, resume_restoration

    with reporting("Learning", options["quiet"], options["tensorboard"]) as reporter:
        if options["resume"]:
            return resume_restoration(
                options["out"], iterations=options["iterations"],
                time_budget=options["time_budget"], formats=options["formats"], reporter=reporter,
            )
        return restore(
            _plan(task, videos, options), options["out"], formats=options["formats"],
            reporter=reporter,
        )


def _plan(task: str, videos: tuple[Path, ...], options: dict[str, Any]) -> Plan:
    from dynpat.runs.plan import plan_from_config
    from dynpat.tasks.restore import make_restoration

    if options["config"]:
        return plan_from_config(options["config"], videos, task=task, **changes(options))
    missing = {name: options.get(name) for name in MISSING}
    paths = {name: str(missing[name]) for name in ("mask", "truth") if missing[name]}
    return make_restoration(
        task, videos, estimate=options["estimate"], missing={**missing, **paths},
        langevin={"steps": options["langevin_steps"], "step_size": options["step_size"]},
        learn={name: options[name] for name in LEARNING},
        **{name: options[name] for name in (*READING, "precision", "sigma")
           if options.get(name) is not None},
    )
