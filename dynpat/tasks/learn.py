"""The task `learn`: learn from videos, and sample the learned model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from dynpat.atomic import write_json
from dynpat.learning.learner import Learner
from dynpat.learning.replicas import Replicas
from dynpat.models.sampling import STEPS, ask, sample_videos, usual_frames
from dynpat.quality.figures import Judge, figures, floor, told_apart
from dynpat.reporter import Reporter
from dynpat.runs.folder import Run
from dynpat.runs.observed import for_videos, read_observed
from dynpat.runs.plan import Plan
from dynpat.runs.recorder import Recorder, synthesised
from dynpat.tasks.choices import introduction
from dynpat.tasks.common import make_learner
from dynpat.tasks.lifecycle import Work, in_memory, start
from dynpat.tasks.result import FORMATS, Learned, write_videos
from dynpat.videos import Video, to_levels

FINAL_SAMPLES = (2, 8)  # the least and the most videos that a finished run makes: one per mode
BETTER = 0.8  # an earlier state is mentioned if its score is below this share of the last one's
SAMPLE_STEPS = STEPS  # number of Langevin steps from noise to each video


def learn(
    plan: Plan, out: str | Path | None = None, *, formats: Sequence[str] = FORMATS,
    reporter: Reporter | None = None, replicas: Replicas | None = None,
) -> Learned:
    """Learn from videos into a new run folder.

    Parameters
    ----------
    plan : Plan
        The plan, from `make_plan`.
    out : str or Path or None
        The run folder, by default `runs/<name>`; it must not have a run in it.
    formats : sequence of str
        The formats of the synthesised videos that are written at the end.
    reporter : Reporter or None
        What receives progress and notes.
    replicas : Replicas or None
        The replicas that learn together, by default this process alone.

    Returns
    -------
    Learned
        The result; `finished` is False if the run was interrupted, and `resume` continues it.

    Raises
    ------
    BadVideoError
        If a video cannot be read, or videos do not fit each other.
    BadOptionError
        If the videos are too small for the network, or memory does not suffice.
    BadRunError
        If the folder has something in it already.
    DivergedError
        If learning diverges again and again.
    OutputError
        If a file cannot be written.
    """
    return start(read_to_learn, plan, out, formats, reporter, replicas)


def read_to_learn(plan: Plan, reporter: Reporter, replicas: Replicas) -> Learning:
    """Read the videos of a plan to learn from them."""
    return Learning(plan, read_observed(plan, reporter), reporter, replicas)


def learn_arrays(plan: Plan, videos: list[Video], reporter: Reporter) -> Learned:
    """Learn by a plan from videos in memory, and keep only the result."""
    return in_memory(Learning(plan, videos, reporter, Replicas()))


class Learning(Work[Learned]):
    """Videos to learn from; see `Work`."""

    def __init__(
        self, plan: Plan, videos: list[Video], reporter: Reporter, replicas: Replicas
    ) -> None:
        plan = for_videos(plan, videos, replicas.count, replicas.workers)
        super().__init__(plan, videos, reporter)
        self.replicas = replicas

    @cached_property
    def learner(self) -> Learner:
        return make_learner(self.plan, self.inputs, self.reporter, replicas=self.replicas)

    @cached_property
    def judge(self) -> Judge:
        """The judge of new videos, which compares them with the first observed one."""
        return Judge(self.inputs[0].frames)

    def prepare(self) -> None:
        for sentence in introduction(self.plan, self.inputs):
            self.reporter.say(sentence)
        _ = self.learner

    def recorder(self, run: Run) -> Recorder:
        video = self.inputs[0]
        return Recorder(
            run, video.fps, video.frames, self.plan.learn.preview_every, self.reporter,
            synthesised, self.judge,
        )

    def finish(
        self, finished: bool, recorder: Recorder | None, formats: Sequence[str]
    ) -> Learned:
        model = self.learner.finish()
        if not finished:
            nothing = np.empty((0, *self.learner.videos.shape[1:]), np.uint8)
            return Learned(None, (), {}, finished, model=model, samples=nothing)
        fresh, files = _fresh(self.learner), []
        if recorder:
            files = write_videos(
                recorder.run.samples, fresh, recorder.fps, formats, self.reporter
            )
        levels = np.clip(fresh[0], 0, 255)
        judged = self.judge(levels)
        self.reporter.say(self.judge.sentence(judged))
        if recorder:
            if judged and recorder.best is not None and recorder.best < BETTER * judged.score:
                self.reporter.say("An earlier state looked better: use dynpat sample --state best.")
            write_json(recorder.run.metrics_file, _figures(recorder, levels))
        samples = np.stack([to_levels(video) for video in fresh])
        metrics = {"quality": judged.to_dict() if judged else {}}
        return Learned(None, tuple(files), metrics, finished, model=model, samples=samples)


def _figures(recorder: Recorder, synthesised: np.ndarray) -> dict[str, dict[str, float | None]]:
    """Return all figures of a new video, those of a draw of its reference, and their floor."""
    observed = recorder.observed
    found = {"synthesised": figures(observed, synthesised), "floor": floor(observed)}
    if recorder.drawn is not None:
        found["reference"] = figures(observed, recorder.drawn)
        if sentence := told_apart(found["synthesised"], found["reference"]):
            recorder.reporter.say(sentence)
    return {name: one.to_dict() for name, one in found.items()}


def _fresh(learner: Learner) -> list[np.ndarray]:
    """Make new videos from noise, as `sample` would.

    The chains of learning are not used, because some may just have started again.
    """
    model = learner.model
    least, most = FINAL_SAMPLES
    count = max(least, min(most, model.get_config()["modes"]))
    asked = ask(
        model, model.langevin_config, steps=SAMPLE_STEPS, seed=learner.config.seed,
        frames=usual_frames(model, learner.videos.shape[1]),
    )
    return list(sample_videos(model, asked, count))
