"""`dynpat recover`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import mask_options, reading_options, restoring_options
from .restoring import restore


@click.command()
@click.argument("videos", nargs=-1, type=click.Path(path_type=Path))
@reading_options
@mask_options
@click.option("--occlude", metavar="HOW", help="Try it out: hide salt-pepper:P, region:SHARE or "
              "frames:SHARE of complete videos, and measure what was recovered.")
@click.option("--truth", type=click.Path(path_type=Path), help="The video as it was before: "
              "measures what was recovered.")
@click.option("--complete", type=click.Path(path_type=Path), multiple=True,
              help="A video of the same kind of which nothing is missing, to learn from as well.")
@restoring_options
def recover(videos: tuple[Path, ...], **options: Any) -> None:
    """Fill in what is missing from VIDEOS, learning from what is there.

    Writes results/recovered_000.*, uncertainty_000.* (four times enlarged) and comparison_000.*
    into a run folder. Visible pixels stay bit-equal in lossless formats (png, npy).
    """
    restore("recover", videos, options)
