"""`dynpat sample`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import Memory, Size, output_options, seed_option
from .progress import errors_as_click, reporting, show_result


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The folder for synthesised_000.* "
              "[default: a new folder in samples/ of the run].")
@click.option("--count", type=click.IntRange(1), default=1, show_default=True,
              help="Number of videos.")
@click.option("--from", "start", metavar="noise|chains|reference|VIDEO", default="noise",
              show_default=True, help="What chains start from: noise, the chains of learning, or a "
              "VIDEO. With reference, the reference is sampled without the network.")
@click.option("--state", type=click.Choice(["last", "best"]), default="last", show_default=True,
              help="Which saved model to use: the last, or the best-scoring.")
@click.option("--frames", type=click.IntRange(2), help="Number of frames [default: as the observed "
              "video has, at most 70; with --from chains: as learned].")
@click.option("--size", type=Size(), help="Size of the videos, 100 or WxH, for texture models only "
              "[default: as learned].")
@click.option("--fps", type=click.FloatRange(0.01, 1000), help="Frames per second [default: as "
              "learned].")
@click.option("--steps", type=click.IntRange(1), default=40, show_default=True,
              help="Number of Langevin steps from the start to each video.")
@click.option("--step-size", type=float, help="Step size ε, in the units of learning [default: as "
              "learned].")
@click.option("--loop", is_flag=True, help="The end of a video continues with its beginning, "
              "without a seam.")
@click.option("--tileable", is_flag=True, help="Opposite edges of a picture continue each other, "
              "without a seam; for texture models only.")
@click.option("--memory", type=Memory(), default="4GB", show_default=True,
              help="Memory to take; larger videos are sampled in parts, with chains in --out.")
@click.option("--resume", is_flag=True, help="Continue a large video in --out that was stopped.")
@click.option("--label", help="Only make videos like those that were learned from the folder of "
              "this name.")
@seed_option
@output_options
def sample(run: Path, as_json: bool, quiet: bool, **options: Any) -> None:
    """Make new videos with the model that `dynpat learn` left in the run folder RUN."""
    with errors_as_click():
        from dynpat.devices import load_tensorflow

        load_tensorflow()
        from dynpat.tasks.sample import sample as task

        with reporting("Sampling", quiet) as reporter:
            result = task(run, reporter=reporter, **options)
    show_result(result, as_json, quiet)
