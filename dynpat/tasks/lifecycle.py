"""How a run goes, whatever its task: created, held, begun or gone on with, learned, finished.

A task says only what it does of its own, as a `Work`.
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
from dynpat.reporter import Reporter
from dynpat.runs.folder import Run, read_log, run_name
from dynpat.runs.lock import held
from dynpat.runs.plan import Plan
from dynpat.runs.recorder import Recorder
from dynpat.tasks.common import learn_in_memory, learn_recorded
from dynpat.tasks.report import write_report
from dynpat.tasks.result import Result, interrupt_flag
from dynpat.videos import Video, write_video

Made = TypeVar("Made", bound=Result)


class Work(ABC, Generic[Made]):
    """What a task has read, and what it does of its own with it.

    Parameters
    ----------
    plan
        With what it left open resolved.
    inputs
        The videos as `config.json` names them; a run goes on only with videos of the same hashes.
    reporter
        Told what happens.
    """

    def __init__(self, plan: Plan, inputs: list[Video], reporter: Reporter) -> None:
        self.plan, self.inputs, self.reporter = plan, inputs, reporter

    @property
    @abstractmethod
    def learner(self) -> Learner:
        """All that learning needs, made ready at the first use."""

    def prepare(self) -> None:
        """Do before there is a run folder what needs none and may be refused."""

    def announce(self, run: Run) -> None:
        """Show in the run folder what will be done, before learning is made ready."""

    @abstractmethod
    def recorder(self, run: Run) -> Recorder:
        """What learning leaves in the run folder while it works."""

    @abstractmethod
    def finish(self, finished: bool, recorder: Recorder | None, formats: Sequence[str]) -> Made:
        """What came out of learning, and into the recorder's run folder if there is one.

        Its `files` and `metrics` are those of the task alone. Unless learning is `finished`,
        nothing is made but the model.
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
        If the folder holds something already.
    """
    reporter, replicas = reporter or Reporter(), replicas or Replicas()
    if not replicas.chief:
        return _assist(read(plan, reporter, replicas), Path(out or ""))
    if out is not None:
        Run.require_free(Path(out))  # before videos are read for minutes in vain
    work = read(plan, reporter, replicas)
    work.prepare()
    name = run_name(plan.videos[0]) + ("" if plan.task == "learn" else f"-{plan.task}")
    run = Run.create(None if out is None else Path(out), name)
    with held(run.folder):
        run.write_config(work.plan, work.inputs)
        return _into(run, work, formats)


def go_on(
    read: Read[Made], run: Run, plan: Plan, formats: Sequence[str], reporter: Reporter,
    replicas: Replicas,
) -> Made:
    """Go on with a run that was stopped, or beyond its end: `plan` is its own, or has other limits.

    Raises
    ------
    BadRunError
        If its videos have changed, its checkpoints are gone, or another process works in it.
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
    """Do a task on what is in memory; nothing is kept but the result."""
    finished = learn_in_memory(work.learner, work.reporter)
    result = work.finish(finished, None, ())
    return replace(result, metrics={"update": work.learner.update, **result.metrics})


def _into(run: Run, work: Work[Made], formats: Sequence[str]) -> Made:
    """Learn, finish and report, in the folder of a run that this process holds."""
    work.announce(run)
    recorder = work.recorder(run)
    finished = learn_recorded(work.learner, recorder)
    result = work.finish(finished, recorder, formats)
    write_video(run.observed_file, recorder.observed, recorder.fps)
    files = (run.model_file, run.preview_file, *result.files, write_report(run))
    metrics = {**_last_figures(run), **result.metrics}
    return replace(result, run=run.folder, files=files, metrics=metrics)


def _assist(work: Work[Made], folder: Path) -> Made:
    """Learn with the chief of a cluster, who writes the run; here nothing is written."""
    learner = work.learner
    with memory_watched(), interrupt_flag() as interrupted, learner.replicas.watched():
        finished = learn_model(
            learner, Run(folder).checkpoints, say=work.reporter.say, stop=interrupted.is_set
        )
    result = work.finish(False, None, ())
    return replace(result, run=folder, metrics={"update": learner.update}, finished=finished)


def _require_resumable(run: Run, plan: Plan) -> None:
    """What a resumed run needs and only its own folder and videos can give."""
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
    """The last row of the run's log."""
    rows = read_log(run.log_file)
    return dict(rows[-1]) if rows else {}
