"""`report.html`: one self-contained page about a run, or about several side by side."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dynpat import truth
from dynpat.atomic import strict_json
from dynpat.config import require
from dynpat.errors import BadRunError
from dynpat.pages import (
    Page,
    Table,
    page_of_videos,
    pictures,
    player,
    quality_table,
    table,
)
from dynpat.pages.curves import MEANINGS as CURVES
from dynpat.pages.curves import draw_curves
from dynpat.plan import Plan
from dynpat.runs import Run, read_log
from dynpat.videos import read_video

MOST_SAMPLES = 3  # synthesised videos on a page


def write_report(run: Run) -> Path:
    """Write `report.html` from what the run folder holds; returns its path."""
    rows, config = read_log(run.log_file), run.config()
    plan, fps = Plan.from_dict(config["plan"]), float(config["inputs"][0]["fps"])
    single = _read([run.observed_file, *_made(run)])
    players = [player("Videos", single, fps),
               player("Side by side", _beside(run, len(single) > 1), fps)]
    if (kernel := _first_kernel(run)) is not None:
        tiles = {"each filter over its frames": pictures.filters(kernel)}
        players.append(player("Filters of the first layer", tiles, fps))
    return Page(
        run.folder.name, _sentences(run, plan, rows),
        players=[player for player in players if player.panels],
        pictures=[pictures.strip(single), pictures.slices(single)] if single else [],
        tables=_tables(run.metrics()),
        curves=draw_curves(rows),
        curve_meanings=[f"{name}: {meaning}." for name, meaning in CURVES.items()],
        command=f"dynpat {plan.task} --config {shlex.quote(str(run.config_file))} --out NEW_FOLDER",
        settings=strict_json(config, indent=2),
    ).write(run.report_file)


def compare_runs(folders: Sequence[str | Path], out: str | Path) -> Path:
    """A page with what several runs made, their figures, and where their settings differ.

    Raises
    ------
    BadOptionError
        If there are fewer than two runs.
    BadRunError
        If a folder is no run, or holds nothing that was made.
    """
    runs = [Run.open(Path(folder)) for folder in folders]
    require(len(runs) > 1, "runs", "be two or more", len(runs), "Name another run folder")
    named = {f"{number}: {run.folder.name}": run for number, run in enumerate(runs, start=1)}
    videos = _read([runs[0].observed_file])
    for name, run in named.items():
        made = _made(run)
        if not made:
            raise BadRunError(
                f"'{run.folder}' holds no synthesised or recovered GIF to compare; let it end, or "
                "sample from it."
            )
        videos[name] = read_video(made[0]).frames
    metrics = {name: run.metrics() for name, run in named.items()}
    figures = quality_table(
        {name: values.get("synthesised", {}) for name, values in metrics.items()},
        next(iter(metrics.values())).get("floor", {}),
    )
    fps = float(runs[0].config()["inputs"][0]["fps"])
    return page_of_videos(
        "Runs side by side", [f"{len(runs)} runs of dynpat."], videos, fps,
        [figures, _differences(named)],
    ).write(Path(out))


def _differences(named: Mapping[str, Run]) -> Table:
    """Settings that are not the same in all runs."""
    plans = [_flat(run.plan().to_dict()) for run in named.values()]
    names = sorted({name for plan in plans for name in plan})
    rows = [(name, [str(plan.get(name, "–")) for plan in plans]) for name in names]
    return Table(
        "Settings that differ", list(named), [row for row in rows if len(set(row[1])) > 1]
    )


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested settings by dotted names."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        inner = isinstance(value, dict)
        found |= _flat(value, f"{before}{name}.") if inner else {before + name: value}
    return found


def _made(run: Run) -> list[Path]:
    """Some GIFs of what was made."""
    synthesised = sorted(run.samples.glob("synthesised_*.gif"))
    return [*synthesised, *sorted(run.results.glob("recovered_*.gif"))][:MOST_SAMPLES]


def _read(paths: Sequence[Path]) -> dict[str, np.ndarray]:
    """Videos by their names, without those that are not there."""
    return {path.stem.replace("_", " "): read_video(path).frames for path in paths if path.exists()}


def _beside(run: Run, finished: bool) -> dict[str, np.ndarray]:
    """Videos of panels side by side; of a run that is not finished, its preview."""
    named = {
        "visible | recovered | truth where it is known": run.results / "comparison_000.gif",
        "uncertainty, four times enlarged": run.results / "uncertainty_000.gif",
    }
    if not finished:
        named = {"observed | made so far": run.preview_file}
    return {name: read_video(path).frames for name, path in named.items() if path.exists()}


def _first_kernel(run: Run) -> np.ndarray | None:
    """(T, H, W, C, filters) of the learned model, if there is one."""
    if not run.model_file.exists():
        return None
    kernel = run.load_model().trainable_variables[0].numpy()
    return kernel if kernel.ndim == 5 else None


def _sentences(run: Run, plan: Plan, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    sentences = [f"A run of dynpat {plan.task} on {', '.join(plan.videos)}."]
    if rows:
        last = rows[-1]
        sentences.append(f"{last['update']} updates in {last['elapsed']:.0f} s of learning.")
    if any(run.results.glob("*.mp4")) or any(run.samples.glob("*.mp4")):
        sentences.append("MP4 files are lossy; --format npy or png keeps every pixel as it is.")
    return sentences


def _tables(metrics: Mapping[str, Any]) -> list[Table]:
    tables = []
    if metrics.get("synthesised"):
        made = {"synthesised 000": metrics["synthesised"]}
        if "reference" in metrics:
            made["reference alone"] = metrics["reference"]
        tables.append(quality_table(made, metrics.get("floor") or {}))
    tables += [
        table(f"{name.replace('_', ' ')} beside the truth", values["truth"], truth.MEANINGS)
        for name, values in metrics.items() if isinstance(values, dict) and "truth" in values
    ]
    return tables
