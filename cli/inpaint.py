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
    """Remove what a mask covers from the moving background of VIDEO.

    The command works on the part around the mask and shrinks it if it is large: to 90 pixels for
    each second of the time budget, which are 208x208 by default. --size sets another working size.
    The result has the size and the frame rate of VIDEO.
    """
    restore("inpaint", videos, options)
