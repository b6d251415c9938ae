"""The results of tasks, and how tasks are interrupted."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
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
    """The result of a task.

    Attributes
    ----------
    run : Path or None
        The run folder; None if nothing was written.
    files : tuple of Path
        The files that were written.
    metrics : dict
        The figures of the last update and of the results, by name.
    finished : bool
        True if a limit ended the task, False if it was interrupted.
    """

    run: Path | None
    files: tuple[Path, ...]
    metrics: dict[str, Any]
    finished: bool = True


@dataclass(frozen=True, kw_only=True)
class Learned(Result):
    """The result of `learn`.

    Attributes
    ----------
    model : EnergyModel
        The learned model; `model.sample` makes more videos.
    samples : ndarray
        New videos, (N, T, H, W, C) uint8; none if the run was interrupted.
    """

    model: EnergyModel
    samples: np.ndarray


@dataclass(frozen=True)
class Filled:
    """One video whose missing pixels were filled in; its visible pixels are unchanged.

    Attributes
    ----------
    recovered : ndarray
        The video, (T, H, W, C) uint8: the mean or the sample, as asked for.
    uncertainty : ndarray
        The standard deviation of each missing pixel in grey levels, (T, h, w, C) float32, and 0
        where pixels are visible. For `inpaint` it is that of the part around the mask, at the
        working size.
    estimate : str
        What was asked for, 'mean' or 'sample'.
    make_other : callable
        A function that returns the other one of both, (T, H, W, C) uint8.
    """

    recovered: np.ndarray
    uncertainty: np.ndarray
    estimate: str
    make_other: Callable[[], np.ndarray]

    @property
    def mean(self) -> np.ndarray:
        """The estimate of the smallest error, (T, H, W, C) uint8."""
        return self.recovered if self.estimate == "mean" else self._other

    @property
    def sample(self) -> np.ndarray:
        """An estimate that keeps texture and motion, (T, H, W, C) uint8."""
        return self.recovered if self.estimate == "sample" else self._other

    @cached_property
    def _other(self) -> np.ndarray:
        """Made at the first use: of a large video it takes half a minute, and as much memory."""
        return self.make_other()


@dataclass(frozen=True, kw_only=True)
class Restored(Result):
    """The result of `recover`, `inpaint` and `extend`.

    `recovered`, `uncertainty`, `mean` and `sample` are those of the first video; see `Filled`.

    Attributes
    ----------
    model : EnergyModel
        The model, learned from the visible pixels.
    videos : tuple of Filled
        Each video with its missing pixels filled in; none if the run was interrupted.
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
    """Write `synthesised_000.*` … from number `first` on, and report changes; return the files."""
    files: list[Path] = []
    for number, video in enumerate(videos, start=first):
        paths, notes = write_outputs(folder, f"synthesised_{number:03d}", video, fps, formats)
        files += paths
        for note in notes:
            reporter.say(note)
    return files


@contextmanager
def interrupt_flag() -> Iterator[threading.Event]:
    """Give a flag that the first SIGINT or SIGTERM sets; a second signal interrupts at once."""
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield flag  # only the main thread gets signals
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
