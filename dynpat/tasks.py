"""The tasks that users run: learn from videos, go on with a run, sample new videos from it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dynpat.config import check_step_size
from dynpat.devices import memory_watched
from dynpat.errors import BadRunError
from dynpat.estimate import videos_at_once
from dynpat.learning import Learner, learn_model
from dynpat.planning import make_plan, read_observed, window_shape, with_limits
from dynpat.recording import Recorder
from dynpat.report import write_report
from dynpat.reporter import Reporter
from dynpat.runs import Plan, Run, free_folder, make_model, read_log
from dynpat.sampling import sample_videos, sampled_shape
from dynpat.videos import Video, write_outputs, write_video

__all__ = ["FORMATS", "Plan", "Result", "demo", "learn", "make_plan", "resume", "sample"]

FORMATS = ("gif", "mp4")
FINAL_SAMPLES = (2, 8)  # least and most fresh videos that a finished run leaves: one per mode
SAMPLE_STEPS = 100  # Langevin steps from noise to a video


@dataclass(frozen=True)
class Result:
    """What a task made."""

    run: Path
    files: tuple[Path, ...]
    metrics: dict[str, Any]
    finished: bool = True


def learn(
    plan: Plan, out: str | Path | None = None, *, formats: Sequence[str] = FORMATS,
    reporter: Reporter | None = None,
) -> Result:
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

    Returns
    -------
    Result
        `finished` is False if the run was stopped by an interrupt; `resume` goes on with it.

    Raises
    ------
    DynpatError
        One clear sentence.
    """
    reporter = reporter or Reporter()
    if out is not None:
        Run.require_free(Path(out))  # before videos are read for minutes in vain
    videos = read_observed(plan, reporter)
    learner = _learner(plan, videos, reporter)
    run = Run.create(None if out is None else Path(out), Path(plan.videos[0]).stem)
    run.write_config(plan, videos)
    return _learn_into(run, plan, learner, videos, formats, reporter)


def resume(
    folder: str | Path, *, iterations: int | None = None, time_budget: float | None = None,
    formats: Sequence[str] = FORMATS, reporter: Reporter | None = None,
) -> Result:
    """Go on with a run that was stopped, or beyond its end with higher limits.

    Raises
    ------
    BadRunError
        If the folder is no run, or its videos have changed.
    """
    reporter = reporter or Reporter()
    run = Run.open(Path(folder))
    plan = with_limits(run.plan(), iterations, time_budget)
    _require_resumable(run, plan)
    run.sweep()
    videos = read_observed(plan, reporter)
    run.check_inputs(videos)
    learner = _learner(plan, videos, reporter)
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


def _learner(plan: Plan, videos: list[Video], reporter: Reporter) -> Learner:
    shape = window_shape(plan, videos)
    model = make_model(plan, shape, len(videos))
    observed = np.stack([video.frames for video in videos])
    at_once = videos_at_once(model, plan, shape, len(videos), observed.nbytes)
    if at_once:
        reporter.say(f"To keep within --memory, {at_once} videos pass the network at once.")
    return Learner(model, observed, plan.learn, plan.langevin, at_once)


def _learn_into(
    run: Run, plan: Plan, learner: Learner, videos: list[Video], formats: Sequence[str],
    reporter: Reporter,
) -> Result:
    recorder = Recorder(
        run, videos[0].fps, videos[0].frames, plan.learn.preview_every,
        lambda learner, figures: reporter.learning(
            learner.update, learner.fraction_done(), figures, run.preview_file
        ),
    )
    with memory_watched(), _interrupt_flag() as interrupted:
        finished = learn_model(
            learner, run.checkpoints,
            listeners=[recorder],
            restored=lambda learner: run.trim_log(learner.update),
            say=reporter.say,
            stop=interrupted.is_set,
        )
    run.save_model(learner.model)
    recorder.preview(learner)
    files = [run.model_file, run.preview_file]
    if finished:
        files += _write_fresh(run, learner, videos[0].fps, formats, reporter)
    files.append(write_report(run, videos[0]))
    return Result(run.folder, tuple(files), last_figures(run), finished)


def _write_fresh(
    run: Run, learner: Learner, fps: float, formats: Sequence[str], reporter: Reporter
) -> list[Path]:
    """Fresh videos from noise, as `samples/synthesised_000.*` …: what `sample` would give.

    Not the chains of learning, some of which may just have started from the observed videos.
    """
    model = learner.model
    least, most = FINAL_SAMPLES
    count = max(least, min(most, model.get_config()["modes"]))
    videos = sample_videos(
        model, model.langevin_config, count=count, steps=SAMPLE_STEPS,
        seed=learner.config.seed,
    )
    return _write_videos(run.samples, videos, fps, formats, reporter)


def _write_videos(
    folder: Path, videos: Sequence[np.ndarray] | Iterator[np.ndarray], fps: float,
    formats: Sequence[str], reporter: Reporter,
) -> list[Path]:
    files: list[Path] = []
    for number, video in enumerate(videos):
        paths, notes = write_outputs(folder, f"synthesised_{number:03d}", video, fps, formats)
        files += paths
        for note in notes:
            reporter.say(note)
    return files


def last_figures(run: Run) -> dict[str, Any]:
    """The last row of the run's log."""
    rows = read_log(run.log_file)
    return dict(rows[-1]) if rows else {}


def sample(
    run: str | Path,
    *,
    out: str | Path | None = None,
    count: int = 1,
    frames: int | None = None,
    size: tuple[int, int] | None = None,
    steps: int = SAMPLE_STEPS,
    step_size: float | None = None,
    fps: float | None = None,
    seed: int = 0,
    formats: Sequence[str] = FORMATS,
    reporter: Reporter | None = None,
) -> Result:
    """New videos from the model of a run.

    Parameters
    ----------
    run
        A run folder.
    out
        Folder that gets `synthesised_000.*` …; a new one in the run's `samples/` if left out.
    count, frames, size
        How many videos, and their T and (H, W); as learned if left out.
    steps, step_size
        Langevin steps from noise to each video, and ε.
    fps
        Frame rate of the files; as learned if left out.
    seed
        Same seed, same videos.

    Raises
    ------
    DynpatError
        One clear sentence.
    """
    reporter = reporter or Reporter()
    opened = Run.open(Path(run))
    plan = opened.plan()
    model = opened.load_model()
    moving = plan.langevin if step_size is None else replace(plan.langevin, step_size=step_size)
    check_step_size(moving.step_size, model.sigma)
    sampled_shape(model, frames, size)
    folder = Path(out) if out is not None else free_folder(opened.samples, f"seed_{seed}")
    videos = sample_videos(
        model, moving, count=count, frames=frames, size=size, steps=steps, seed=seed,
        progress=reporter.sampling,
    )
    rate = fps or float(opened.config()["inputs"][0]["fps"])
    with memory_watched():
        files = _write_videos(folder, videos, rate, formats, reporter)
    return Result(opened.folder, tuple(files), {"count": count, "steps": steps, "seed": seed})


def demo(
    out: str | Path | None = None, *, time_budget: float = 100.0, seed: int = 0,
    formats: Sequence[str] = FORMATS, reporter: Reporter | None = None,
) -> Result:
    """Learn the embedded flames, rendered into the run folder's `input/`."""
    from dynpat.datasets import FRAMES_PER_SECOND, flames

    plan = make_plan(
        [], fps=FRAMES_PER_SECOND, learn={"time_budget": time_budget, "seed": seed}
    )
    run = Run.create(None if out is None else Path(out), "demo")
    source = run.folder / "input" / "flames"
    write_video(source, flames(frames=40, size=(64, 64), seed=seed), FRAMES_PER_SECOND)
    plan = replace(plan, videos=(str(source),))
    return learn(plan, run.folder, formats=formats, reporter=reporter)


@contextmanager
def _interrupt_flag() -> Iterator[threading.Event]:
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
