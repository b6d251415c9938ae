"""The task `evaluate`: figures of synthesised videos beside their floor and the baselines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dynpat.errors import BadVideoError
from dynpat.quality import metrics
from dynpat.quality.baselines import BASELINES
from dynpat.quality.figures import MEANINGS, figures, floor, is_copy
from dynpat.quality.verdict import verdict
from dynpat.report.page import page_of_videos, quality_table
from dynpat.reporter import Reporter
from dynpat.videos import Video, as_videos, read_videos


def evaluate(
    observed: str | Path | Video | np.ndarray,
    synthesised: np.ndarray | Sequence[str | Path | Video | np.ndarray], *, baselines: bool = True,
    report: str | Path | None = None, reporter: Reporter | None = None, **reading: Any,
) -> dict[str, Any]:
    """Measure how good synthesised videos are, compared with the observed one.

    Parameters
    ----------
    observed : str or Path or Video or ndarray
        A video file, a frame folder, or an array (T, H, W, C) of grey levels.
    synthesised : ndarray or sequence of str or Path or Video or ndarray
        Video files, frame folders, or folders to search for either; or arrays, (T, H, W, C) or (N,
        T, H, W, C).
    baselines : bool
        Whether to add the figures of trivial syntheses: shuffled frames, a Gaussian per pixel, a
        linear dynamical system, and coloured noise (`dynpat.reference.translation`).
    report : str or Path or None
        An HTML file to write, with the videos in step and the figures.
    reporter : Reporter or None
        What receives notes on changes of the videos.
    **reading : Any
        `size`, `frames`, `start`, `fps` and `grey` of `read_videos`, for the observed video; the
        default size is that of the first synthesised video.

    Returns
    -------
    dict
        `observed`, `floor`, `videos` (each with `name`, `figures`, and `copy`, which is True if it
        is nearly a copy), `baselines`, `diversity` (None for one video), and `meanings` of the
        figures.

    Raises
    ------
    BadVideoError
        If a video cannot be read or is too short, or the observed is not one video.

    Examples
    --------
    >>> from dynpat.datasets import flames
    >>> result = evaluate(flames(12, (32, 32)), flames(12, (32, 32), seed=1), baselines=False)
    >>> sorted(result["floor"])[:2]
    ['checkerboard', 'closest_frame']
    """
    reporter = reporter or Reporter()
    grey = reading.get("grey", False)
    made = _read(synthesised, grey=grey)
    size = reading.pop("size", None) or made[0].frames.shape[1:3]
    real = _only(_read(observed, size=size, **reading), observed)
    _require_moving([real, *made])
    for video in (real, *made):
        for note in video.notes:
            reporter.say(f"{video.name}: {note}")
    lowest = floor(real.frames)
    rows: list[dict[str, Any]] = []
    for number, video in enumerate(made):
        found = figures(real.frames, video.frames)
        rows.append({
            "name": str(video.source), "figures": found.to_dict(), "copy": is_copy(found, lowest)
        })
        reporter.sampling(number + 1, len(made))
    same = len({video.frames.shape[1:] for video in (real, *made)}) == 1
    spread = metrics.diversity(real.frames, [v.frames for v in made]) if same else float("nan")
    result: dict[str, Any] = {
        "observed": str(real.source), "floor": lowest.to_dict(), "videos": rows,
        "baselines": {
            name: figures(real.frames, make(real.frames)).to_dict()
            for name, make in BASELINES.items()
        } if baselines else {},
        "meanings": MEANINGS,
        "diversity": spread if np.isfinite(spread) else None,
    }
    if report is not None:
        _write_report(Path(report), result, real, made)
    return result


def _read(
    given: str | Path | Video | np.ndarray | Sequence[str | Path | Video | np.ndarray],
    **reading: Any,
) -> list[Video]:
    """Return the videos in paths or arrays, each as it is."""
    videos: list[Video] = []
    for item in [given] if isinstance(given, str | Path | Video | np.ndarray) else given:
        if isinstance(item, str | Path):
            videos += read_videos([item], batch=False, **reading)
        else:
            videos += as_videos(item)
    return videos


def _write_report(path: Path, result: dict[str, Any], real: Video, made: list[Video]) -> None:
    columns = {Path(row["name"]).name: row["figures"] for row in result["videos"]}
    page_of_videos(
        f"{real.name}: how good", [f"Videos beside {result['observed']}."],
        {"observed": real.frames} | {video.source.name: video.frames for video in made},
        real.fps, [quality_table(columns, result["floor"], **result["baselines"])],
        verdict=verdict(result["videos"][0]["figures"], result["floor"]),
    ).write(path)


def _only(videos: list[Video], given: str | Path | Video | np.ndarray) -> Video:
    if len(videos) != 1:
        name = given if isinstance(given, str | Path) else "The array"
        raise BadVideoError(
            f"'{name}' holds {len(videos)} videos; the observed must be one. Name one of them."
        )
    return videos[0]


def _require_moving(videos: list[Video]) -> None:
    for video in videos:
        if len(video.frames) < 4:
            raise BadVideoError(
                f"'{video.source}' has {len(video.frames)} frames; at least 4 are needed to judge "
                "motion. Give a longer video."
            )
