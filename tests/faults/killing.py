"""A run that kills itself at one given moment, so that a kill never depends on a clock."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import tensorflow as tf

from dynpat import langevin
from dynpat.learning import learner as learning
from dynpat.runs import recorder as recording
from dynpat.runs.folder import Run
from dynpat.runs.plan import make_plan
from dynpat.tasks import learn as tasks, made, restore as restoring
from dynpat.tasks.resume import resume

ITERATIONS = 14


class Clock:
    """Stands for the module `time`: each look at it is one second later."""

    def __init__(self) -> None:
        self._ticks = count(1000)

    def monotonic(self) -> float:
        return float(next(self._ticks))


class Executioner:
    """Counts moments, and kills this process at the one that was asked for."""

    def __init__(self, moment: str, countdown: int) -> None:
        self.moment, self.countdown = moment, countdown

    def at(self, moment: str, before: Callable[[], object] = lambda: None) -> None:
        """Say that a moment has come; `before` is done just before the kill."""
        if moment != self.moment:
            return
        self.countdown -= 1
        if not self.countdown:
            before()
            os.kill(os.getpid(), signal.SIGKILL)


def kind_of(file: Path) -> str:
    """What a file of the run folder is to a reader: checkpoint, preview, results …"""
    return file.parent.name if file.parent.name in ("samples", "results") else file.stem


def watch_files(executioner: Executioner) -> None:
    """Every file is renamed into its place: half of it stands beside, or it has just appeared."""
    replace = os.replace

    def watched(source: Any, target: Any) -> None:
        kind = kind_of(Path(target))
        half = Path(source).stat().st_size // 2 if Path(source).is_file() else 0
        executioner.at(f"{kind} half written", lambda: half and os.truncate(source, half))
        replace(source, target)
        executioner.at(f"{kind} appears")

    os.replace = watched  # type: ignore[assignment]
    manager = tf.train.CheckpointManager
    record = manager._record_state

    def recorded(self: Any) -> None:
        executioner.at("checkpoint half written")
        record(self)
        executioner.at("checkpoint appears")

    manager._record_state = recorded


def watch_calls(executioner: Executioner) -> None:
    """Rows of the log, chains of the estimate and of new videos, and the page in the making."""
    append, save, sample, read = (
        Run.append_log, Run.save_model, langevin.sample, made.read_made
    )
    learned: list[bool] = []

    def appended(self: Run, row: dict[str, Any]) -> None:
        append(self, row)
        executioner.at("row of the log")

    def saved(self: Run, *arguments: Any) -> None:
        learned.append(True)
        save(self, *arguments)

    def sampled(*arguments: Any, **options: Any) -> Any:
        if learned:
            executioner.at("during the estimate")
        return sample(*arguments, **options)

    def shown(*arguments: Any, **options: Any) -> Any:
        executioner.at("during the report")
        return read(*arguments, **options)

    Run.append_log, Run.save_model = appended, saved  # type: ignore[method-assign]
    langevin.sample, made.read_made = sampled, shown


def main(task: str, video: str, run: Path, moment: str, countdown: int) -> None:
    """Begin a run in this process, or go on with it where it is there already.

    The process is killed when `moment` has come for the `countdown`-th time; at `never` it ends.
    """
    executioner = Executioner(moment, countdown)
    watch_files(executioner)
    watch_calls(executioner)
    learning.time = recording.time = Clock()  # type: ignore[assignment]
    recording.MOST_OF_TIME = 1.0
    tasks.SAMPLE_STEPS = 5
    learn: dict[str, Any] = {
        "iterations": ITERATIONS, "chains": 1, "checkpoint_every": 2.0, "preview_every": 3.0,
    }
    if task == "learn with chains in files":
        task, learn["chain_store"] = "learn", "disk"
    begin = tasks.learn
    plan = make_plan([video], precision="float32", learn=learn)
    if task != "learn":
        begin = restoring.restore  # type: ignore[assignment]
        plan = restoring.make_restoration(
            task, video, missing={"occlude": "region:0.2"}, precision="float32", learn=learn
        )
    if (run / "config.json").exists():
        resume(run, formats=("npy", "gif"))
    else:
        begin(plan, run, formats=("npy", "gif"))
