"""`dynpat sample`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import Memory, Size, output_options, seed_option
from .progress import errors_as_click, reporting, show_result


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder that gets synthesised_000.* "
              "[default: a new one in the run's samples/].")
@click.option("--count", type=click.IntRange(1), default=1, show_default=True, help="How many.")
@click.option("--from", "start", metavar="noise|chains|reference|VIDEO", default="noise",
              show_default=True, help="Where chains start; chains: go on with those of learning; "
              "reference: draws of it, without what was learned.")
@click.option("--state", type=click.Choice(["last", "best"]), default="last", show_default=True,
              help="Of learning; best: that of the best figures of quality.")
@click.option("--frames", type=click.IntRange(2), help="Length [default: as the observed "
              "video, at most 70; --from chains: as learned].")
@click.option("--size", type=Size(), help="100 or WxH, texture models only [default: as learned].")
@click.option("--fps", type=click.FloatRange(0.01, 1000), help="Frame rate [default: as learned].")
@click.option("--steps", type=click.IntRange(1), default=40, show_default=True,
              help="Langevin steps from the start to each video.")
@click.option("--step-size", type=float, help="ε, in units as learned [default: as learned].")
@click.option("--loop", is_flag=True, help="The end goes on with the beginning, without a seam.")
@click.option("--tileable", is_flag=True, help="So do the edges: tiles of a texture model.")
@click.option("--memory", type=Memory(), default="4GB", show_default=True,
              help="Larger videos are sampled in parts, their chains in --out.")
@click.option("--resume", is_flag=True, help="Go on with a large video in --out that was stopped.")
@click.option("--label", help="Only of what was learned from videos in the folder of this name.")
@seed_option
@output_options
def sample(run: Path, as_json: bool, quiet: bool, **options: Any) -> None:
    """New videos from the model that `dynpat learn` left in the folder RUN."""
    with errors_as_click():
        from dynpat.devices import load_tensorflow

        load_tensorflow()
        from dynpat.tasks.sample import sample as task

        with reporting("Sampling", quiet) as reporter:
            result = task(run, reporter=reporter, **options)
    show_result(result, as_json, quiet)
