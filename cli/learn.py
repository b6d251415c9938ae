"""`dynpat learn`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import click

from .options import (
    learning_options,
    model_options,
    output_options,
    reading_options,
    seed_option,
)
from .progress import errors_as_click, reporting, show_result

RESUMABLE = {"iterations", "time_budget", "out", "resume", "formats", "quiet", "as_json"}


@click.command()
@click.argument("videos", nargs=-1, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The run folder [default: a new one "
              "in runs/].")
@click.option("--resume", is_flag=True, help="Go on with the run in --out.")
@reading_options
@model_options
@learning_options
@seed_option
@output_options
@click.option("--dry-run", is_flag=True, help="Print the plan with estimates of memory and time.")
@click.pass_context
def learn(ctx: click.Context, videos: tuple[Path, ...], **options: Any) -> None:
    """Learn from VIDEOS: video files, frame folders, or folders searched for either.

    Writes a run folder with the model, checkpoints, a preview while learning, and synthesised
    videos at the end. Ctrl-C saves; --resume goes on.
    """
    if options["resume"]:
        _check_resume(ctx, options)
    elif not videos:
        raise click.UsageError("Give at least one video or folder to learn from.")
    with errors_as_click():
        from dynpat.devices import load_tensorflow

        load_tensorflow()
        from dynpat import tasks

        if options["resume"]:
            with reporting("Learning", options["quiet"]) as reporter:
                result = tasks.resume(
                    options["out"], iterations=options["iterations"],
                    time_budget=options["time_budget"], formats=options["formats"],
                    reporter=reporter,
                )
        else:
            plan = _plan(videos, options)
            if options["dry_run"]:
                with reporting("Planning", True) as reporter:
                    click.echo(json.dumps(tasks.estimate(plan, reporter), indent=2))
                return
            with reporting("Learning", options["quiet"]) as reporter:
                result = tasks.learn(
                    plan, options["out"], formats=options["formats"], reporter=reporter
                )
    folder = shlex.quote(str(result.run))
    show_result(
        result, options["as_json"], options["quiet"],
        f"Next: dynpat sample {folder} --count 2"
        if result.finished
        else f"Stopped and saved; go on with: dynpat learn --resume --out {folder}",
    )


def _check_resume(ctx: click.Context, options: dict[str, Any]) -> None:
    """A resumed run keeps its settings, so none but its limits can be given."""
    if options["out"] is None:
        raise click.UsageError("--resume goes on with a run: name its folder by --out.")
    given = [
        param.opts[0]
        for param in ctx.command.params
        if param.name not in RESUMABLE | {"videos"}
        and ctx.get_parameter_source(str(param.name)) == click.core.ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(
            f"{given[0]} cannot be changed on --resume: the run keeps its settings. "
            "Leave it out, or start a new run."
        )


def _plan(videos: tuple[Path, ...], options: dict[str, Any]) -> Any:
    from dynpat import tasks

    learning = {
        name: options[name]
        for name in ("iterations", "time_budget", "chains", "batch", "learning_rate", "seed")
    }
    if options["iterations"] is not None and options["time_budget"] is None:
        learning["time_budget"] = float("inf")
    return tasks.make_plan(
        videos,
        langevin={"steps": options["langevin_steps"], "step_size": options["step_size"]},
        learn=learning,
        **{
            name: options[name]
            for name in ("pattern", "preset", "size", "frames", "start", "fps", "grey", "window",
                         "sigma", "precision")
        },
    )
