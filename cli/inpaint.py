"""`dynpat inpaint`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import mask_options, reading_options, restoring_options
from .restoring import restore


@click.command()
@click.argument("videos", metavar="VIDEO", nargs=-1, type=click.Path(path_type=Path))
@reading_options
@mask_options
@restoring_options
def inpaint(videos: tuple[Path, ...], **options: Any) -> None:
    """Take away what a mask covers from the moving background of VIDEO.

    Works on the part around the mask, shrunk if it is large (--size: the working size), and puts
    the result back in the video's own size and frame rate.
    """
    restore("inpaint", videos, options)
