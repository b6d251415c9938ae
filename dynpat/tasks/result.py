"""What a task makes: its files and figures, and how it is stopped."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dynpat.reporter import Reporter
from dynpat.videos import write_outputs

if TYPE_CHECKING:
    from dynpat.models import EnergyModel

FORMATS = ("gif", "mp4")


@dataclass(frozen=True)
class Result:
    """What a task made.

    Attributes
    ----------
    run
        The run folder; None if nothing was written.
    files
        What was written.
    metrics
        Figures of the last update and of what was made, by name.
    finished
        Whether a limit ended the task; False if it was interrupted.
    """

    run: Path | None
    files: tuple[Path, ...]
    metrics: dict[str, Any]
    finished: bool = True


@dataclass(frozen=True, kw_only=True)
class Learned(Result):
    """What `learn` made.

    Attributes
    ----------
    model
        Learned; `model.sample` makes more videos.
    samples
        (N, T, H, W, C) uint8: fresh synthesised videos. None of a run that was interrupted.
    """

    model: EnergyModel
    samples: np.ndarray


@dataclass(frozen=True)
class Filled:
    """One video whose missing pixels were filled in; its visible pixels are as they were.

    Attributes
    ----------
    recovered
        (T, H, W, C) uint8: the mean or the sample, as was asked for.
    uncertainty
        (T, h, w, C) float32: standard deviation of each missing pixel in grey levels, 0 where
        visible; of the part around the mask, at the size of work, for `inpaint`.
    mean, sample
        (T, H, W, C) uint8: the estimate of least error, and one that keeps texture and motion.
    """

    recovered: np.ndarray
    uncertainty: np.ndarray
    mean: np.ndarray
    sample: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Restored(Result):
    """What `recover`, `inpaint` and `extend` made.

    `recovered`, `uncertainty`, `mean` and `sample` are those of the first video, see `Filled`.

    Attributes
    ----------
    model
        Learned from the visible pixels.
    videos
        Each video with missing pixels, filled in. None of a run that was interrupted.
    """

    model: EnergyModel
    videos: tuple[Filled, ...]

    recovered = property(lambda self: self.videos[0].recovered)
    uncertainty = property(lambda self: self.videos[0].uncertainty)
    mean = property(lambda self: self.videos[0].mean)
    sample = property(lambda self: self.videos[0].sample)


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
