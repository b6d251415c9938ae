"""The tasks `recover`, `inpaint` and `extend`: fill in what is missing from a video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from dynpat.atomic import write_json
from dynpat.config import RecoverConfig, require
from dynpat.errors import BadOptionError
from dynpat.masks import describe, mask_preview
from dynpat.reporter import Reporter
from dynpat.restoration.posterior import Estimate
from dynpat.runs.folder import Run, run_name
from dynpat.runs.lock import held
from dynpat.runs.plan import Plan, make_plan, with_limits
from dynpat.runs.recorder import Recorder, side_by_side
from dynpat.tasks.common import (
    last_figures,
    learn_in_memory,
    learn_recorded,
    require_checkpoints,
)
from dynpat.tasks.filling import begun, chosen, figures_of, filled
from dynpat.tasks.incomplete import Incomplete, read_incomplete
from dynpat.tasks.report import write_report
from dynpat.tasks.result import FORMATS, Filled, Restored
from dynpat.videos import Video, write_image, write_outputs, write_video
from dynpat.videos.sound import has_sound

TASKS = {"recover": "mean", "inpaint": "sample", "extend": "sample"}  # and what each estimates
MISSING = (  # what can say which pixels are missing
    "mask", "box", "occlude", "invert", "dilate", "truth", "complete", "before", "after", "between"
)
BUDGET = 480.0  # seconds of learning
CHAINS = 2


def make_restoration(
    task: str, videos: str | Path | Sequence[str | Path], *, estimate: str | None = None,
    missing: dict[str, Any] | None = None, **options: Any,
) -> Plan:
    """The plan of `recover`, `inpaint` or `extend`.

    Parameters
    ----------
    task
        One of the three.
    videos
        As in `make_plan`; for `inpaint` and `extend` a single one.
    estimate
        'mean' (of least error) or 'sample' (with full texture and motion); by the task if None.
    missing
        What says which pixels are missing. All but `extend`: one of `mask` (a file or folder),
        `box` ('x,y,w,h'), `occlude` ('salt-pepper:P', 'region:SHARE', 'frames:SHARE'; `recover`
        only, the truth is then known), with `invert`, `dilate` (pixels), `truth` (a video) and
        `complete` (videos of which nothing is missing). `extend`: `before`, `after` (frames) or
        `between` (frames between every two).
    options
        As in `make_plan`.

    Raises
    ------
    BadOptionError
        If an option is unknown, out of range, or contradicts another one.
    """
    require(task in TASKS, "task", f"be one of {', '.join(TASKS)}", task, "Choose one")
    unknown = sorted(set(missing or {}) - set(MISSING))
    require(not unknown, "missing", f"have keys among {', '.join(MISSING)}", ", ".join(unknown),
            "Correct or remove them")
    missing = {name: value for name, value in (missing or {}).items() if value}
    asked = options.get("learn") or {}
    chosen = {name: value for name, value in asked.items() if value is not None}
    if "iterations" not in chosen:
        chosen.setdefault("time_budget", BUDGET)
    # Filled videos hold their level by what is visible of them: nothing is to be calibrated.
    options["learn"] = {"chains": CHAINS, "calibration": 0.0, **chosen}
    complete = [str(path) for path in missing.pop("complete", ())]
    listed = [videos] if isinstance(videos, str | Path) else list(videos)
    plan = make_plan([*listed, *complete], **{"preset": "gaussian", **options})
    require(plan.preset != "default", "--preset default", "learn whole videos", f"dynpat {task}",
            "Use --preset gaussian")
    _require_consistent(task, listed, missing)
    wanted = estimate or TASKS[task]
    # A sample is no mix: to weigh one would take as long again as to draw it.
    missing["recover"] = asdict(RecoverConfig(estimate=wanted, weigh=wanted == "mean"))
    if complete:
        missing["complete"] = complete
    return replace(plan, task=task, missing=missing)


def _require_consistent(task: str, videos: list[Any], missing: dict[str, Any]) -> None:
    ways = [name for name in ("mask", "box", "occlude") if missing.get(name)]
    if task == "extend":
        lengths = [missing.get(name, 0) for name in ("before", "after", "between")]
        require(all(n >= 0 for n in lengths) and any(lengths), "the number of new frames",
                "be positive", max(lengths), "Give --frames, --before or --between")
        if missing.get("between") and any(lengths[:2]):
            raise BadOptionError("--between cannot be combined with --frames and --before.")
    elif len(ways) != 1:
        given = " and ".join(f"--{name}" for name in ways) or "neither"
        other = " or --occlude" if task == "recover" else ""
        raise BadOptionError(
            f"One of --mask, --box{other} says which pixels are missing; {given} was given. "
            "Give exactly one."
        )
    if task != "recover" and len(videos) != 1:
        raise BadOptionError(f"dynpat {task} takes one video; {len(videos)} were given.")


def restore(
    plan: Plan, out: str | Path | None = None, *, formats: Sequence[str] = FORMATS,
    reporter: Reporter | None = None,
) -> Restored:
    """Learn from the visible pixels of a plan from `make_restoration`, and fill in the others.

    Writes `results/recovered_000.*`, `uncertainty_000.*` and `comparison_000.*` (what was visible,
    recovered, and the truth where it is known) of each video into a run folder.

    Raises
    ------
    DynpatError
        One clear sentence.
    """
    reporter = reporter or Reporter()
    if out is not None:
        Run.require_free(Path(out))
    work = read_incomplete(plan, reporter)
    run = Run.create(None if out is None else Path(out), f"{run_name(plan.videos[0])}-{plan.task}")
    with held(run.folder):
        run.write_config(plan, _named(work))
        return _restore_into(run, plan, work, formats, reporter)


def resume_restoration(
    folder: str | Path, *, iterations: int | None = None, time_budget: float | None = None,
    formats: Sequence[str] = FORMATS, reporter: Reporter | None = None,
) -> Restored:
    """Go on with a run of `restore` that was stopped, or beyond its end with higher limits."""
    reporter = reporter or Reporter()
    run = Run.open(Path(folder))
    plan = with_limits(run.plan(), iterations, time_budget)
    if plan.task not in TASKS:
        raise BadOptionError(
            f"'{folder}' is a run of dynpat learn; go on with it by dynpat learn --resume."
        )
    require_checkpoints(run)
    with held(run.folder):
        run.sweep()
        work = read_incomplete(plan, reporter)
        run.check_inputs(_named(work))
        if plan != run.plan():
            run.write_config(plan, _named(work))
        return _restore_into(run, plan, work, formats, reporter)


def _named(work: Incomplete) -> list[Video]:
    """The videos with missing pixels black: their hashes tell other videos and other masks."""
    return [replace(video, frames=frames)
            for video, frames in zip(work.videos, work.frames, strict=True)]


def restore_arrays(plan: Plan, work: Incomplete, reporter: Reporter) -> Restored:
    """As `restore`, of videos that are in memory; nothing is kept but the result."""
    restoring = begun(plan, work, reporter)
    finished = learn_in_memory(restoring.learner, reporter)
    metrics: dict[str, Any] = {"update": restoring.learner.update}
    videos: list[Filled] = []
    for number, found in restoring.estimates(reporter) if finished else ():
        metrics[f"video_{len(videos)}"] = figures_of(
            work, chosen(plan, found), found, number, restoring.guesses[number]
        )
        videos.append(filled(plan, work, found))
    return Restored(None, (), metrics, finished, model=restoring.learner.finish(),
                    videos=tuple(videos))


def _restore_into(
    run: Run, plan: Plan, work: Incomplete, formats: Sequence[str], reporter: Reporter
) -> Restored:
    first = next(n for n, missing in enumerate(work.missing) if missing.any())
    preview = run.folder / "mask_preview.png"
    write_image(preview, mask_preview(work.videos[0].frames, work.missing[0]))
    reporter.say(f"{describe(work.missing[first])} See {preview}")
    restoring = begun(plan, work, reporter)
    recorder = Recorder(
        run, work.videos[0].fps, work.frames[first], plan.learn.preview_every, reporter,
        lambda learner: restoring.so_far(learner.model, first),
    )
    finished = learn_recorded(restoring.learner, recorder)
    sound = _sound(plan, reporter) if finished and "mp4" in formats else None
    videos: list[Filled] = []
    files, metrics = [run.model_file, run.preview_file], {}
    for number, found in restoring.estimates(reporter) if finished else ():
        recovered, order = chosen(plan, found), len(videos)
        videos.append(filled(plan, work, found))
        whole = videos[-1].recovered
        files += _outputs(
            run, work, recovered, whole, found, number, order, formats, sound, reporter
        )
        metrics[f"video_{order}"] = figures_of(
            work, recovered, found, number, restoring.guesses[number]
        )
    write_json(run.metrics_file, metrics)
    write_video(run.observed_file, work.frames[first], work.videos[0].fps)
    files.append(write_report(run))
    return Restored(run.folder, tuple(files), {**last_figures(run), **metrics}, finished,
                    model=restoring.learner.finish(), videos=tuple(videos))


def _outputs(
    run: Run, work: Incomplete, recovered: np.ndarray, whole: np.ndarray, found: Estimate,
    video: int, number: int, formats: Sequence[str], sound: Path | None, reporter: Reporter,
) -> list[Path]:
    """Write what came out of one video, at the size of work and `whole`; returns the files."""
    panels = [work.frames[video], recovered]
    if work.truth is not None:
        panels.append(work.truth[video])
    # Four times enlarged, for eyes: spreads are of a few grey levels.
    spread = np.clip(4 * found.spread, 0, 255)
    files: list[Path] = []
    for name, frames in (("recovered", whole), ("uncertainty", spread),
                         ("comparison", side_by_side(panels))):
        paths, notes = write_outputs(
            run.results, f"{name}_{number:03d}", frames, work.videos[video].fps, formats,
            sound if name == "recovered" else None,
        )
        files += paths
        for note in notes:
            reporter.say(note)
    return files


def _sound(plan: Plan, reporter: Reporter) -> Path | None:
    """The file whose sound still fits the pictures, where there is one; else it is said."""
    source = Path(plan.videos[0])
    if not has_sound(source):
        return None
    changed = [name for name in ("frames", "start", "fps") if plan.reading[name]]
    if plan.task == "inpaint" and not changed:
        return source
    reporter.say(f"The sound of '{source}' is left out: it may be longer than the new video.")
    return None
