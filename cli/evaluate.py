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
              help="Also show the figures of simple methods: shuffled frames, pixel Gaussians, a "
              "linear system and coloured noise.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path),
              help="Also write a page (.html) with the videos in step and the figures.")
@click.option("--quiet", is_flag=True, help="Show no progress and no notes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def evaluate(
    observed: Path, synthesised: tuple[Path, ...], quiet: bool, as_json: bool, **options: Any
) -> None:
    """Measure how good the SYNTHESISED videos are, compared with the OBSERVED one.

    The observed video is read at the size of the first synthesised one, unless --size is given. The
    column "floor" compares the second half of the observed video with the first, and so shows how
    much real videos differ. Distances are in grey levels, and smaller is better; for ratios 1 is
    right. Judge by several figures, and by looking: a still mean frame has a good distance of
    patches, and a copy has the best of all.
    """
    with errors_as_click():
        from dynpat.tasks.evaluate import evaluate as task

        with reporting("Evaluating", quiet) as reporter:
            result = task(observed, synthesised, reporter=reporter, **options)
    show_evaluation(result, as_json)
