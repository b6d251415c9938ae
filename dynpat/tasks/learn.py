"""The task `learn`: learn from videos, and go on with a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dynpat.atomic import write_json
from dynpat.devices import memory_watched
from dynpat.errors import BadRunError
from dynpat.learning.learner import Learner, learn_model
from dynpat.learning.replicas import Replicas
from dynpat.models.sampling import STEPS, ask, sample_videos, usual_frames
from dynpat.quality.figures import Judge, figures, floor, told_apart
from dynpat.reporter import Reporter
from dynpat.runs.folder import Run, run_name
from dynpat.runs.lock import held
from dynpat.runs.plan import Plan, for_videos, read_observed, with_limits
from dynpat.runs.recorder import Recorder, synthesised
from dynpat.tasks.common import (
    last_figures,
    learn_in_memory,
    learn_recorded,
    make_learner,
    require_checkpoints,
)
from dynpat.tasks.report import write_report
from dynpat.tasks.result import FORMATS, Learned, interrupt_flag, write_videos
from dynpat.videos import Video, to_levels, write_video

FINAL_SAMPLES = (2, 8)  # least and most fresh videos that a finished run leaves: one per mode
BETTER = 0.8  # of the last state's score: an earlier one is worth telling of
SAMPLE_STEPS = STEPS  # Langevin steps from noise to each of them


def learn(
    plan: Plan, out: str | Path | None = None, *, formats: Sequence[str] = FORMATS,
    reporter: Reporter | None = None, replicas: Replicas | None = None,
) -> Learned:
    """Learn from videos into a new run folder.

    Parameters
    ----------
    plan
        From `make_plan`.
    out
        The run folder; `runs/<name>` if left out, never one that holds a run.
    formats
        Of the synthesised videos that are written at the end.
    reporter
        Told what happens.
    replicas
        Who learns together; this process alone if left out.

    Returns
    -------
    Learned
        `finished` is False if the run was stopped by an interrupt; `resume` goes on with it.

    Raises
    ------
    DynpatError
        One clear sentence.
    """
    reporter, replicas = reporter or Reporter(), replicas or Replicas()
    if not replicas.chief:
        return _assist(plan, Path(out or ""), reporter, replicas)
    if out is not None:
        Run.require_free(Path(out))  # before videos are read for minutes in vain
    videos = read_observed(plan, reporter)
    plan = for_videos(plan, videos, replicas.count)
    learner = make_learner(plan, videos, reporter, replicas=replicas)
    run = Run.create(None if out is None else Path(out), run_name(plan.videos[0]))
    with held(run.folder):
        run.write_config(plan, videos)
        return _learn_into(run, plan, learner, videos, formats, reporter)


def resume(
    folder: str | Path, *, iterations: int | None = None, time_budget: float | None = None,
    formats: Sequence[str] = FORMATS, reporter: Reporter | None = None,
    replicas: Replicas | None = None,
) -> Learned:
    """Go on with a run that was stopped, or beyond its end with higher limits.

    Raises
    ------
    BadRunError
        If the folder is no run, its videos have changed, or another process works in it.
    """
    run = Run.open(Path(folder))
    plan = with_limits(run.plan(), iterations, time_budget)
    _require_resumable(run, plan)
    reporter, replicas = reporter or Reporter(), replicas or Replicas()
    if not replicas.chief:
        return _assist(plan, run.folder, reporter, replicas)
    with held(run.folder):
        return _resumed(run, plan, formats, reporter, replicas)


def learn_arrays(plan: Plan, videos: list[Video], reporter: Reporter) -> Learned:
    """Learn by a plan from videos that are in memory; nothing is kept but the result."""
    plan = for_videos(plan, videos)
    learner = make_learner(plan, videos, reporter)
    finished = learn_in_memory(learner, reporter)
    model = learner.finish()
    samples = _levels(_fresh(learner)) if finished else _none_of(learner)
    metrics: dict[str, Any] = {"update": learner.update}
    if finished:
        judge = Judge(videos[0].frames)
        metrics["quality"] = judge(samples[0])
        reporter.say(judge.sentence(metrics["quality"]))
    return Learned(None, (), metrics, finished, model=model, samples=samples)


def _levels(videos: list[np.ndarray]) -> np.ndarray:
    return np.stack([to_levels(video) for video in videos])


def _none_of(learner: Learner) -> np.ndarray:
    """No videos, in an array of those that there might be."""
    return np.empty((0, *learner.videos.shape[1:]), np.uint8)


def _assist(plan: Plan, folder: Path, reporter: Reporter, replicas: Replicas) -> Learned:
    """Learn with the chief of a cluster, who writes the run; here nothing is written."""
    videos = read_observed(plan, reporter)
    plan = for_videos(plan, videos, replicas.count)
    learner = make_learner(plan, videos, reporter, replicas=replicas)
    with memory_watched(), interrupt_flag() as interrupted, replicas.watched():
        finished = learn_model(
            learner, Run(folder).checkpoints, say=reporter.say, stop=interrupted.is_set
        )
    return Learned(
        folder, (), {"update": learner.update}, finished, model=learner.model,
        samples=_none_of(learner),
    )


def _resumed(
    run: Run, plan: Plan, formats: Sequence[str], reporter: Reporter, replicas: Replicas
) -> Learned:
    run.sweep()
    videos = read_observed(plan, reporter)
    run.check_inputs(videos)
    learner = make_learner(plan, videos, reporter, replicas=replicas)
    if plan != run.plan():
        run.write_config(plan, videos)
    before = last_figures(run).get("update", 0)
    result = _learn_into(run, plan, learner, videos, formats, reporter)
    if result.finished and before == learner.update:
        reporter.say(
            f"This run had reached its limit at update {before}; to learn on, raise --iterations "
            "or --time-budget."
        )
    return result


def _require_resumable(run: Run, plan: Plan) -> None:
    """What a resumed run needs and only its own folder and videos can give."""
    if plan.task != "learn":
        raise BadRunError(
            f"'{run.folder}' is a run of dynpat {plan.task}; go on with it by dynpat {plan.task} "
            "--resume."
        )
    missing = [name for name in plan.videos if not Path(name).exists()]
    if missing:
        raise BadRunError(
            f"'{missing[0]}', from which '{run.folder}' learns, is not there; bring it back, or "
            "resume in the folder where the run was started."
        )
    require_checkpoints(run)


def _learn_into(
    run: Run, plan: Plan, learner: Learner, videos: list[Video], formats: Sequence[str],
    reporter: Reporter,
) -> Learned:
    judge = Judge(videos[0].frames)
    recorder = Recorder(
        run, videos[0].fps, videos[0].frames, plan.learn.preview_every, reporter, synthesised, judge
    )
    finished = learn_recorded(learner, recorder)
    files = [run.model_file, run.preview_file]
    metrics, samples = last_figures(run), _none_of(learner)
    model = learner.finish()
    if finished:
        fresh = _fresh(learner)
        samples = _levels(fresh)
        files += write_videos(run.samples, fresh, videos[0].fps, formats, reporter)
        levels = np.clip(fresh[0], 0, 255)
        metrics["quality"] = judge(levels)
        reporter.say(judge.sentence(metrics["quality"]))
        if recorder.best is not None and recorder.best < BETTER * metrics["quality"]["score"]:
            reporter.say("An earlier state looked better: use dynpat sample --state best.")
        write_json(run.metrics_file, _figures(recorder, levels))
    write_video(run.observed_file, videos[0].frames, videos[0].fps)
    files.append(write_report(run))
    return Learned(run.folder, tuple(files), metrics, finished, model=model, samples=samples)


def _figures(recorder: Recorder, synthesised: np.ndarray) -> dict[str, dict[str, float | None]]:
    """All figures of a new video, those of a draw of its reference, and their floor."""
    observed = recorder.observed
    found = {"synthesised": figures(observed, synthesised), "floor": floor(observed)}
    if recorder.drawn is not None:
        found["reference"] = figures(observed, recorder.drawn)
        if sentence := told_apart(found["synthesised"], found["reference"]):
            recorder.reporter.say(sentence)
    return found


def _fresh(learner: Learner) -> list[np.ndarray]:
    """Fresh videos from noise: what `sample` would give.

    Not the chains of learning, some of which may just have started from the observed videos.
    """
    model = learner.model
    least, most = FINAL_SAMPLES
    count = max(least, min(most, model.get_config()["modes"]))
    asked = ask(
        model, model.langevin_config, steps=SAMPLE_STEPS, seed=learner.config.seed,
        frames=usual_frames(model, learner.videos.shape[1]),
    )
    return list(sample_videos(model, asked, count))
