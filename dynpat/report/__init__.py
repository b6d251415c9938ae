"""`report.html`: one self-contained page about a run, or about several side by side."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment

from dynpat import quality, truth
from dynpat.atomic import strict_json, write_text
from dynpat.config import require
from dynpat.errors import BadRunError
from dynpat.report import curves, pictures
from dynpat.runs import Run, read_log
from dynpat.videos import read_video

MOST_SAMPLES = 3  # synthesised videos on a page
MEANINGS = {name: figure.meaning for name, figure in quality.FIGURES.items()}
Figures = Mapping[str, float | None]


@dataclass(frozen=True)
class Table:
    """Figures, a column each video."""

    title: str
    columns: list[str]
    rows: list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Page:
    """What is on a page, in its order."""

    title: str
    sentences: list[str]
    players: list[pictures.Player]
    pictures: list[pictures.Picture] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    curves: str = ""
    curve_meanings: list[str] = field(default_factory=list)
    command: str = ""
    settings: str = ""

    def write(self, path: Path) -> Path:
        """Write the page, whole or not at all."""
        source = files("dynpat.report").joinpath("page.html").read_text(encoding="utf-8")
        write_text(path, Environment(autoescape=True).from_string(source).render(page=self))
        return path


def table(title: str, columns: Mapping[str, Figures], meanings: Mapping[str, str]) -> Table:
    """A row for each figure that any column has."""
    rows = [
        (meaning, [_shown(column.get(name)) for column in columns.values()])
        for name, meaning in meanings.items()
        if any(column.get(name) is not None for column in columns.values())
    ]
    return Table(title, list(columns), rows)


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def write_report(run: Run) -> Path:
    """Write `report.html` from what the run folder holds; returns its path."""
    rows, config = read_log(run.log_file), run.config()
    fps = float(config["inputs"][0]["fps"])
    single = _single(run)
    players = [_player("Videos", single, fps),
               _player("Side by side", _beside(run, len(single) > 1), fps)]
    if (kernel := _first_kernel(run)) is not None:
        tiles = {"each filter over its frames": pictures.filters(kernel)}
        players.append(_player("Filters of the first layer", tiles, fps))
    return Page(
        run.folder.name, _sentences(run, rows),
        players=[player for player in players if player.panels],
        pictures=[pictures.strip(single), pictures.slices(single)] if single else [],
        tables=_tables(run.metrics()),
        curves=curves.draw_curves(rows),
        curve_meanings=[f"{name}: {meaning}." for name, meaning in curves.MEANINGS.items()],
        command=_command(run),
        settings=strict_json(config, indent=2),
    ).write(run.report_file)


def page_of_videos(
    title: str, sentences: list[str], videos: Mapping[str, np.ndarray], fps: float,
    tables: Sequence[Table] = (), settings: str = "",
) -> Page:
    """Videos that play in step, their frames and motion, and tables about them."""
    return Page(
        title, sentences, [_player("Videos", videos, fps)],
        [pictures.strip(videos), pictures.slices(videos)], list(tables), settings=settings,
    )


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
    videos: dict[str, np.ndarray] = {}
    columns: dict[str, Figures] = {}
    for number, run in enumerate(runs, start=1):
        name = f"{number}: {run.folder.name}"
        made = [v for key, v in _single(run).items() if not key.startswith("observed")]
        if not made:
            raise BadRunError(
                f"'{run.folder}' holds no synthesised or recovered GIF to compare; let it end, or "
                "sample from it."
            )
        if number == 1 and run.observed_file.exists():
            videos["observed"] = read_video(run.observed_file).frames
        videos[name] = made[0]
        columns[name] = run.metrics().get("synthesised", {})
    columns["floor: real against real"] = runs[0].metrics().get("floor", {})
    fps = float(runs[0].config()["inputs"][0]["fps"])
    return page_of_videos(
        "Runs side by side", [f"{len(runs)} runs of dynpat."], videos, fps,
        [table("Quality, in grey levels", columns, MEANINGS), _differences(runs)],
    ).write(Path(out))


def _differences(runs: Sequence[Run]) -> Table:
    """Settings that are not the same in all runs."""
    plans = [_flat(run.plan().to_dict()) for run in runs]
    names = sorted({name for plan in plans for name in plan})
    rows = [(name, [str(plan.get(name, "–")) for plan in plans]) for name in names]
    return Table(
        "Settings that differ",
        [f"{number}: {run.folder.name}" for number, run in enumerate(runs, start=1)],
        [row for row in rows if len(set(row[1])) > 1],
    )


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested settings by dotted names."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        inner = isinstance(value, dict)
        found |= _flat(value, f"{before}{name}.") if inner else {before + name: value}
    return found


def _player(title: str, videos: Mapping[str, np.ndarray], fps: float) -> pictures.Player:
    return pictures.Player(title, fps, [pictures.panel(n, video) for n, video in videos.items()])


def _single(run: Run) -> dict[str, np.ndarray]:
    """The observed (or visible) video and some of what was made of it, by name."""
    made = [*sorted(run.samples.glob("synthesised_*")), *sorted(run.results.glob("recovered_*"))]
    found = {path.stem: path for path in made if path.suffix == ".gif"}
    paths = [run.observed_file, *list(found.values())[:MOST_SAMPLES]]
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


def _sentences(run: Run, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    plan = run.plan()
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
        columns = {"synthesised 000": metrics["synthesised"], "floor: real against real":
                   metrics.get("floor") or {}}
        tables.append(table("Quality, in grey levels", columns, MEANINGS))
    tables += [
        table(f"{name.replace('_', ' ')} beside the truth", values["truth"], truth.MEANINGS)
        for name, values in metrics.items() if isinstance(values, dict) and "truth" in values
    ]
    return tables


def _command(run: Run) -> str:
    plan = run.plan()
    return f"dynpat {plan.task} --config {shlex.quote(str(run.config_file))} --out NEW_FOLDER"
