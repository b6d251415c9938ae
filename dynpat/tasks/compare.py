"""The task `compare`: show several runs side by side on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dynpat.config import require
from dynpat.errors import BadRunError
from dynpat.quality.filled import verdict_of_run
from dynpat.report.page import Cell, Table, page_of_videos, quality_table
from dynpat.runs.folder import Run
from dynpat.tasks.made import made_videos, read_made, read_named


def compare_runs(folders: Sequence[str | Path], out: str | Path) -> Path:
    """Write a page that shows several runs side by side: videos, figures and different settings.

    Parameters
    ----------
    folders : sequence of str or Path
        The run folders, at least two.
    out : str or Path
        The HTML file to write.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    BadOptionError
        If there are fewer than two runs.
    BadRunError
        If a folder is no run, or has no results.
    """
    runs = [Run.open(Path(folder)) for folder in folders]
    require(len(runs) > 1, "runs", "be two or more", len(runs), "Name another run folder")
    named = {f"{number}: {run.folder.name}": run for number, run in enumerate(runs, start=1)}
    videos = read_named([runs[0].observed_file])
    for name, run in named.items():
        made = made_videos(run)
        if not made:
            raise BadRunError(
                f"'{run.folder}' holds no synthesised or recovered video to compare; let it "
                "end, or sample from it."
            )
        videos[name] = read_made(made[0])
    metrics = {name: run.metrics() for name, run in named.items()}
    figures = quality_table(
        {name: values.get("synthesised", {}) for name, values in metrics.items()},
        next(iter(metrics.values())).get("floor", {}),
    )
    fps = float(runs[0].config()["inputs"][0]["fps"])
    return page_of_videos(
        "Runs side by side", [f"{len(runs)} runs of dynpat.", *_verdicts(metrics)], videos, fps,
        [figures, _differences(named)], on_stage=len(videos),
    ).write(Path(out))


def _verdicts(metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Say of each run that has figures how close it came."""
    found = {name: verdict_of_run(values) for name, values in metrics.items()}
    return [f"{name}: {one.sentence}" for name, one in found.items() if one.sentence]


def _differences(named: Mapping[str, Run]) -> Table:
    """Make a table of the settings that are not the same in all runs."""
    plans = [_flat(run.plan().to_dict()) for run in named.values()]
    names = sorted({name for plan in plans for name in plan})
    rows = [(name, [Cell(str(plan.get(name, "–"))) for plan in plans]) for name in names]
    return Table(
        "Settings that differ", list(named), [row for row in rows if len(set(row[1])) > 1]
    )


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return nested settings by dotted names."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        inner = isinstance(value, dict)
        found |= _flat(value, f"{before}{name}.") if inner else {before + name: value}
    return found
