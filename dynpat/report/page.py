"""Self-contained pages: videos that play in step, pictures, tables and curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import numpy as np
from jinja2 import Environment

from dynpat.atomic import write_text
from dynpat.quality.figures import MEANINGS
from dynpat.report import pictures

Figures = Mapping[str, float | None]


@dataclass(frozen=True)
class Table:
    """A table of figures with a column for each video."""

    title: str
    columns: list[str]
    rows: list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Page:
    """The contents of a page, in their order."""

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
        """Write the page, whole or not at all.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        source = files("dynpat.report").joinpath("page.html").read_text(encoding="utf-8")
        write_text(path, Environment(autoescape=True).from_string(source).render(page=self))
        return path


def table(title: str, columns: Mapping[str, Figures], meanings: Mapping[str, str]) -> Table:
    """Make a table with a row for each figure that any column has."""
    rows = [
        (meaning, [_shown(column.get(name)) for column in columns.values()])
        for name, meaning in meanings.items()
        if any(column.get(name) is not None for column in columns.values())
    ]
    return Table(title, list(columns), rows)


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def quality_table(columns: Mapping[str, Figures], floor: Figures, **more: Figures) -> Table:
    """Make a table of figures of quality: videos, what is real, and `more` columns."""
    return table(
        "Quality, in grey levels", {**columns, "floor: real against real": floor, **more}, MEANINGS
    )


def player(title: str, videos: Mapping[str, np.ndarray], fps: float) -> pictures.Player:
    """Make a player of named videos that play in step."""
    return pictures.Player(title, fps, [pictures.panel(n, video) for n, video in videos.items()])


def page_of_videos(
    title: str, sentences: list[str], videos: Mapping[str, np.ndarray], fps: float,
    tables: Sequence[Table] = (),
) -> Page:
    """Make a page of videos that play in step, their frames and motion, and tables about them."""
    return Page(
        title, sentences, [player("Videos", videos, fps)],
        [pictures.strip(videos), pictures.slices(videos)], list(tables),
    )
