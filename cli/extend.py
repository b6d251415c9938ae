"""`dynpat extend`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import reading_without_frames, restoring_options
from .restoring import restore


@click.command()
@click.argument("videos", metavar="VIDEO", nargs=-1, type=click.Path(path_type=Path))
@click.option("--frames", "after", type=click.IntRange(1), help="New frames after the last.")
@click.option("--before", type=click.IntRange(1), help="New frames before the first.")
@click.option("--between", type=click.IntRange(1), help="New frames between every two.")
@click.option("--read", "frames", type=click.IntRange(2), help="Frames of VIDEO [default: 70, or "
              "all if fewer].")
@reading_without_frames
@restoring_options
def extend(videos: tuple[Path, ...], **options: Any) -> None:
    """Continue VIDEO, put frames before it, or new ones between its own."""
    restore("extend", videos, options)
