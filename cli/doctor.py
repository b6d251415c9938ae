"""`dynpat doctor`."""

from __future__ import annotations

import click

from .progress import errors_as_click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def doctor(as_json: bool) -> None:
    """Show what works on this machine and what does not, with a remedy for each fault."""
    with errors_as_click():
        from dynpat.atomic import strict_json
        from dynpat.devices import load_tensorflow

        load_tensorflow()
        from dynpat.tasks.doctor import examine

        findings = examine()
    if as_json:
        click.echo(strict_json([finding.__dict__ for finding in findings]))
    else:
        for finding in findings:
            mark = "ok  " if finding.works else "no  "
            click.echo(f"{mark}{finding.name}: {finding.detail}")
            if not finding.works:
                click.echo(f"    {finding.remedy}")
    if any(not finding.works and finding.needed for finding in findings):
        raise click.exceptions.Exit(1)
