"""The figures by which a synthesised video is judged, all at once, beside their floor.

The floor is what the figures say of one half of the observed video against the other: what is
real differs so.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from typing import Any

import numpy as np

from dynpat.quality import metrics

FEWEST = metrics.PATCH[0] + 1  # frames that can be judged
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


def _by(measure: metrics.Metric, meaning: str) -> Any:
    return field(default=None, metadata={"figure": Figure(measure, meaning)})


@dataclass(frozen=True)
class Figures:
    """All figures of a video beside an observed one; None where one could not be measured."""

    patches: float | None = _by(metrics.patch_distance, "distance of patches: how things look")
    patches_at_2: float | None = _by(_scaled(2, False), "the same at half the size")
    patches_at_4: float | None = _by(_scaled(4, False), "the same at a quarter of the size")
    motion_patches: float | None = _by(metrics.motion_distance, "distance of patches of change")
    motion_patches_at_2: float | None = _by(_scaled(2, True), "the same at half the size")
    motion_patches_at_4: float | None = _by(_scaled(4, True), "the same at a quarter of the size")
    motion: float | None = _by(metrics.motion_ratio, "motion over the observed: 1 is right")
    sharpness: float | None = _by(
        metrics.sharpness_ratio, "sharpness over the observed: 1 is right"
    )
    edges: float | None = _by(
        metrics.edge_ratio, "sharpest edges over the observed: below 1 is soft"
    )
    checkerboard: float | None = _by(
        metrics.checkerboard, "grid of pixels, in tens: above 0.2 is seen"
    )
    mean: float | None = _by(metrics.mean_error, "error of each pixel's mean")
    deviation: float | None = _by(metrics.deviation_error, "error of each pixel's deviation")
    flicker: float | None = _by(metrics.flicker, "flicker where the observed stands still")
    spectrum: float | None = _by(metrics.spectrum_distance, "distance of power spectra, in tens")
    closest_frame: float | None = _by(
        metrics.copy_distance, "to the closest frame: small is a copy"
    )
    closest_passage: float | None = _by(
        partial(metrics.copy_distance, window=metrics.WINDOW), "to the closest passage of 8 frames"
    )

    def to_dict(self) -> dict[str, float | None]:
        """By name, for JSON and tables."""
        return asdict(self)


FIGURES: dict[str, Figure] = {entry.name: entry.metadata["figure"] for entry in fields(Figures)}
MEANINGS = {name: figure.meaning for name, figure in FIGURES.items()}
PLACED = (  # need one size
    "edges", "checkerboard", "mean", "deviation", "flicker", "closest_frame", "closest_passage",
)


def figures(observed: np.ndarray, synthesised: np.ndarray) -> Figures:
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
    return Figures(**found)


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


def floor(observed: np.ndarray) -> Figures:
    """The figures of one half of the observed video against the other: what is real differs so."""
    half = len(observed) // 2
    return figures(observed[:half], observed[half:])


def is_copy(found: Figures, lowest: Figures) -> bool:
    """Whether passages are far closer to observed ones than the observed's halves to each other."""
    ours, real = found.closest_passage, lowest.closest_passage
    return ours is not None and real is not None and ours < COPIED * real


COMPARED = ("patches", "motion_patches", "motion", "deviation", "edges", "checkerboard")


def told_apart(synthesised: Figures, reference: Figures) -> str:
    """In which of a few figures a synthesis is better than its reference alone, as a sentence."""
    better: list[str] = []
    not_better: list[str] = []
    for name in COMPARED:
        ours, its = getattr(synthesised, name), getattr(reference, name)
        if ours is not None and its is not None:
            told = f"{name.replace('_', ' ')} {ours:.2f} ({its:.2f})"
            closer = _badness(name, ours) < _badness(name, its)
            (better if closer else not_better).append(told)
    if not better + not_better:
        return ""
    return (
        f"Better than the reference alone (in brackets) in: {', '.join(better) or 'nothing'}; not "
        f"in: {', '.join(not_better) or 'nothing'}."
    )


def _badness(name: str, value: float) -> float:
    """How far a figure is from what is real; 0 is real, or not to be told from it."""
    if name in ("motion", "edges"):
        return abs(math.log(max(value, 1e-6)))
    return max(value - 0.2, 0.0) if name == "checkerboard" else value


@dataclass(frozen=True)
class Judged:
    """What a `Judge` says of a video: the figures that it measures, and their score."""

    figures: Figures
    score: float

    def to_dict(self) -> dict[str, float]:
        """By name, for JSON: the figures that were measured, and `score`."""
        known = {name: v for name, v in self.figures.to_dict().items() if v is not None}
        return {**known, "score": self.score}


class Judge:
    """A few cheap figures of videos beside one observed video, for use while learning.

    The distances are those of `figures`, of fewer patches along fewer directions.
    """

    def __init__(self, observed: np.ndarray) -> None:
        self.observed = observed
        half = len(observed) // 2
        self.floor = self._figures(observed[:half], observed[half:]) if half >= FEWEST else None

    def __call__(self, synthesised: np.ndarray) -> Judged | None:
        """A few figures, and `score`; None of videos that are too small.

        `score` is their mean in units of what is real: distances over their floors, and ratios by
        how many times they are 15 % off. Small is good, 1 is as good as real.
        """
        if self.floor is None or len(synthesised) < FEWEST:
            return None
        found = self._figures(self.observed, synthesised)
        if found is None:
            return None
        # Half a grey level at least: the floor of a video that hardly moves is no measure.
        parts = [getattr(found, name) / max(getattr(self.floor, name), 0.5)
                 for name in ("patches", "motion_patches", "deviation")]
        parts += [abs(math.log(max(getattr(found, name), 1e-6))) / 0.15
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
        """What was reached, against the floor."""
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
