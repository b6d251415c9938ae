"""The tasks `recover`, `inpaint` and `extend`: fill in the missing pixels of a video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from dynpat.atomic import write_json
from dynpat.config import RecoverConfig, require
from dynpat.errors import BadOptionError
from dynpat.learning.learner import Learner
from dynpat.learning.replicas import Replicas
from dynpat.masks import describe, mask_preview
from dynpat.options import Missing
from dynpat.reporter import Reporter
from dynpat.restoration.posterior import Estimate
from dynpat.runs.folder import Run
from dynpat.runs.log import read_log
from dynpat.runs.observed import for_videos
from dynpat.runs.plan import DEFAULT_FRAMES, Plan, make_plan
from dynpat.runs.recorder import Recorder, side_by_side
from dynpat.tasks.cost import USUAL_BUDGET, working_pixels
from dynpat.tasks.filling import Restoring, begun, chosen, figures_of, filled
from dynpat.tasks.incomplete import Given, Incomplete, read_incomplete
from dynpat.tasks.lifecycle import Work, in_memory, start
from dynpat.tasks.result import FORMATS, Filled, Restored
from dynpat.videos import write_image, write_outputs, write_video
from dynpat.videos.sound import has_sound

TASKS = {"recover": "mean", "inpaint": "sample", "extend": "sample"}  # with their usual estimate
CHAINS = 2


def make_restoration(
    task: str, videos: str | Path | Sequence[str | Path], *, estimate: str | None = None,
    missing: dict[str, Any] | None = None, **options: Any,
) -> Plan:
    """Make the plan of `recover`, `inpaint` or `extend`.

    Parameters
    ----------
    task : str
        'recover', 'inpaint' or 'extend'.
    videos : str or Path or sequence of str or Path
        The videos, as in `make_plan`; for `inpaint` and `extend` a single one.
    estimate : str or None
        'mean', which has the smallest error, or 'sample', which keeps texture and motion; by
        default the task decides.
    missing : dict or None
        Which pixels are missing. `recover` and `inpaint` take one of `mask` (a file or folder),
        `box` ('x,y,w,h') and, for `recover`, `occlude` ('salt-pepper:P', 'region:SHARE',
        'frames:SHARE'); with `invert`, `dilate` (pixels), `truth` (a video) and `complete` (videos
        without missing pixels). `recover` also takes `detect`, alone or beside `mask` or `box`:
        'frozen', 'black' and 'scratches', in a list or separated by commas. `extend` takes
        `before`, `after` or `between`, in frames.
    **options : Any
        Options of `make_plan`.

    Returns
    -------
    Plan
        The checked plan, for `restore`.

    Raises
    ------
    BadOptionError
        If an option is unknown or out of range, or contradicts another one.
    """
    require(task in TASKS, "task", f"be one of {', '.join(TASKS)}", task, "Choose one")
    said = Missing.asked(task, missing or {}, RecoverConfig(estimate or TASKS[task]))
    asked = options.get("learn") or {}
    chosen = {name: value for name, value in asked.items() if value is not None}
    if "iterations" not in chosen:
        chosen.setdefault("time_budget", USUAL_BUDGET)
    # The visible pixels of a video fix its level; calibration would take the others for observed.
    require(not chosen.get("calibration"), "calibration", f"be 0 for dynpat {task}",
            chosen.get("calibration"), "Leave it out")
    options["learn"] = {"chains": CHAINS, "calibration": 0.0, **chosen}
    listed = [videos] if isinstance(videos, str | Path) else list(videos)
    plan = make_plan([*listed, *said.complete], **{"preset": "gaussian", **options})
    require(plan.preset != "default", "--preset default", "learn whole videos", f"dynpat {task}",
            "Use --preset gaussian")
    _require_consistent(task, len(listed), said)
    pixels = working_pixels(plan.learn.time_budget)
    return replace(
        plan, task=task, missing=replace(said, recover=replace(said.recover, pixels=pixels)),
        at_most=DEFAULT_FRAMES,  # of actions, too: all that is missing is to be filled in
    )


def _require_consistent(task: str, videos: int, missing: Missing) -> None:
    if task == "extend":
        around, between = missing.before + missing.after, missing.between
        require(around + between > 0, "the number of new frames", "be positive", 0,
                "Give --frames, --before or --between")
        if between and around:
            raise BadOptionError("--between cannot be combined with --frames and --before.")
    else:
        _require_one_way(task, missing)
    if task != "recover" and videos != 1:
        raise BadOptionError(f"dynpat {task} takes one video; {videos} were given.")


def _require_one_way(task: str, missing: Missing) -> None:
    """Refuse several ways to say what is missing; found damage may stand beside a mask or box."""
    ways = [name for name in ("mask", "box", "occlude") if getattr(missing, name)]
    if missing.detect and missing.occlude:
        raise BadOptionError(
            "--detect finds damage of a damaged video, and --occlude hides pixels of a complete "
            "one; give one of both."
        )
    given = " and ".join(f"--{name}" for name in ways) or "neither"
    other = ", --detect or --occlude" if task == "recover" else ""
    if len(ways) != 1 and (ways or not missing.detect):
        raise BadOptionError(
            f"One of --mask, --box{other} says which pixels are missing; {given} was given. "
            "Give exactly one."
        )


def restore(
    plan: Plan, out: str | Path | None = None, *, formats: Sequence[str] = FORMATS,
    reporter: Reporter | None = None,
) -> Restored:
    """Learn from the visible pixels of a plan, and fill in the missing ones.

    The run folder gets `results/recovered_000.*`, `uncertainty_000.*` and `comparison_000.*`
    (visible, recovered, and the truth if it is known) of each video.

    Parameters
    ----------
    plan : Plan
        The plan, from `make_restoration`.
    out : str or Path or None
        The run folder, by default `runs/<name>`; it must not have a run in it.
    formats : sequence of str
        The formats of the videos to write.
    reporter : Reporter or None
        What receives progress and notes.

    Returns
    -------
    Restored
        The result; `finished` is False if the run was interrupted, and `resume` continues it.

    Raises
    ------
    BadVideoError
        If a video cannot be read, or videos do not fit each other.
    BadMaskError
        If a mask cannot be read, or does not fit its video.
    BadOptionError
        If the videos are too small for the network, or memory does not suffice.
    BadRunError
        If the folder has something in it already.
    DivergedError
        If learning diverges again and again.
    OutputError
        If a file cannot be written.
    """
    return start(read_to_restore, plan, out, formats, reporter)


def read_to_restore(plan: Plan, reporter: Reporter, replicas: Replicas) -> Restoration:
    """Read the videos of a plan, and which of their pixels are missing."""
    return Restoration(plan, read_incomplete(plan, reporter), reporter, replicas)


def restore_arrays(plan: Plan, given: Given, reporter: Reporter) -> Restored:
    """Restore videos in memory as `restore` does, and keep only the result."""
    work = read_incomplete(plan, reporter, given)
    return in_memory(Restoration(plan, work, reporter, Replicas()))


class Restoration(Work[Restored]):
    """Videos with missing pixels to fill in; see `Work`."""

    def __init__(
        self, plan: Plan, work: Incomplete, reporter: Reporter, replicas: Replicas
    ) -> None:
        # Missing pixels are black, so that the hashes differ for other videos and other masks.
        named = [replace(video, frames=frames)
                 for video, frames in zip(work.videos, work.frames, strict=True)]
        plan = for_videos(plan, named, replicas.count, replicas.workers)
        super().__init__(plan, named, reporter)
        self.work, self.replicas = work, replicas
        self.preview_file: Path | None = None
        self.first = next(n for n, missing in enumerate(work.missing) if missing.any())

    @cached_property
    def restoring(self) -> Restoring:
        return begun(self.plan, self.work, self.reporter, self.replicas, self._shown)

    @property
    def learner(self) -> Learner:
        return self.restoring.learner

    def announce(self, run: Run) -> None:
        preview, missing = run.folder / "mask_preview.png", self.work.missing[self.first]
        write_image(preview, mask_preview(self.work.videos[self.first].frames, missing))
        self.reporter.say(f"{describe(missing)} See {preview}")

        if not read_log(run.log_file):  # a run that goes on has a better preview already
            self.preview_file = run.preview_file

    def _shown(self, number: int, guess: np.ndarray) -> None:
        """Show a guess of the first video before anything is learned."""
        if self.preview_file is not None and number == self.first:
            video = self.inputs[number]
            write_video(self.preview_file, side_by_side([video.frames, guess]), video.fps)

    def recorder(self, run: Run) -> Recorder:
        return Recorder(
            run, self.inputs[0].fps, self.inputs[self.first].frames,
            self.plan.learn.preview_every, self.reporter,
            lambda learner: self.restoring.so_far(learner.model, self.first),
        )

    def finish(
        self, finished: bool, recorder: Recorder | None, formats: Sequence[str]
    ) -> Restored:
        sound = None
        if finished and recorder and "mp4" in formats:
            sound = _sound(self.plan, self.reporter)
        files: list[Path] = []
        metrics: dict[str, Any] = {}
        videos: list[Filled] = []
        for number, found in self.restoring.estimates(self.reporter) if finished else ():
            order = len(videos)
            videos.append(filled(self.plan, self.work, found))
            if recorder:
                shown = {"recovered": videos[-1].recovered, **self._panels(number, found)}
                names = {f"{name}_{order:03d}": frames for name, frames in shown.items()}
                files += self._write(recorder.run, names, number, formats, sound)
            metrics[f"video_{order}"] = figures_of(
                self.plan, self.work, found, number, self.restoring.guesses[number]
            ).to_dict()
        if finished and recorder:
            write_json(recorder.run.metrics_file, metrics)
        return Restored(None, tuple(files), metrics, finished, model=self.learner.finish(),
                        videos=tuple(videos))

    def _panels(self, video: int, found: Estimate) -> dict[str, np.ndarray]:
        """Return the videos to show beside a recovered video, at the working size."""
        panels = [self.inputs[video].frames, chosen(self.plan, found)]
        if self.work.truth is not None:
            panels.append(self.work.truth[video])
        # The spread is only a few grey levels, and is enlarged four times to be visible.
        spread = np.clip(4 * found.spread, 0, 255)
        return {"uncertainty": spread, "comparison": side_by_side(panels)}

    def _write(
        self, run: Run, shown: dict[str, np.ndarray], video: int, formats: Sequence[str],
        sound: Path | None,
    ) -> list[Path]:
        """Write the results of one video by their names; return the files."""
        files: list[Path] = []
        for name, frames in shown.items():
            paths, notes = write_outputs(
                run.results, name, frames, self.inputs[video].fps, formats,
                sound if name.startswith("recovered") else None,
            )
            files += paths
            for note in notes:
                self.reporter.say(note)
        return files


def _sound(plan: Plan, reporter: Reporter) -> Path | None:
    """Return the file whose sound still fits the pictures, or say that there is none."""
    source = Path(plan.videos[0])
    if not has_sound(source):
        return None
    changed = [name for name in ("frames", "start", "fps") if getattr(plan.reading, name)]
    if plan.task == "inpaint" and not changed:
        return source
    reporter.say(f"The sound of '{source}' is left out: it may be longer than the new video.")
    return None
