"""The tasks from Python: on arrays or files, with results in memory.

    result = dynpat.learn(videos, pattern="scene", iterations=200)
    result.model, result.samples

Videos are arrays of grey levels, (T, H, W, C) or (N, T, H, W, C), `Video`s, or paths of files and
folders as the command line takes them. Without `out` nothing remains on the disk; with `out` the
command line's run folder is written, and arrays are written into its `input/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

from dynpat.config import require
from dynpat.errors import BadOptionError, BadVideoError
from dynpat.models import EnergyModel
from dynpat.models.loading import load_model as load_file
from dynpat.reporter import Reporter
from dynpat.runs.folder import Run
from dynpat.runs.observed import read_observed
from dynpat.runs.plan import Plan, given as given_values, make_plan
from dynpat.tasks.incomplete import Given
from dynpat.tasks.learn import learn as learn_run, learn_arrays
from dynpat.tasks.restore import make_restoration, restore, restore_arrays
from dynpat.tasks.result import FORMATS, Learned, Restored
from dynpat.videos import Video, as_videos, write_video

Videos = str | Path | Video | np.ndarray | Sequence[str | Path | Video | np.ndarray]


def learn(
    videos: Videos | Plan, out: str | Path | None = None, *, iterations: int | None = None,
    time_budget: float | None = None, seed: int = 0, learn: dict[str, Any] | None = None,
    formats: Sequence[str] = FORMATS, reporter: Reporter | None = None, **options: Any,
) -> Learned:
    """Learn what moves from observed videos.

    Parameters
    ----------
    videos : Videos or Plan
        Arrays, `Video`s or paths, all of one size and rate; or a `Plan`.
    out : str or Path or None
        The run folder to write; None writes nothing.
    iterations : int or None
        The number of updates after which learning ends.
    time_budget : float or None
        The seconds after which learning ends, if that is earlier; by default ten minutes.
    seed : int
        The seed of all random numbers.
    learn : dict or None
        Further fields of `LearnConfig` that replace those of the preset.
    formats : sequence of str
        The formats of the synthesised videos in the run folder.
    reporter : Reporter or None
        What receives progress and notes.
    **options : Any
        Options of `make_plan`: `pattern`, `preset`, `size`, `frames` and more. Without them, arrays
        are learned at their own size and length.

    Returns
    -------
    Learned
        The model, new samples and figures.

    Raises
    ------
    BadVideoError
        If something is no video, or videos do not fit each other.
    BadOptionError
        If an option is out of range, or the videos are too small for the network.
    DivergedError
        If learning diverges again and again.

    Examples
    --------
    >>> import dynpat
    >>> from dynpat.datasets import flames
    >>> videos = flames(frames=12, size=(32, 32), seed=0)
    >>> result = dynpat.learn(videos, pattern="scene", iterations=2)
    >>> result.samples.shape
    (2, 12, 32, 32, 3)
    """
    reporter = reporter or Reporter()
    limits = {"iterations": iterations, "time_budget": time_budget, "seed": seed}
    if isinstance(videos, Plan):
        beside = [*options, *given_values({**limits, "seed": seed or None}), *(learn or {})]
        require(not beside, "a Plan", "stand alone: it holds all options", ", ".join(beside),
                "Give them to make_plan")
        require(videos.task == "learn", "a Plan", "be one to learn", f"one to {videos.task}",
                "Give it to dynpat.restore")
        plan, given = videos, None
    else:
        _require_known(options)
        names, given = _taken(videos, options, out)
        plan = make_plan(names, learn={**limits, **(learn or {})}, **options)
    if out is not None:
        return learn_run(plan, out, formats=formats, reporter=reporter)
    return learn_arrays(plan, given or read_observed(plan, reporter), reporter)


def recover(
    video: Videos, mask: str | Path | np.ndarray | None = None, out: str | Path | None = None,
    **options: Any,
) -> Restored:
    """Fill in the missing pixels of videos.

    Parameters
    ----------
    video : Videos
        One video or several: arrays, `Video`s or paths.
    mask : str or Path or ndarray or None
        Bool or numbers, (H, W) or (T, H, W), True or white where pixels are missing; or a file or
        folder. Several videos share it. Instead, `missing` may tell which pixels to hide, as in
        `make_restoration`; their truth is then known.
    out : str or Path or None
        The run folder to write; None writes nothing.
    **options : Any
        `iterations`, `time_budget` (by default eight minutes), `seed`, `estimate`, `formats`,
        `reporter`, and options of `make_restoration`.

    Returns
    -------
    Restored
        The recovered videos, their uncertainty, and the model.

    Raises
    ------
    BadMaskError
        If something is no mask, or does not fit its video.
    BadVideoError
        If something is no video, or videos do not fit each other.
    BadOptionError
        If an option is out of range, or the videos are too small for the network.
    DivergedError
        If learning diverges again and again.

    Examples
    --------
    >>> import dynpat, numpy as np
    >>> from dynpat.datasets import ocean
    >>> video = ocean(frames=12, size=(32, 32), seed=0)
    >>> mask = np.zeros((12, 32, 32), bool)
    >>> mask[:, 10:16, 10:16] = True
    >>> result = dynpat.recover(video, mask, iterations=2)
    >>> bool(np.all(result.recovered[~mask] == video[~mask]))
    True
    """
    return _restored("recover", video, mask, out, **options)


def inpaint(
    video: str | Path | Video | np.ndarray, mask: str | Path | np.ndarray | None = None,
    out: str | Path | None = None, **options: Any,
) -> Restored:
    """Remove what a `mask` covers from the moving background of one `video`.

    The arguments, with `out` and `options`, and the errors are those of `recover`. The part around
    the mask is learned, and the result is a sample, unless another `estimate` is asked for.
    """
    return _restored("inpaint", video, mask, out, **options)


def extend(
    video: str | Path | Video | np.ndarray, out: str | Path | None = None, *, before: int = 0,
    after: int = 0, between: int = 0, **options: Any,
) -> Restored:
    """Make a `video` longer: by frames `before` it, `after` it, or `between` every two.

    The other arguments, `out` and `options`, and the errors are those of `recover`.
    """
    lengths = {"before": before, "after": after, "between": between}
    return _restored("extend", video, None, out, missing=lengths, **options)


def load_model(path: str | Path, state: str = "last") -> EnergyModel:
    """Load the learned model of a run folder, or of a `.keras` file.

    Parameters
    ----------
    path : str or Path
        A run folder or a file.
    state : str
        Which saved model of a run to load: the 'last', or the best-scoring, 'best'.

    Returns
    -------
    EnergyModel
        The model, not compiled.

    Raises
    ------
    BadRunError
        If there is no model, or it is damaged.
    """
    path = Path(path)
    if path.is_dir():
        return Run.open(path).load_model(state)
    return load_file(path)


def _restored(
    task: str, video: Any, mask: str | Path | np.ndarray | None, out: str | Path | None, *,
    iterations: int | None = None, time_budget: float | None = None, seed: int = 0,
    learn: dict[str, Any] | None = None, missing: dict[str, Any] | None = None,
    formats: Sequence[str] = FORMATS, reporter: Reporter | None = None, **options: Any,
) -> Restored:
    reporter = reporter or Reporter()
    limits = {"iterations": iterations, "time_budget": time_budget, "seed": seed}
    _require_known(options, "estimate")
    names, given = _taken(video, options, out)
    missing = dict(missing or {})
    if mask is not None:
        require("mask" not in missing, "mask", "be given once", "two", "Leave out missing's")
        missing["mask"] = "an array" if isinstance(mask, np.ndarray) else str(mask)
        if isinstance(mask, np.ndarray) and out is not None:
            missing["mask"] = str(_input(out) / "mask.npy")
            np.save(missing["mask"], mask)
    plan = make_restoration(
        task, names, missing=missing, learn={**limits, **(learn or {})}, **options
    )
    if out is not None:
        return restore(plan, out, formats=formats, reporter=reporter)
    hidden = Given(given, mask if isinstance(mask, np.ndarray) else None)
    return restore_arrays(plan, hidden, reporter)


def _require_known(options: dict[str, Any], *further: str) -> None:
    """Refuse options that neither `make_plan` nor the task takes."""
    known = sorted({*signature(make_plan).parameters, *further} - {"videos"})
    unknown = ", ".join(sorted(set(options) - set(known)))
    require(not unknown, "options", f"be among {', '.join(known)}", unknown, "Correct or remove it")


def _taken(
    videos: Any, options: dict[str, Any], out: str | Path | None
) -> tuple[list[str], list[Video] | None]:
    """Return what a plan names, and the videos themselves if they stay in memory.

    With `out`, videos in memory are written into the run folder's `input/`, and `options` get how
    to read them.
    """
    listed = [videos] if isinstance(videos, str | Path | Video | np.ndarray) else list(videos)
    if not listed:
        raise BadVideoError("No videos were given; give arrays, or paths of files or folders.")
    paths = [str(item) for item in listed if isinstance(item, str | Path)]
    if len(paths) == len(listed):
        return paths, None
    if paths:
        raise BadVideoError(
            "Paths and arrays were given together; read the paths by dynpat.read_videos first."
        )
    arrays = [item for item in listed if not isinstance(item, str | Path)]
    found = _require_alike(
        [video for item in arrays for video in as_videos(item, options.get("fps"))]
    )
    for name in ("size", "frames", "start", "grey"):
        if options.get(name):
            raise BadOptionError(
                f"{name} is for files; received {options[name]} with an array: cut or resize the "
                "array instead."
            )
    if out is None:
        return [str(video.source) for video in found], found
    return _written(found, out, options), None


def _require_alike(videos: list[Video]) -> list[Video]:
    shapes = sorted({video.frames.shape for video in videos})
    if len(shapes) > 1:
        raise BadVideoError(
            f"Videos that are learned together have one shape (T, H, W, C); received {shapes[0]} "
            f"and {shapes[-1]}. Cut or resize them."
        )
    return videos


def _written(videos: list[Video], out: str | Path, options: dict[str, Any]) -> list[str]:
    """Write videos as frame folders into a new run folder, and set the `options` that read them."""
    Run.require_free(Path(out))
    names = []
    for number, video in enumerate(videos):
        folder = _input(out) / f"{video.name}_{number:03d}"
        write_video(folder, video.frames, video.fps)
        names.append(str(folder))
    frames, height, width, channels = videos[0].frames.shape
    options |= {"size": (height, width), "frames": frames, "fps": videos[0].fps,
                "grey": channels == 1}
    return names


def _input(out: str | Path) -> Path:
    folder = Path(out) / "input"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
