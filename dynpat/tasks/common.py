"""Make the learner of a plan, and learn to a limit, with a run folder or without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from dynpat.learning.learner import Learner, Listener, learn_model
from dynpat.learning.replicas import Replicas
from dynpat.models.calibration import calibrate, rounds_within
from dynpat.reporter import Reporter
from dynpat.runs.observed import window_shape
from dynpat.runs.plan import Plan, make_model
from dynpat.runs.recorder import Recorder
from dynpat.tasks.cost import videos_at_once
from dynpat.tasks.result import interrupt_flag
from dynpat.videos import Video
from dynpat.videos.shelf import stacked


def make_learner(
    plan: Plan, videos: list[Video], reporter: Reporter, missing: np.ndarray | None = None,
    replicas: Replicas | None = None,
) -> Learner:
    """Make a new model by a plan, with all that its learning needs.

    `missing`, (N, T, H, W) bool, is True where the videos are only a first guess.
    """
    replicas = replicas or Replicas()
    replicas.require_shares(plan.learn.chains)
    shape = window_shape(plan, videos)
    with replicas.scope():
        model = make_model(plan, shape, len(videos))
    observed = stacked([video.frames for video in videos])
    at_once = videos_at_once(model, plan, shape, len(videos), observed.nbytes)
    if at_once:
        reporter.say(f"To keep within --memory, {at_once} videos pass the network at once.")
    return Learner(model, observed, plan.learn, plan.langevin, at_once, missing, replicas)


def learn_recorded(learner: Learner, recorder: Recorder) -> bool:
    """Learn into the run of the recorder; return True at a limit, False at an interrupt."""
    run = recorder.run
    finished = learn_to_limit(
        learner, run.checkpoints, recorder, recorder.reporter, recorder.begin,
        lambda learner: run.trim_log(learner.update),
    )
    with learner.averaged() as model:
        run.save_model(model)
        recorder.preview(learner)
    return finished


def learn_in_memory(learner: Learner, reporter: Reporter) -> bool:
    """Learn without a run folder; return True at a limit, False at an interrupt.

    The checkpoints that learning goes back to when it diverges lie in a temporary folder.
    """
    def tell(learner: Learner, figures: dict[str, float]) -> None:
        reporter.learning(learner.update, learner.fraction_done(), figures, None)

    with TemporaryDirectory(prefix="dynpat-") as folder:
        return learn_to_limit(learner, Path(folder), tell, reporter)


def learn_to_limit(
    learner: Learner, checkpoints: Path, listener: Listener, reporter: Reporter,
    begin: Callable[[Learner], None] = lambda _: None,
    restored: Callable[[Learner], None] = lambda _: None,
) -> bool:
    """Learn and calibrate, watched by `listener`; return True at a limit, False at an interrupt."""
    with interrupt_flag() as interrupted, learner.replicas.watched():
        begin(learner)
        finished = learn_model(
            learner, checkpoints, listeners=[listener], restored=restored, say=reporter.say,
            stop=interrupted.is_set,
        )
        if finished and learner.config.calibration:
            with learner.averaged() as model:
                rounds = rounds_within(
                    model, learner.videos, learner.config.calibration * learner.work
                )
                calibrate(model, learner.videos, rounds, stop=interrupted.is_set)
    return finished
