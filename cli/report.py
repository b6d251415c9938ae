"""`dynpat report`."""

from __future__ import annotations

from pathlib import Path

import click

from .progress import errors_as_click


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
def report(run: Path) -> None:
    """Write the page report.html of the run folder RUN again."""
    with errors_as_click():
        from dynpat.runs.folder import Run
        from dynpat.tasks.report import write_report

        path = write_report(Run.open(run))
    click.echo(str(path))
