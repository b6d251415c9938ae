"""`dynpat evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import reading_options
from .progress import errors_as_click, reporting, show_evaluation


@click.command()
@click.argument("observed", type=click.Path(path_type=Path))
@click.argument("synthesised", nargs=-1, required=True, type=click.Path(path_type=Path))
@reading_options
@click.option("--baselines/--no-baselines", default=True, show_default=True,
              help="Beside: shuffled frames, pixel Gaussians, a linear system, coloured noise.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path),
              help="Also write a page (.html): the videos in step, and the figures.")
@click.option("--quiet", is_flag=True, help="No progress and no notes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def evaluate(
    observed: Path, synthesised: tuple[Path, ...], quiet: bool, as_json: bool, **options: Any
) -> None:
    """How good the SYNTHESISED videos are, beside the OBSERVED one.

    The observed video is read at the size of the first synthesised one, unless --size is given.
    The column "floor" holds the figures of its second half against its first: what is real
    differs so. Distances are in grey levels, smaller is better; of the ratios 1 is right. Judge
    by several figures, and by looking: a mean frame that stands still has a good distance of
    patches, and a copy the best of all.
    """
    with errors_as_click():
        from dynpat.tasks.evaluate import evaluate as task

        with reporting("Evaluating", quiet) as reporter:
            result = task(observed, synthesised, reporter=reporter, **options)
    show_evaluation(result, as_json)
