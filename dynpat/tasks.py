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

from dynpat.config import LangevinConfig, LearnConfig, check_step_size, require
from dynpat.devices import resolve_precision
from dynpat.errors import BadOptionError
from dynpat.learning import Learner, learn_model
from dynpat.models import PATTERNS
from dynpat.report import write_report
from dynpat.reporter import Reporter
from dynpat.runs import Plan, Recorder, Run, make_model
from dynpat.sampling import sample_videos, sampled_shape, settle
from dynpat.videos import Video, read_videos, write_outputs

DEFAULT_FRAMES = 70  # the paper's length
DEFAULT_PIXELS = 100 * 100  # the paper's size
FORMATS = ("gif", "mp4")


@dataclass(frozen=True)
class Result:
    """What a task made."""

    run: Path
    files: tuple[Path, ...]
    metrics: dict[str, Any]
    finished: bool = True


def make_plan(
    videos: Sequence[str | Path],
    *,
    pattern: str = "scene",
    preset: str = "default",
    size: tuple[int, int] | None = None,
    frames: int | None = None,
    start: int = 0,
    fps: float | None = None,
    grey: bool = False,
    window: int | None = None,
    sigma: float | None = None,
    precision: str = "auto",
    langevin: dict[str, Any] | None = None,
    learn: dict[str, Any] | None = None,
) -> Plan:
    """All options of a run, resolved and checked.

    Parameters
    ----------
    videos
        Video files, frame folders, or folders to search.
    pattern, preset
        'texture', 'scene' or 'action'; 'default' or 'paper'.
    size, frames, start, fps, grey
        As in `read_video`. Without `frames` the first 70 are read, without `size` larger pictures
        are shrunk to about 100×100 pixels in proportion; both are said.
    window
        Frames that are learned at once, from random places; all, unless given.
    sigma
        σ of the reference distribution; the preset's if left out.
    precision
        'auto', 'float32' or 'bfloat16'.
    langevin, learn
        Fields of `LangevinConfig` and `LearnConfig` that differ from the preset's.

    Raises
    ------
    BadOptionError
        If an option is unknown or out of range.
    """
    require(pattern in PATTERNS, "pattern", f"be one of {', '.join(PATTERNS)}", pattern,
            "Use --pattern scene")
    kind = PATTERNS[pattern]
    require(preset in kind.presets, "preset", f"be one of {', '.join(kind.presets)}", preset,
            "Use --preset default")
    require(window is None or window >= 2, "window", "be at least 2", window, "Raise --window")
    reading = {"size": size, "frames": frames, "start": start, "fps": fps, "grey": grey,
               "window": window}
    model: dict[str, Any] = {"precision": resolve_precision(precision)}
    if sigma is not None:
        model["sigma"] = sigma
    moving = LangevinConfig(**{**kind.langevin_presets[preset], **_given(langevin)})
    check_step_size(moving.step_size, model.get("sigma", kind.presets[preset].get("sigma", 1.0)))
    learning = LearnConfig(**{**kind.learn_presets[preset], **_given(learn)})
    names = tuple(str(Path(video)) for video in videos)
    return Plan(names, reading, pattern, preset, model, moving, learning)


def _given(values: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (values or {}).items() if value is not None}


def read_observed(plan: Plan, reporter: Reporter) -> list[Video]:
    """The videos of a plan, with everything said that was changed on the way in."""
    reading = {name: value for name, value in plan.reading.items() if name != "window"}
    videos = read_videos(
        list(plan.videos), at_most=DEFAULT_FRAMES, pixels=DEFAULT_PIXELS, **reading
    )
    for video in videos:
        for note in video.notes:
            reporter.say(f"{video.name}: {note}")
    length = len(videos[0].frames)
    require(length >= 2, "videos", "have at least 2 frames", length, "Give longer videos")
    return videos


def window_shape(plan: Plan, videos: list[Video]) -> tuple[int, int, int, int]:
    """(T, H, W, C) of what the model learns at once."""
    length, *picture = videos[0].frames.shape
    window = plan.reading["window"] or length
    if window > length:
        raise BadOptionError(
            f"--window {window} is longer than the videos, which have {length} frames here. "
            "Lower --window or raise --frames."
        )
    return (window, *picture)  # type: ignore[return-value]


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
    videos = read_observed(plan, reporter)
    learner = _learner(plan, videos)
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
    plan = run.plan()
    limits = _given({"iterations": iterations, "time_budget": time_budget})
    plan = replace(plan, learn=replace(plan.learn, **limits))
    videos = read_observed(plan, reporter)
    run.check_inputs(videos)
    learner = _learner(plan, videos)
    if limits:
        run.write_config(plan, videos)
    return _learn_into(run, plan, learner, videos, formats, reporter)


def _learner(plan: Plan, videos: list[Video]) -> Learner:
    model = make_model(plan, window_shape(plan, videos))
    observed = np.stack([video.frames for video in videos])
    return Learner(model, observed, plan.learn, plan.langevin)


def _learn_into(
    run: Run, plan: Plan, learner: Learner, videos: list[Video], formats: Sequence[str],
    reporter: Reporter,
) -> Result:
    recorder = Recorder(
        run, videos[0].fps, videos[0].frames, plan.learn.preview_every,
        lambda l, figures: reporter.learning(
            l.update, l.fraction_done(), figures, run.preview_file
        ),
    )
    with _interrupt_flag() as interrupted:
        finished = learn_model(
            learner, run.checkpoints,
            listeners=[recorder],
            restored=lambda l: run.trim_log(l.update),
            say=reporter.say,
            stop=interrupted.is_set,
        )
    run.save_model(learner.model)
    recorder.preview(learner)
    files = [run.model_file, run.preview_file]
    if finished:
        files += _write_chains(run, learner, videos[0].fps, formats, reporter)
    files.append(write_report(run, videos[0]))
    return Result(run.folder, tuple(files), last_figures(run), finished)


def _write_chains(
    run: Run, learner: Learner, fps: float, formats: Sequence[str], reporter: Reporter
) -> list[Path]:
    """The persistent chains of the first video, settled, as `samples/synthesised_000.*` …"""
    settled = settle(learner.model, learner.chains.video[0], learner.model.langevin_config)
    return _write_videos(
        run.samples, list(learner.model.to_grey(settled).numpy()), fps, formats, reporter
    )


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
    from dynpat.learning import read_log

    rows = read_log(run.log_file)
    return dict(rows[-1]) if rows else {}


def sample(
    run: str | Path,
    *,
    out: str | Path | None = None,
    count: int = 1,
    frames: int | None = None,
    size: tuple[int, int] | None = None,
    steps: int = 500,
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
    folder = Path(out) if out is not None else _free_folder(opened.samples, f"seed_{seed}")
    videos = sample_videos(
        model, moving, count=count, frames=frames, size=size, steps=steps, seed=seed,
        progress=reporter.sampling,
    )
    rate = fps or float(opened.config()["inputs"][0]["fps"])
    files = _write_videos(folder, videos, rate, formats, reporter)
    return Result(opened.folder, tuple(files), {"count": count, "steps": steps, "seed": seed})


def demo(
    out: str | Path | None = None, *, time_budget: float = 100.0, seed: int = 0,
    formats: Sequence[str] = FORMATS, reporter: Reporter | None = None,
) -> Result:
    """Learn the embedded flames, rendered into the run folder's `input/`."""
    from dynpat.datasets import FRAMES_PER_SECOND, flames
    from dynpat.videos import write_video

    run = Run.create(None if out is None else Path(out), "demo")
    source = run.folder / "input" / "flames"
    write_video(source, flames(frames=40, size=(64, 64), seed=seed), FRAMES_PER_SECOND)
    plan = make_plan(
        [source], fps=FRAMES_PER_SECOND, learn={"time_budget": time_budget, "seed": seed}
    )
    return learn(plan, run.folder, formats=formats, reporter=reporter)


def _free_folder(parent: Path, name: str) -> Path:
    number = 1
    while (folder := parent / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return folder


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
