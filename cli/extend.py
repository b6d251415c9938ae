"""`dynpat extend`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import reading_without_frames, restoring_options
from .restoring import restore


@click.command()
@click.argument("videos", metavar="VIDEO", nargs=-1, type=click.Path(path_type=Path))
@click.option("--frames", "after", type=click.IntRange(1), help="Number of new frames after the "
              "last one.")
@click.option("--before", type=click.IntRange(1), help="Number of new frames before the "
              "first one.")
@click.option("--between", type=click.IntRange(1), help="Number of new frames between every two.")
@click.option("--read", "frames", type=click.IntRange(2), help="Number of frames to read from "
              "VIDEO [default: 70, or all if there are fewer].")
@reading_without_frames
@restoring_options
def extend(videos: tuple[Path, ...], **options: Any) -> None:
    """Continue VIDEO, put new frames before it, or put new frames between its own."""
    restore("extend", videos, options)
