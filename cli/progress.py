"""What users see on stderr; this is the only module that knows rich."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dynpat.atomic import strict_json
from dynpat.errors import DynpatError, OutputError
from dynpat.reporter import Reporter

if TYPE_CHECKING:
    from rich.console import Console

    from dynpat.tasks.result import Result

LINE_EVERY = 30.0  # seconds between two lines if stderr is no terminal


def lasting_console() -> Console:
    """Return a console on stderr that falls silent when its reader goes away.

    That of rich would end the process, and a run would stop because `head` has seen enough.
    """
    from rich.console import Console

    class Lasting(Console):
        def on_broken_pipe(self) -> None:
            self.quiet = True

    return Lasting(stderr=True)


class ScreenReporter(Reporter):
    """Shows a bar with the time left on a terminal, and a line now and then elsewhere."""

    def __init__(self, description: str) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self.console = lasting_console()
        self.bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f}%"),
            TimeElapsedColumn(), TextColumn("{task.fields[left]}"),
            TextColumn("{task.fields[figures]}"), console=self.console,
            disable=not self.console.is_terminal,
        )
        self.task = self.bar.add_task(description, total=1.0, left="", figures="")
        self.began: tuple[float, float] | None = None
        self.last_fraction = 0.0
        self.last_line = time.monotonic()
        self.preview_said = False

    def say(self, sentence: str) -> None:
        with suppress(OSError):  # the work goes on even if nothing can be shown
            self.console.print(sentence, highlight=False, markup=False, soft_wrap=True)

    def learning(
        self, update: int, fraction: float, figures: dict[str, float], preview: Path | None
    ) -> None:
        if not self.preview_said:
            self.say(f"Preview, refreshed while learning: {preview}")
            if preview is not None:
                self.say(f"In a browser: dynpat report --serve {shlex.quote(str(preview.parent))}")
            self.preview_said = True
        self._show(
            fraction,
            f"update {update}  gap {figures['energy_gap']:.3g}  motion {figures['motion']:.2f}",
        )

    def sampling(self, done: int, total: int) -> None:
        self._show(done / total, f"step {done} of {total}")

    def _show(self, fraction: float, figures: str) -> None:
        left = self._time_left(fraction)
        self.bar.update(self.task, completed=fraction, left=left, figures=figures)
        if not self.console.is_terminal and time.monotonic() - self.last_line > LINE_EVERY:
            self.say(f"{100 * fraction:.0f} %  {left}  {figures}")
            self.last_line = time.monotonic()

    def _time_left(self, fraction: float) -> str:
        now = time.monotonic()
        if self.began is None or fraction < self.last_fraction:
            self.began = (now, fraction)  # a new piece of work, which has its own pace
        self.last_fraction = fraction
        since, at = self.began
        if fraction - at < 0.002:
            return ""
        seconds = round((now - since) * (1 - fraction) / (fraction - at))
        return f"{seconds // 60}:{seconds % 60:02d} left"


@contextmanager
def reporting(
    description: str, quiet: bool, tensorboard: bool = False
) -> Iterator[Reporter]:
    """Give the reporter of one task; its bar is shown only while the task works."""
    screen = None if quiet else ScreenReporter(description)
    reporter: Reporter = screen or Reporter()
    if tensorboard:
        from dynpat.runs.tensorboard import Board

        reporter = Board(reporter)
    with screen.bar if screen else nullcontext():
        yield reporter


@contextmanager
def errors_as_click() -> Iterator[None]:
    """Turn known errors into one sentence and an exit code; other errors are not caught."""
    try:
        yield
    except BrokenPipeError:  # nobody reads on, as after `| head`; Click then ends without a word
        raise
    except (DynpatError, OSError, MemoryError) as raised:
        raise _Failure(_known(raised)) from raised
    except Exception as raised:
        # TensorFlow may not even be loaded, and so its error is known by its name.
        if type(raised).__name__ != "ResourceExhaustedError":
            raise
        raise _Failure(_known(MemoryError())) from raised


def _known(raised: DynpatError | OSError | MemoryError) -> DynpatError:
    if isinstance(raised, DynpatError):
        return raised
    if isinstance(raised, MemoryError):
        return OutputError("Out of memory; use a smaller --size, fewer --frames or --chains.")
    return OutputError(f"The system refused: {raised}.")


class _Failure(click.ClickException):
    """A known error, which Click shows and which has the exit code that the error names."""

    def __init__(self, error: DynpatError) -> None:
        super().__init__(str(error))
        self.exit_code = error.exit_code  # type: ignore[misc]


def show_result(result: Result, as_json: bool, quiet: bool, last: str = "") -> None:
    """Show files and figures: as JSON on stdout, or as text on stderr."""
    if as_json:
        values: dict[str, Any] = {
            "run": str(result.run), "files": [str(path) for path in result.files],
            "metrics": result.metrics, "finished": result.finished,
        }
        with errors_as_click():
            click.echo(strict_json(values))
    if not quiet:
        with suppress(OSError):  # the work is done even if nothing can be shown
            for line in (*map(str, result.files), *filter(None, [last])):
                click.echo(line, err=True)


def show_evaluation(result: dict[str, Any], as_json: bool) -> None:
    """Show figures on stdout, as JSON or as a table with a column for each video."""
    if as_json:
        click.echo(strict_json(result))
        return
    columns = {Path(row["name"]).name: row["figures"] for row in result["videos"]}
    columns |= {"floor": result["floor"], **result["baselines"]}
    console = _print_table(f"beside {result['observed']}", columns, result["meanings"], False)
    if result["diversity"] is not None:
        console.print(f"diversity {result['diversity']:.2f}: how far apart the videos are; 0 is "
                      "alike, 1 as far as observed frames at different times")
    for row in result["videos"]:
        if row["copy"]:
            console.print(f"{row['name']} is nearly a copy of observed passages.")


def show_restoration(result: Result) -> None:
    """Show the verdict on stderr, and figures of the recovered pixels if the truth is known."""
    from dynpat.quality.filled import verdict_of_run
    from dynpat.quality.truth import MEANINGS

    click.echo(verdict_of_run(result.metrics).sentence, err=True)
    for name, figures in result.metrics.items():
        if isinstance(figures, dict) and "truth" in figures:
            _print_table(f"{name.replace('_', ' ')} beside the truth", figures["truth"], MEANINGS,
                         True)


def _print_table(
    title: str, columns: dict[str, dict[str, float | None]], meanings: dict[str, str], stderr: bool
) -> Console:
    """Print a table with a row for each figure and a column for each video."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    table.add_column("")
    for name in columns:
        table.add_column(name, justify="right")
    for figure, meaning in meanings.items():
        values = [column[figure] for column in columns.values()]
        table.add_row(meaning, *("–" if value is None else f"{value:.2f}" for value in values))
    console = Console(stderr=stderr, highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 200
    console.print(table)
    return console
