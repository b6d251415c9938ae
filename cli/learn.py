"""`dynpat learn`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dynpat.config import CHAIN_STORES

from .options import (
    config_option,
    learning_options,
    model_options,
    output_options,
    reading_options,
    seed_option,
)
from .progress import ScreenReporter, errors_as_click
from .resuming import check_source, make_plan_of
from .running import folder_of, run_plan, shared_options, show_end

if TYPE_CHECKING:
    from dynpat.runs.plan import Plan


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
@click.option("--chain-store", type=click.Choice(CHAIN_STORES), default="auto",
              show_default=True, help="Where the persistent chains lie. disk: in files of the run "
              "folder; auto: there if they need more than half of the memory. The result is the "
              "same.")
@click.option("--dry-run", is_flag=True, help="Only print the plan and the memory and time that it "
              "will probably take.")
def learn(videos: tuple[Path, ...], **options: Any) -> None:
    """Learn from VIDEOS: video files, frame folders, or folders that contain either.

    The run folder gets the model, checkpoints, a preview while learning, and synthesised videos at
    the end. Ctrl-C saves the run, and --resume continues it.
    """
    check_source("learn", videos, options)
    if options["strategy"] == "multiworker" and options["out"] is None:
        raise click.UsageError("--strategy multiworker needs --out: a folder that all workers see.")
    with errors_as_click():
        from dynpat.devices import load_tensorflow

        load_tensorflow(use=options["strategy"] != "multiworker")
        from dynpat.learning.replicas import open_replicas
        from dynpat.tasks.learn import learn as begin

        if options["strategy"] == "multiworker" and not options["quiet"]:
            click.echo("Waiting for the processes that TF_CONFIG names.", err=True)
        replicas = open_replicas(options["strategy"])
        plan = make_plan_of("learn", videos, options, lambda: _new_plan(videos, options))
        if options["dry_run"]:
            _show_estimate(plan, options)
            return
        result = run_plan(plan, options, begin, replicas)
    if replicas.chief:
        show_end("learn", result, options, f"Next: dynpat sample {folder_of(result)} --count 2")


def _show_estimate(plan: Plan, options: dict[str, Any]) -> None:
    from dynpat.atomic import strict_json
    from dynpat.runs.folder import Run
    from dynpat.tasks.cost import cost_of

    if options["out"] is not None and not options["resume"]:
        Run.require_free(options["out"])
    reporter = None if options["quiet"] else ScreenReporter("Planning")  # its bar stays hidden
    click.echo(strict_json(cost_of(plan, reporter).to_dict(), indent=2))


def _new_plan(videos: tuple[Path, ...], options: dict[str, Any]) -> Plan:
    from dynpat.runs.plan import make_plan

    return make_plan(
        videos, **shared_options(options), pattern=options["pattern"], preset=options["preset"]
    )
