"""Write `report.html`, one self-contained page about a run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dynpat.atomic import strict_json
from dynpat.quality import truth
from dynpat.report import pictures
from dynpat.report.curves import MEANINGS as CURVES, draw_curves
from dynpat.report.page import (
    Page,
    Table,
    player,
    quality_table,
    table,
)
from dynpat.runs.folder import Run, read_log
from dynpat.runs.kernel import first_kernel
from dynpat.runs.plan import Plan
from dynpat.tasks.made import made_videos, of_each, read_made, read_named


def write_report(run: Run) -> Path:
    """Write `report.html` from the contents of the run folder; return its path."""
    rows, config = read_log(run.log_file), run.config()
    plan, fps = Plan.from_dict(config["plan"]), float(config["inputs"][0]["fps"])
    single = read_named([run.observed_file, *made_videos(run)])
    players = [player("Videos", single, fps),
               player("Side by side", _beside(run, len(single) > 1), fps)]
    kernel = first_kernel(run.model_file) if run.model_file.exists() else None
    if kernel is not None:
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


def _beside(run: Run, finished: bool) -> dict[str, np.ndarray]:
    """Return the videos of panels side by side; for an unfinished run, its preview."""
    if not finished:
        preview = run.preview_file
        return {"observed | made so far": read_made(preview)} if preview.exists() else {}
    named = {
        "visible | recovered | truth where it is known": "comparison_000",
        "uncertainty, four times enlarged": "uncertainty_000",
    }
    return {
        name: read_made(path)
        for name, stem in named.items() for path in of_each(run.results, f"{stem}*")
    }


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
