"""`dynpat demo`."""

from __future__ import annotations

from pathlib import Path

import click

from .options import Duration, output_options, seed_option
from .progress import errors_as_click, reporting, show_result


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="The run folder [default: runs/demo].")
@click.option("--iterations", type=click.IntRange(1), help="Number of updates of the weights.")
@click.option("--time-budget", type=Duration(),
              help="Time to learn [default: 100s, unless --iterations is given].")
@seed_option
@output_options
def demo(
    out: Path | None, iterations: int | None, time_budget: float | None, seed: int,
    formats: tuple[str, ...], quiet: bool, as_json: bool,
) -> None:
    """Learn the embedded video of flames and sample new ones, in about two minutes on two cores."""
    with errors_as_click():
        from dynpat.devices import load_tensorflow

        load_tensorflow()
        from dynpat.tasks.demo import demo as task

        with reporting("Demo", quiet) as reporter:
            result = task(
                out, iterations=iterations, time_budget=time_budget, seed=seed, formats=formats,
                reporter=reporter,
            )
    show_result(result, as_json, quiet, "Open report.html to see observed beside synthesised.")
