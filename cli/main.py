"""The command `dynpat`: a Click group whose commands are imported when they are called."""

from __future__ import annotations

import codecs
import io
import os
import signal
import sys
import threading
from importlib import import_module
from typing import Any

import click

from dynpat import __version__

COMMANDS = {
    "compare": "show several runs side by side on a page",
    "demo": "learn an embedded video and sample it, in about two minutes",
    "doctor": "show what works on this machine and what does not",
    "evaluate": "measure how good synthesised videos are",
    "extend": "continue a video, or put new frames between its own",
    "inpaint": "remove what a mask covers from a moving background",
    "learn": "learn from one video, or from a folder of videos",
    "recover": "fill in the missing pixels of videos",
    "report": "write the page of a run again",
    "sample": "make new videos from a learned run",
}


PLAIN = {
    "–": "-", "−": "-", "…": "...", "×": "x", "²": "2", "σ": "sigma", "ε": "epsilon", "θ": "theta",
    "∂": "d", "→": "->", "←": "<-", "≤": "<=", "≥": ">=", "·": "*", "’": "'", "“": '"', "”": '"',
}


class LazyGroup(click.Group):
    """A group that knows its commands by name, so that `--help` answers without loading them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"{__package__}.{cmd_name}")
        return getattr(module, cmd_name)  # type: ignore[no-any-return]

    def format_commands(self, ctx: click.Context, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dynpat")
def main() -> None:
    """Learn what moves: synthesise new videos of fire, water, flags, lights or animals."""
    _occupy_standard_files()
    _write_plainly()
    _end_tidily()


def _end_tidily() -> None:
    """Let SIGTERM end a command as Ctrl-C does, so that no half-written file stays behind.

    While a model learns, the first signal saves the run instead; see `interrupt_flag`.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # only the main thread may say what a signal does

    def ended(number: int, frame: Any) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, ended)
    click.get_current_context().call_on_close(lambda: signal.signal(signal.SIGTERM, before))


def _write_plainly() -> None:
    """Write "-" and "x" where the terminal lacks "–" and "×", and "?" for other characters."""
    codecs.register_error("dynpat-plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="dynpat-plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Replace characters that an encoding lacks; an error handler of `codecs.register_error`."""
    assert isinstance(error, UnicodeEncodeError)
    wrong = error.object[error.start : error.end]
    return "".join(PLAIN.get(character, "?") for character in wrong), error.end


def _occupy_standard_files() -> None:
    """Open the null device in place of a closed stdout or stderr.

    Otherwise the next file that is opened takes its place, and a library would write its messages
    into a checkpoint.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
