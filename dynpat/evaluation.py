"""The figures of synthesised videos beside their floor and the trivial baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dynpat import metrics
from dynpat.baselines import BASELINES
from dynpat.errors import BadVideoError
from dynpat.reporter import Reporter
from dynpat.videos import Video, read_videos

COPIED = 0.35  # of the floor's distance to the closest frame: below, a synthesis is nearly a copy


@dataclass(frozen=True)
class Figure:
    """A figure: its function, and what it says in a few words."""

    measure: metrics.Metric
    meaning: str


def _scaled(scale: int, differences: bool) -> metrics.Metric:
    measure = metrics.motion_distance if differences else metrics.patch_distance
    return lambda observed, synthesised: measure(
        metrics.at_scale(observed, scale), metrics.at_scale(synthesised, scale)
    )


FIGURES = {
    "patches": Figure(metrics.patch_distance, "distance of patches: how things look"),
    "patches_at_2": Figure(_scaled(2, False), "the same at half the size"),
    "patches_at_4": Figure(_scaled(4, False), "the same at a quarter of the size"),
    "motion_patches": Figure(metrics.motion_distance, "distance of patches of change"),
    "motion_patches_at_2": Figure(_scaled(2, True), "the same at half the size"),
    "motion_patches_at_4": Figure(_scaled(4, True), "the same at a quarter of the size"),
    "motion": Figure(metrics.motion_ratio, "motion over the observed: 1 is right"),
    "sharpness": Figure(metrics.sharpness_ratio, "sharpness over the observed: 1 is right"),
    "mean": Figure(metrics.mean_error, "error of each pixel's mean"),
    "deviation": Figure(metrics.deviation_error, "error of each pixel's deviation"),
    "flicker": Figure(metrics.flicker, "flicker where the observed stands still"),
    "spectrum": Figure(metrics.spectrum_distance, "distance of power spectra, in tens"),
    "closest_frame": Figure(metrics.copy_distance, "to the closest frame: small is a copy"),
    "closest_passage": Figure(
        partial(metrics.copy_distance, window=metrics.WINDOW), "to the closest passage of 8 frames"
    ),
}
PLACED = ("mean", "deviation", "flicker", "closest_frame", "closest_passage")  # need one size


def figures(observed: np.ndarray, synthesised: np.ndarray) -> dict[str, float | None]:
    """All figures of one synthesised video, (T, H, W, C) grey levels.

    Those that compare pixel by pixel are None if the sizes differ, and all that need more frames
    or pixels than there are.
    """
    same = observed.shape[1:] == synthesised.shape[1:]
    found: dict[str, float | None] = {}
    for name, figure in FIGURES.items():
        value = float("nan")
        if (same or name not in PLACED) and _room(name, observed, synthesised):
            value = figure.measure(observed, synthesised)
        found[name] = value if np.isfinite(value) else None
    return found


def _room(name: str, *videos: np.ndarray) -> bool:
    """Whether patches fit into videos at this scale."""
    if "patches" not in name:
        return all(len(video) >= 2 for video in videos)
    scale = int(name[-1]) if name[-1].isdigit() else 1
    frames, *edges = metrics.PATCH
    frames += name.startswith("motion")
    return all(
        len(video) >= frames
        and all(edge // scale >= size for edge, size in zip(video.shape[1:3], edges, strict=True))
        for video in videos
    )


def floor(observed: np.ndarray) -> dict[str, float | None]:
    """The figures of one half of the observed video against the other: what is real differs so."""
    half = len(observed) // 2
    return figures(observed[:half], observed[half:])


def evaluate(
    observed: str | Path, synthesised: Sequence[str | Path], *, baselines: bool = True,
    reporter: Reporter | None = None, **reading: Any,
) -> dict[str, Any]:
    """The figures of synthesised videos against the observed.

    Parameters
    ----------
    observed
        A video file or a frame folder.
    synthesised
        Video files or frame folders, or folders to search for either.
    baselines
        Also those of trivial syntheses: shuffled frames, a Gaussian per pixel, a linear
        dynamical system.
    reading
        `size`, `frames`, `start`, `fps`, `grey`, as in `read_videos`, for the observed video;
        the default size is that of the first synthesised video.

    Returns
    -------
    dict
        `observed`, `floor`, `videos` (each with `name`, `figures` and `copy`: whether it is
        nearly one), `baselines`, `diversity` (None for a single video), `meanings` of the figures.

    Raises
    ------
    BadVideoError
        A video cannot be read or is too short, or the observed is not one video.
    """
    reporter = reporter or Reporter()
    grey = reading.get("grey", False)
    made = read_videos([*synthesised], grey=grey, batch=False)
    size = reading.pop("size", None) or made[0].frames.shape[1:3]
    real = _only(read_videos([observed], size=size, batch=False, **reading), observed)
    _require_moving([real, *made])
    for video in (real, *made):
        for note in video.notes:
            reporter.say(f"{video.name}: {note}")
    lowest = floor(real.frames)
    rows: list[dict[str, Any]] = []
    for number, video in enumerate(made):
        found = figures(real.frames, video.frames)
        rows.append({"name": str(video.source), "figures": found, "copy": is_copy(found, lowest)})
        reporter.sampling(number + 1, len(made))
    same = len({video.frames.shape[1:] for video in (real, *made)}) == 1
    spread = metrics.diversity(real.frames, [v.frames for v in made]) if same else float("nan")
    return {
        "observed": str(real.source), "floor": lowest, "videos": rows,
        "baselines": {
            name: figures(real.frames, make(real.frames)) for name, make in BASELINES.items()
        } if baselines else {},
        "meanings": {name: figure.meaning for name, figure in FIGURES.items()},
        "diversity": spread if np.isfinite(spread) else None,
    }


def is_copy(found: dict[str, float | None], lowest: dict[str, float | None]) -> bool:
    """Whether passages are far closer to observed ones than the observed's halves to each other."""
    ours, real = found["closest_passage"], lowest["closest_passage"]
    return ours is not None and real is not None and ours < COPIED * real


def _only(videos: list[Video], path: str | Path) -> Video:
    if len(videos) != 1:
        raise BadVideoError(
            f"'{path}' holds {len(videos)} videos; the observed must be one. Name one of them."
        )
    return videos[0]


def _require_moving(videos: list[Video]) -> None:
    for video in videos:
        if len(video.frames) < 4:
            raise BadVideoError(
                f"'{video.source}' has {len(video.frames)} frames; at least 4 are needed to judge "
                "motion. Give a longer video."
            )
