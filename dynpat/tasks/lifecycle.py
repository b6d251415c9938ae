"""The life of a run of any task: create, lock, start or continue, learn, finish.

A task defines only its own work, as a subclass of `Work`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import tensorflow as tf

from dynpat.devices import memory_watched
from dynpat.errors import BadRunError
from dynpat.learning.learner import Learner, learn_model
from dynpat.learning.replicas import Replicas
from dynpat.memory import give_back
from dynpat.reporter import Reporter
from dynpat.runs.folder import Run
from dynpat.runs.lock import held
from dynpat.runs.log import read_log
from dynpat.runs.naming import run_name
from dynpat.runs.plan import Plan
from dynpat.runs.recorder import Recorder
from dynpat.tasks.common import learn_in_memory, learn_recorded
from dynpat.tasks.report import write_report
from dynpat.tasks.result import Result, interrupt_flag
from dynpat.videos import Video, write_video

Made = TypeVar("Made", bound=Result)


class Work(ABC, Generic[Made]):
    """The videos that a task has read, and the task's own work with them.

    Parameters
    ----------
    plan : Plan
        The plan, with the options resolved that it left open.
    inputs : list of Video
        The videos as `config.json` names them; a run continues only with videos of the same hashes.
    reporter : Reporter
        What receives progress and notes.
    """

    def __init__(self, plan: Plan, inputs: list[Video], reporter: Reporter) -> None:
        self.plan, self.inputs, self.reporter = plan, inputs, reporter

    @property
    @abstractmethod
    def learner(self) -> Learner:
        """Everything that learning needs, made at the first use."""

    def prepare(self) -> None:
        """Do the work that may be refused and needs no run folder, before there is one."""

    def announce(self, run: Run) -> None:
        """Show in the run folder what will be done, before learning is prepared."""

    @abstractmethod
    def recorder(self, run: Run) -> Recorder:
        """Return what records learning in the run folder."""

    @abstractmethod
    def finish(self, finished: bool, recorder: Recorder | None, formats: Sequence[str]) -> Made:
        """Return the result of learning, and write it into the recorder's run if there is one.

        Its `files` and `metrics` are those of this task alone. Unless learning is `finished`, only
        the model is made.
        """


Read = Callable[[Plan, Reporter, Replicas], Work[Made]]


def start(
    read: Read[Made], plan: Plan, out: str | Path | None, formats: Sequence[str],
    reporter: Reporter | None, replicas: Replicas | None = None,
) -> Made:
    """Do a task in a new run folder: `out`, or `runs/<name>`.

    Raises
    ------
    BadRunError
        If the folder has something in it already.
    """
    reporter, replicas = reporter or Reporter(), replicas or Replicas()
    if not replicas.chief:
        return _assist(read(plan, reporter, replicas), Path(out or ""))
    if out is not None:
        Run.require_free(Path(out))  # this comes before videos are read for minutes
    with memory_watched():
        work = read(plan, reporter, replicas)
        work.prepare()
    name = run_name(plan.videos[0]) + ("" if plan.task == "learn" else f"-{plan.task}")
    run = Run.create(None if out is None else Path(out), name)
    with held(run.folder):
        Run.require_free(run.folder)  # another process may have been quicker, and has ended
        run.write_config(work.plan, work.inputs)
        return _into(run, work, formats)


def go_on(
    read: Read[Made], run: Run, plan: Plan, formats: Sequence[str], reporter: Reporter,
    replicas: Replicas,
) -> Made:
    """Continue a run that was stopped, or go beyond its end; `plan` may have other limits than it.

    Raises
    ------
    BadRunError
        If its videos have changed, its checkpoints are gone, or another process uses it.
    """
    _require_resumable(run, plan)
    if not replicas.chief:
        return _assist(read(plan, reporter, replicas), run.folder)
    with held(run.folder):
        run.sweep()
        work = read(plan, reporter, replicas)
        run.check_inputs(work.inputs)
        if work.plan != run.plan():
            run.write_config(work.plan, work.inputs)
        before = _last_figures(run).get("update", 0)
        result = _into(run, work, formats)
    if result.finished and before == work.learner.update:
        reporter.say(
            f"This run had reached its limit at update {before}; to learn on, raise --iterations "
            "or --time-budget."
        )
    return result


def in_memory(work: Work[Made]) -> Made:
    """Do a task on videos in memory, and keep only the result."""
    work.prepare()
    with memory_watched():
        finished = learn_in_memory(work.learner, work.reporter)
        result = work.finish(finished, None, ())
    return replace(result, metrics={"update": work.learner.update, **result.metrics})


def _into(run: Run, work: Work[Made], formats: Sequence[str]) -> Made:
    """Learn, finish and report in the folder of a run that this process has locked."""
    with memory_watched():
        work.announce(run)
        recorder = work.recorder(run)
        write_video(run.observed_file, recorder.observed, recorder.fps)
        finished = learn_recorded(work.learner, recorder)
        result = work.finish(finished, recorder, formats)
    give_back()  # the page reads all videos again
    files = (run.model_file, run.preview_file, *result.files, write_report(run))
    metrics = {**_last_figures(run), **result.metrics}
    return replace(result, run=run.folder, files=files, metrics=metrics)


def _assist(work: Work[Made], folder: Path) -> Made:
    """Learn together with the chief of a cluster, which alone writes the run."""
    learner = work.learner
    with memory_watched(), interrupt_flag() as interrupted, learner.replicas.watched():
        finished = learn_model(
            learner, Run(folder).checkpoints, say=work.reporter.say, stop=interrupted.is_set
        )
    result = work.finish(False, None, ())
    return replace(result, run=folder, metrics={"update": learner.update}, finished=finished)


def _require_resumable(run: Run, plan: Plan) -> None:
    """Check what a resumed run needs from its own folder and videos."""
    missing = [name for name in plan.videos if not Path(name).exists()]
    if missing:
        raise BadRunError(
            f"'{missing[0]}', from which '{run.folder}' learns, is not there; bring it back, or "
            "resume in the folder where the run was started."
        )
    if read_log(run.log_file) and tf.train.latest_checkpoint(str(run.checkpoints)) is None:
        raise BadRunError(
            f"'{run.checkpoints}' holds no checkpoint to go on from; bring it back, or start a "
            "new run."
        )


def _last_figures(run: Run) -> dict[str, Any]:
    """Return the last row of the run's log."""
    rows = read_log(run.log_file)
    return dict(rows[-1]) if rows else {}
