"""`dynpat recover`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import Damage, mask_options, reading_options, restoring_options
from .restoring import restore


@click.command()
@click.argument("videos", nargs=-1, type=click.Path(path_type=Path))
@reading_options
@mask_options
@click.option("--detect", type=Damage(), metavar="KINDS", help="Find damage, alone or beside "
              "--mask or --box: frozen (frames that repeat the one before while the video around "
              "them moves), black (frames without a picture), scratches (thin upright lines and "
              "dust in one frame only; --dilate lets them grow); several are separated by "
              "commas.")
@click.option("--occlude", metavar="HOW", help="Hide pixels of complete videos at random "
              "(salt-pepper:P, region:SHARE or frames:SHARE), recover them, and measure the error.")
@click.option("--truth", type=click.Path(path_type=Path), help="The complete video, with which the "
              "recovered pixels are compared.")
@click.option("--complete", type=click.Path(path_type=Path), multiple=True,
              help="A video of the same kind without missing pixels, to learn from as well.")
@restoring_options
def recover(videos: tuple[Path, ...], **options: Any) -> None:
    """Fill in the missing pixels of VIDEOS, with a model learned from the visible ones.

    The folder results/ of the run gets recovered_000.*, uncertainty_000.* (enlarged four times) and
    comparison_000.*. Visible pixels stay bit-equal in lossless formats (png, npy).
    """
    restore("recover", videos, options)
