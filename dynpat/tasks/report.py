"""Write `report.html`, one self-contained page about a run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dynpat.atomic import strict_json
from dynpat.quality import truth
from dynpat.quality.filled import verdict_of_run
from dynpat.quality.verdict import Verdict, while_learning
from dynpat.report import pictures
from dynpat.report.curves import MEANINGS as CURVES, draw_curves
from dynpat.report.page import ON_STAGE, Page, Table, player, quality_table, table
from dynpat.runs.folder import Run
from dynpat.runs.kernel import first_kernel
from dynpat.runs.log import read_log
from dynpat.runs.plan import Plan
from dynpat.tasks.made import made_videos, of_each, read_made, read_named


def write_report(run: Run) -> Path:
    """Write `report.html` from the contents of the run folder; return its path."""
    return page_of_run(run).write(run.report_file)


def page_of_run(run: Run, stamp: str = "") -> Page:
    """Make the page of a run, finished or not, from the contents of its folder.

    Parameters
    ----------
    run : Run
        The run; another process may be learning into it.
    stamp : str
        What the page compares with its server's to see whether it is old, "" for a page in a file.

    Returns
    -------
    Page
        The page.

    Raises
    ------
    BadRunError
        If a file of the run is damaged.
    """
    rows, config = read_log(run.log_file), run.config()
    plan, fps = Plan.from_dict(config["plan"]), float(config["inputs"][0]["fps"])
    single, metrics = read_named([run.observed_file, *made_videos(run)]), run.metrics()
    finished = len(single) > 1
    stage = dict(list(single.items())[:ON_STAGE]) if finished else _preview(run) or single
    more = dict(list(single.items())[ON_STAGE:])
    players = [player("More videos", more, fps), player("Side by side", _restored(run), fps)]
    return Page(
        run.folder.name, _sentences(run, plan, rows),
        stage=player("", stage, fps),
        verdict=_verdict(metrics, rows),
        players=[one for one in players if one],
        pictures=[pictures.slices(single), pictures.strip(single)] if single else [],
        tables=_tables(metrics),
        curves=draw_curves(rows),
        curve_meanings=[f"{name}: {meaning}." for name, meaning in CURVES.items()],
        filters=player("Filters of the first layer", _filters(run), fps),
        command=f"dynpat {plan.task} --config {shlex.quote(str(run.config_file))} --out NEW_FOLDER",
        settings=strict_json(config, indent=2),
        stamp=stamp,
    )


def _verdict(metrics: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Verdict:
    """Judge the result of a run that has ended, or the newest preview of one that learns."""
    if metrics:
        return verdict_of_run(metrics)
    scores = [row["quality"]["score"] for row in rows if "score" in (row.get("quality") or {})]
    return while_learning(rows[-1]["update"] if rows else 0, scores)


def _filters(run: Run) -> dict[str, np.ndarray]:
    kernel = first_kernel(run.model_file) if run.model_file.exists() else None
    return {} if kernel is None else {"each filter over its frames": pictures.filters(kernel)}


def _preview(run: Run) -> dict[str, np.ndarray]:
    """Return the newest preview of a run that has made nothing yet, if there is one."""
    preview = run.preview_file
    return {"observed | made so far": read_made(preview)} if preview.exists() else {}


def _restored(run: Run) -> dict[str, np.ndarray]:
    """Return the videos of a restoration that have panels side by side."""
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
