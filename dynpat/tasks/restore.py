"""The tasks `recover`, `inpaint` and `extend`: fill in what is missing from a video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from dynpat.atomic import write_json
from dynpat.config import RecoverConfig, require
from dynpat.devices import memory_watched
from dynpat.errors import BadOptionError
from dynpat.learning.missing import Fills
from dynpat.masks import describe, mask_preview
from dynpat.models import EnergyModel
from dynpat.quality import truth
from dynpat.reporter import Reporter
from dynpat.restoration.first_guess import Guess, make_guess, with_texture
from dynpat.restoration.posterior import Estimate, estimate
from dynpat.runs.folder import Run, run_name
from dynpat.runs.lock import held
from dynpat.runs.plan import Plan, make_plan, with_limits
from dynpat.runs.recorder import Recorder, side_by_side
from dynpat.tasks.common import last_figures, learn_recorded, make_learner
from dynpat.tasks.incomplete import Incomplete, read_incomplete
from dynpat.tasks.report import write_report
from dynpat.tasks.result import FORMATS, Result
from dynpat.videos import Video, to_levels, write_image, write_outputs, write_video

TASKS = {"recover": "mean", "inpaint": "sample", "extend": "sample"}  # and what each estimates
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
) -> Result:
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
) -> Result:
    """Go on with a run of `restore` that was stopped, or beyond its end with higher limits."""
    reporter = reporter or Reporter()
    run = Run.open(Path(folder))
    plan = with_limits(run.plan(), iterations, time_budget)
    if plan.task not in TASKS:
        raise BadOptionError(
            f"'{folder}' is a run of dynpat learn; go on with it by dynpat learn --resume."
        )
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


def _restore_into(
    run: Run, plan: Plan, work: Incomplete, formats: Sequence[str], reporter: Reporter
) -> Result:
    damaged = [n for n, missing in enumerate(work.missing) if missing.any()]
    preview = run.folder / "mask_preview.png"
    write_image(preview, mask_preview(work.videos[0].frames, work.missing[0]))
    reporter.say(f"{describe(work.missing[damaged[0]])} See {preview}")
    frames = work.frames
    guesses = {n: make_guess(frames[n], work.missing[n], plan.learn.seed) for n in damaged}
    filled = np.stack([
        with_texture(guesses[n], video, work.missing[n], plan.learn.seed)
        if n in guesses else video.astype(np.float32) for n, video in enumerate(frames)
    ])
    started = [replace(video, frames=fill) for video, fill in zip(work.videos, filled, strict=True)]
    learner = make_learner(plan, started, reporter, work.missing)
    fills = learner.model.fills
    assert fills is not None
    recorder = Recorder(
        run, work.videos[0].fps, frames[damaged[0]], plan.learn.preview_every, reporter,
        lambda learner: _filled(learner.model, fills, damaged[0]),
    )
    finished = learn_recorded(learner, recorder)
    files, metrics = [run.model_file, run.preview_file], {}
    for number, video in enumerate(damaged if finished else ()):
        guess = guesses[video]
        with memory_watched(), learner.averaged() as model:
            found = _estimated(plan, work, model, fills, video, guess, reporter)
        recovered = _chosen(plan, found)
        files += _outputs(run, work, recovered, found, video, number, formats, reporter)
        metrics[f"video_{number}"] = _figures(work, recovered, found, video, guess)
        if plan.missing["recover"]["weigh"]:
            reporter.say(_told(found, guess))
    write_json(run.metrics_file, metrics)
    write_video(run.observed_file, frames[damaged[0]], work.videos[0].fps)
    files.append(write_report(run))
    return Result(run.folder, tuple(files), {**last_figures(run), **metrics}, finished)


def _filled(model: EnergyModel, fills: Fills, video: int) -> np.ndarray:
    """A video with its missing pixels as learning has them now, (T, H, W, C) grey levels."""
    return np.asarray(model.to_grey(fills.video[video]))


def _estimated(
    plan: Plan, work: Incomplete, model: EnergyModel, fills: Fills, video: int, guess: Guess,
    reporter: Reporter,
) -> Estimate:
    return estimate(
        model, work.frames[video], _filled(model, fills, video), work.missing[video], guess,
        plan.langevin, RecoverConfig(**plan.missing["recover"]), plan.learn.seed,
        plan.learn.observed_noise, reporter.sampling,
    )


def _chosen(plan: Plan, found: Estimate) -> np.ndarray:
    """The estimate that was asked for, uint8."""
    wanted = found.mean if plan.missing["recover"]["estimate"] == "mean" else found.sample
    return to_levels(wanted)


def _told(found: Estimate, guess: Guess) -> str:
    """What the mean is made of."""
    parts = {name: (1 - found.weight) * share for name, share in guess.weights.items()}
    parts["the learned model"] = found.weight
    made = ", ".join(f"{100 * share:.0f} % {name}" for name, share in parts.items())
    return f"The mean estimate, as predicts hidden known pixels best: {made}."


def _outputs(
    run: Run, work: Incomplete, recovered: np.ndarray, found: Estimate, video: int, number: int,
    formats: Sequence[str], reporter: Reporter,
) -> list[Path]:
    """Write what came out of one video; returns the files."""
    panels = [work.frames[video], recovered]
    if work.truth is not None:
        panels.append(work.truth[video])
    whole = work.crop.paste(recovered) if work.crop else recovered
    # Four times enlarged, for eyes: spreads are of a few grey levels.
    spread = np.clip(4 * found.spread, 0, 255)
    files: list[Path] = []
    for name, frames in (("recovered", whole), ("uncertainty", spread),
                         ("comparison", side_by_side(panels))):
        paths, notes = write_outputs(
            run.results, f"{name}_{number:03d}", frames, work.videos[video].fps, formats
        )
        files += paths
        for note in notes:
            reporter.say(note)
    return files


def _figures(
    work: Incomplete, recovered: np.ndarray, found: Estimate, video: int, guess: Guess
) -> dict[str, Any]:
    """How much is missing, how certain the model is, and errors where the truth is known."""
    missing = work.missing[video]
    figures: dict[str, Any] = {
        "missing": float(missing.mean()), "weight": found.weight, "guess": guess.weights,
        "uncertainty": float(found.spread[missing].mean()),
    }
    if work.truth is not None:
        known, visible = work.truth[video], work.frames[video]
        estimates = {"recovered": recovered, "mean": found.mean, "sample": found.sample,
                     "guess": guess.filled}
        estimates |= truth.baselines(visible, missing)
        figures["truth"] = {
            name: truth.compare(known, made, missing) for name, made in estimates.items()
        }
    return figures
