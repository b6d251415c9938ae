"""What a task makes: its files and figures, and how it is stopped."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dynpat.reporter import Reporter
from dynpat.videos import write_outputs

FORMATS = ("gif", "mp4")


@dataclass(frozen=True)
class Result:
    """What a task made."""

    run: Path
    files: tuple[Path, ...]
    metrics: dict[str, Any]
    finished: bool = True


def write_videos(
    folder: Path, videos: Iterable[np.ndarray], fps: float, formats: Sequence[str],
    reporter: Reporter, first: int = 0,
) -> list[Path]:
    """Write `synthesised_000.*` … from number `first` on, and tell what was changed on the way.

    Returns the files.
    """
    files: list[Path] = []
    for number, video in enumerate(videos, start=first):
        paths, notes = write_outputs(folder, f"synthesised_{number:03d}", video, fps, formats)
        files += paths
        for note in notes:
            reporter.say(note)
    return files


@contextmanager
def interrupt_flag() -> Iterator[threading.Event]:
    """While open, the first SIGINT or SIGTERM sets the flag; a second one interrupts at once."""
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield flag  # signals belong to the main thread
        return

    def first(number: int, frame: Any) -> None:
        if flag.is_set():
            raise KeyboardInterrupt
        flag.set()

    before = {number: signal.signal(number, first) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
