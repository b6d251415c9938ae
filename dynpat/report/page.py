"""Self-contained pages: videos that play in step, a verdict, pictures, tables and curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import numpy as np
from jinja2 import Environment

from dynpat.atomic import write_text
from dynpat.quality.figures import MEANINGS
from dynpat.quality.verdict import Verdict, best_of
from dynpat.report import pictures
from dynpat.report.pictures import Picture, Player

ON_STAGE = 2  # videos that stand large at the top of a page

Figures = Mapping[str, float | None]


@dataclass(frozen=True)
class Cell:
    """A value in a table, and whether it is the best of its row."""

    text: str
    best: bool = False


@dataclass(frozen=True)
class Table:
    """A table of figures with a column for each video."""

    title: str
    columns: list[str]
    rows: list[tuple[str, list[Cell]]]


@dataclass(frozen=True)
class Page:
    """The contents of a page, in their order.

    The `stage` is the player at the top, with the `verdict` beside it. A page with a `stamp` asks
    its server for "stamp" again and again, and loads itself anew if that is another one.
    """

    title: str
    sentences: list[str]
    stage: Player | None = None
    verdict: Verdict = field(default_factory=Verdict)
    players: list[Player] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    curves: str = ""
    curve_meanings: list[str] = field(default_factory=list)
    filters: Player | None = None
    command: str = ""
    settings: str = ""
    stamp: str = ""

    def render(self) -> str:
        """Return the page as HTML; all names and texts in it are escaped."""
        source = files("dynpat.report").joinpath("page.html").read_text(encoding="utf-8")
        return Environment(autoescape=True).from_string(source).render(page=self)

    def write(self, path: Path) -> Path:
        """Write the page, whole or not at all.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        write_text(path, self.render())
        return path


def table(
    title: str, columns: Mapping[str, Figures], meanings: Mapping[str, str],
    rivals: Sequence[str] = (),
) -> Table:
    """Make a table with a row for each figure that any column has.

    The best figure of each row stands out among the columns that are named in `rivals`.
    """
    rows = []
    for name, meaning in meanings.items():
        values = [column.get(name) for column in columns.values()]
        if any(value is not None for value in values):
            raced = [v if c in rivals else None for c, v in zip(columns, values, strict=True)]
            best = best_of(name, raced)
            rows.append((meaning, [Cell(_shown(v), at in best) for at, v in enumerate(values)]))
    return Table(title, list(columns), rows)


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def quality_table(columns: Mapping[str, Figures], floor: Figures, **more: Figures) -> Table:
    """Make a table of figures of quality: videos, what is real, and `more` columns."""
    return table(
        "Quality, in grey levels", {**columns, "floor: real against real": floor, **more}, MEANINGS,
        rivals=list(columns),
    )


def player(title: str, videos: Mapping[str, np.ndarray], fps: float) -> Player | None:
    """Make a player of named videos that play in step; None if there is none."""
    if not videos:
        return None
    return Player(title, fps, [pictures.panel(n, video) for n, video in videos.items()])


def page_of_videos(
    title: str, sentences: list[str], videos: Mapping[str, np.ndarray], fps: float,
    tables: Sequence[Table] = (), on_stage: int = ON_STAGE, verdict: Verdict | None = None,
) -> Page:
    """Make a page of videos that play in step, their frames and motion, and tables about them."""
    named = list(videos.items())
    more = player("More videos", dict(named[on_stage:]), fps)
    return Page(
        title, sentences, player("", dict(named[:on_stage]), fps), verdict or Verdict(),
        [more] if more else [], [pictures.slices(videos), pictures.strip(videos)], list(tables),
    )
