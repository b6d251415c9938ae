"""`dynpat report`."""

from __future__ import annotations

from pathlib import Path

import click

from .progress import errors_as_click


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--serve", is_flag=True, help="Show the page at an address of this machine instead, "
              "and refresh it while the run learns, until Ctrl-C.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of that address [default: 8646, "
              "or a free one].")
def report(run: Path, serve: bool, port: int | None) -> None:
    """Write the page report.html of the run folder RUN again, or show it while RUN learns."""
    if serve:
        _serve(run, port)
        return
    if port is not None:
        raise click.UsageError("--port needs --serve.")
    with errors_as_click():
        from dynpat.runs.folder import Run
        from dynpat.tasks.report import write_report

        path = write_report(Run.open(run))
    click.echo(str(path))


def _serve(run: Path, port: int | None) -> None:
    """Serve the page until Ctrl-C."""
    with errors_as_click():
        from dynpat.tasks.serve import PageServer

        server = PageServer(run, port)
    with server:
        click.echo(server.address)
        click.echo("Open this address in a browser; it is refreshed until Ctrl-C.", err=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("No longer served.", err=True)
