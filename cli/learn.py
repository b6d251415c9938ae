"""`dynpat learn`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import (
    FROM_CONFIG,
    LEARNING,
    READING,
    changes,
    config_option,
    learning_options,
    model_options,
    output_options,
    reading_options,
    refuse,
    seed_option,
)
from .progress import errors_as_click, reporting, show_result
from .resuming import resumed_plan

if TYPE_CHECKING:
    from dynpat.learning.replicas import Replicas
    from dynpat.runs.plan import Plan
    from dynpat.tasks.result import Result


@click.command()
@click.argument("videos", nargs=-1, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The run folder [default: a new "
              "folder in runs/].")
@click.option("--resume", is_flag=True, help="Continue the run in --out.")
@config_option
@reading_options
@model_options
@learning_options
@seed_option
@output_options
@click.option("--strategy", type=click.Choice(["none", "mirrored", "multiworker"]), default="none",
              show_default=True, help="Where to learn. mirrored: on all GPUs of this machine; "
              "multiworker: on the cluster that the environment variable TF_CONFIG describes.")
@click.option("--dry-run", is_flag=True, help="Only print the plan and the memory and time that it "
              "will probably take.")
def learn(videos: tuple[Path, ...], **options: Any) -> None:
    """Learn from VIDEOS: video files, frame folders, or folders that contain either.

    The run folder gets the model, checkpoints, a preview while learning, and synthesised videos at
    the end. Ctrl-C saves the run, and --resume continues it.
    """
    if options["resume"] and options["out"] is None:
        raise click.UsageError("--resume goes on with a run: name its folder by --out.")
    if not (videos or options["resume"] or options["config"]):
        raise click.UsageError("Give at least one video or folder to learn from.")
    if options["strategy"] == "multiworker" and options["out"] is None:
        raise click.UsageError("--strategy multiworker needs --out: a folder that all workers see.")
    with errors_as_click():
        from dynpat.devices import load_tensorflow

        load_tensorflow(use=options["strategy"] != "multiworker")
        from dynpat.learning.replicas import open_replicas

        if options["strategy"] == "multiworker" and not options["quiet"]:
            click.echo("Waiting for the processes that TF_CONFIG names.", err=True)
        replicas = open_replicas(options["strategy"])
        plan = (
            resumed_plan("learn", videos, options) if options["resume"]
            else _plan(videos, options)
        )
        if options["dry_run"]:
            _show_estimate(plan, options)
            return
        result = _run(plan, options, replicas)
    if not replicas.chief:
        return
    folder = shlex.quote(str(result.run))
    show_result(
        result, options["as_json"], options["quiet"],
        f"Next: dynpat sample {folder} --count 2"
        if result.finished
        else f"Stopped and saved; go on with: dynpat learn --resume --out {folder}",
    )


def _run(plan: Plan, options: dict[str, Any], replicas: Replicas) -> Result:
    from dynpat.tasks.learn import learn, resume

    quiet = options["quiet"] or not replicas.chief
    with reporting("Learning", quiet, options["tensorboard"]) as reporter:
        if options["resume"]:
            return resume(
                options["out"], iterations=options["iterations"],
                time_budget=options["time_budget"], formats=options["formats"], reporter=reporter,
                replicas=replicas,
            )
        return learn(
            plan, options["out"], formats=options["formats"], reporter=reporter, replicas=replicas
        )


def _show_estimate(plan: Plan, options: dict[str, Any]) -> None:
    from dynpat.atomic import strict_json
    from dynpat.runs.folder import Run
    from dynpat.tasks.cost import estimate

    if options["out"] is not None and not options["resume"]:
        Run.require_free(options["out"])
    click.echo(strict_json(estimate(plan), indent=2))


def _plan(videos: tuple[Path, ...], options: dict[str, Any]) -> Plan:
    from dynpat.runs.plan import make_plan, plan_from_config

    if options["config"]:
        refuse({"pattern", "preset"}, FROM_CONFIG)
        return plan_from_config(options["config"], videos, **changes(options))
    return make_plan(
        videos,
        langevin={"steps": options["langevin_steps"], "step_size": options["step_size"]},
        learn={name: options[name] for name in LEARNING},
        **{name: options[name] for name in READING},
        **{name: options[name] for name in ("pattern", "preset", "sigma", "precision")},
    )
