"""`dynpat compare`."""

from __future__ import annotations

from pathlib import Path

import click

from .progress import errors_as_click


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path),
              default=Path("compare.html"), show_default=True, help="The page to write.")
def compare(runs: tuple[Path, ...], out: Path) -> None:
    """Write a page that shows RUNS side by side: their videos, figures and different settings."""
    with errors_as_click():
        from dynpat.tasks.compare import compare_runs

        path = compare_runs(runs, out)
    click.echo(str(path))
