"""The figures by which a synthesised video is judged, beside their floor.

The floor is what the figures say when one half of the observed video is compared with the other: it
shows how much real videos differ.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from typing import Any

import numpy as np

from dynpat.quality import metrics

FEWEST = metrics.PATCH[0] + 1  # the smallest number of frames that can be judged
RATIO_UNIT = 0.15  # the relative error of a ratio that counts once
COPIED = 0.35  # a video whose distance is below this share of the floor's is nearly a copy


@dataclass(frozen=True)
class Figure:
    """A figure: the function that measures it, and its meaning in a few words."""

    measure: metrics.Metric
    meaning: str


def _scaled(scale: int, differences: bool) -> metrics.Metric:
    measure = metrics.motion_distance if differences else metrics.patch_distance
    return lambda observed, synthesised: measure(
        metrics.at_scale(observed, scale), metrics.at_scale(synthesised, scale)
    )


def _by(measure: metrics.Metric, meaning: str) -> Any:
    return field(default=None, metadata={"figure": Figure(measure, meaning)})


@dataclass(frozen=True)
class Figures:
    """All figures of a video beside an observed one; a figure is None if it cannot be measured."""

    patches: float | None = _by(metrics.patch_distance, "distance of patches: how things look")
    patches_at_2: float | None = _by(_scaled(2, False), "distance of patches at half the size")
    patches_at_4: float | None = _by(
        _scaled(4, False), "distance of patches at a quarter of the size"
    )
    motion_patches: float | None = _by(
        metrics.motion_distance, "distance of patches of change: how things move"
    )
    motion_patches_at_2: float | None = _by(
        _scaled(2, True), "distance of patches of change at half the size"
    )
    motion_patches_at_4: float | None = _by(
        _scaled(4, True), "distance of patches of change at a quarter of the size"
    )
    motion: float | None = _by(metrics.motion_ratio, "motion over the observed: 1 is right")
    sharpness: float | None = _by(
        metrics.sharpness_ratio, "sharpness over the observed: 1 is right"
    )
    edges: float | None = _by(
        metrics.edge_ratio, "sharpest edges over the observed: below 1 is soft"
    )
    checkerboard: float | None = _by(
        metrics.checkerboard, "grid of pixels in powers of ten: seen above 0.2"
    )
    mean: float | None = _by(metrics.mean_error, "error of each pixel's mean over time")
    deviation: float | None = _by(
        metrics.deviation_error, "error of each pixel's deviation over time"
    )
    flicker: float | None = _by(metrics.flicker, "flicker where the observed stands still")
    spectrum: float | None = _by(
        metrics.spectrum_distance, "distance of power spectra, in powers of ten"
    )
    closest_frame: float | None = _by(
        metrics.copy_distance, "distance to the closest frame: small is a copy"
    )
    closest_passage: float | None = _by(
        partial(metrics.copy_distance, window=metrics.WINDOW),
        "distance to the closest passage of 8 frames",
    )

    def to_dict(self) -> dict[str, float | None]:
        """Return the figures by name, for JSON and tables."""
        return asdict(self)


FIGURES: dict[str, Figure] = {entry.name: entry.metadata["figure"] for entry in fields(Figures)}
MEANINGS = {name: figure.meaning for name, figure in FIGURES.items()}
PLACED = (  # figures that compare pixel by pixel and need videos of one size
    "edges", "checkerboard", "mean", "deviation", "flicker", "closest_frame", "closest_passage",
)


def figures(observed: np.ndarray, synthesised: np.ndarray) -> Figures:
    """Return all figures of one synthesised video, (T, H, W, C) grey levels.

    Figures that compare pixel by pixel are None if the sizes differ. Figures that need more frames
    or pixels than there are are None as well.
    """
    same = observed.shape[1:] == synthesised.shape[1:]
    found: dict[str, float | None] = {}
    for name, figure in FIGURES.items():
        value = float("nan")
        if (same or name not in PLACED) and _room(name, observed, synthesised):
            value = figure.measure(observed, synthesised)
        found[name] = value if np.isfinite(value) else None
    return Figures(**found)


def _room(name: str, *videos: np.ndarray) -> bool:
    """Return whether patches fit into the videos at this scale."""
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


def floor(observed: np.ndarray) -> Figures:
    """Return the figures of one half of the observed video against the other."""
    half = len(observed) // 2
    return figures(observed[:half], observed[half:])


def is_copy(found: Figures, lowest: Figures) -> bool:
    """Return whether passages are far closer to observed ones than the observed halves are."""
    ours, real = found.closest_passage, lowest.closest_passage
    return ours is not None and real is not None and ours < COPIED * real


COMPARED = ("patches", "motion_patches", "motion", "deviation", "edges", "checkerboard")


def told_apart(synthesised: Figures, reference: Figures) -> str:
    """Say in one sentence in which figures a synthesised video beats its reference."""
    better: list[str] = []
    not_better: list[str] = []
    for name in COMPARED:
        ours, its = getattr(synthesised, name), getattr(reference, name)
        if ours is not None and its is not None:
            told = f"{name.replace('_', ' ')} {ours:.2f} ({its:.2f})"
            closer = badness(name, ours) < badness(name, its)
            (better if closer else not_better).append(told)
    if not better + not_better:
        return ""
    return (
        f"Better than the reference alone (in brackets) in: {', '.join(better) or 'nothing'}; not "
        f"in: {', '.join(not_better) or 'nothing'}."
    )


def badness(name: str, value: float) -> float:
    """Return how far a figure is from that of a real video; 0 cannot be told from real.

    Parameters
    ----------
    name : str
        The name of a field of `Figures`.
    value : float
        The figure.

    Returns
    -------
    float
        The distance: of a ratio from 1 in powers of e, of others from 0, each at least 0.
    """
    if name in ("motion", "edges", "sharpness"):
        return abs(math.log(max(value, 1e-6)))
    return max(value - 0.2, 0.0) if name == "checkerboard" else value


@dataclass(frozen=True)
class Judged:
    """The figures of a video that a `Judge` has measured, and their score."""

    figures: Figures
    score: float

    def to_dict(self) -> dict[str, float]:
        """Return the measured figures and `score` by name, for JSON."""
        known = {name: v for name, v in self.figures.to_dict().items() if v is not None}
        return {**known, "score": self.score}


class Judge:
    """A few cheap figures of videos beside one observed video, for use while learning.

    The distances are those of `figures`, measured with fewer patches along fewer directions.
    """

    def __init__(self, observed: np.ndarray) -> None:
        self.observed = observed
        half = len(observed) // 2
        self.floor = self._figures(observed[:half], observed[half:]) if half >= FEWEST else None

    def __call__(self, synthesised: np.ndarray) -> Judged | None:
        """Return a few figures and their `score`; None if videos are too small.

        `score` is the mean of the distances over their floors and of the ratios' errors in units of
        15 %. Small is good; 1 is as good as a real video.
        """
        if self.floor is None or len(synthesised) < FEWEST:
            return None
        found = self._figures(self.observed, synthesised)
        if found is None:
            return None
        # The floor of a video that hardly moves is no measure: half a grey level is the least.
        parts = [getattr(found, name) / max(getattr(self.floor, name), 0.5)
                 for name in ("patches", "motion_patches", "deviation")]
        parts += [badness(name, getattr(found, name)) / RATIO_UNIT
                  for name in ("motion", "sharpness")]
        return Judged(found, float(np.mean(parts)))

    def _figures(self, observed: np.ndarray, synthesised: np.ndarray) -> Figures | None:
        if min(observed.shape[1:3]) < metrics.PATCH[1]:
            return None
        cost = {"count": 4000, "directions": 64}
        return Figures(
            patches=metrics.patch_distance(observed, synthesised, **cost),
            motion_patches=metrics.motion_distance(observed, synthesised, **cost),
            motion=metrics.motion_ratio(observed, synthesised),
            sharpness=metrics.sharpness_ratio(observed, synthesised),
            deviation=metrics.deviation_error(observed, synthesised),
            closest_passage=metrics.copy_distance(observed, synthesised, metrics.WINDOW),
        )

    def sentence(self, judged: Judged | None) -> str:
        """Say in one or two sentences what was reached, beside the floor."""
        if judged is None or self.floor is None:
            return "Too few frames or pixels to judge the quality."
        found = judged.figures
        told = ", ".join(
            f"{words} {getattr(found, name):.1f} (floor {getattr(self.floor, name):.1f})"
            for name, words in (("patches", "patches"), ("motion_patches", "patches of change"),
                                ("deviation", "deviation"))
        )
        copied = (
            " It is nearly a copy: learn more videos or frames, or less long."
            if is_copy(found, self.floor) else ""
        )
        return (
            f"Quality, in grey levels: {told}; motion {found.motion:.2f} and sharpness "
            f"{found.sharpness:.2f} of the observed.{copied}"
        )
