"""The verdict on what a run made: one sentence and the figures that decide, three at most."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from dynpat.quality.figures import badness

DECIDING = {  # figures that decide, and what they look at
    "patches": "how things look",
    "motion_patches": "how things move",
    "deviation": "how much each place changes",
}
LEAST_FLOOR = 0.5  # grey levels; the floor of a video that hardly moves is no measure
AS_REAL, CLOSE = 1.25, 2.0  # the largest multiples of the floor of these grades
GRADES = {"real": "as real", "close": "close", "far": "far off"}

Measured = Mapping[str, float | None]


@dataclass(frozen=True)
class Decision:
    """A figure that decides.

    Attributes
    ----------
    meaning : str
        What it looks at.
    value, floor : float
        The figure, and the one that it is held against: that of one half of the real video beside
        the other, unless `beside` says otherwise.
    grade : str
        A key of `GRADES`.
    words : str
        The grade in words.
    beside : str
        Whose figure `floor` is.
    """

    meaning: str
    value: float
    floor: float
    grade: str
    words: str
    beside: str = "real"

    def shown(self, value: float) -> str:
        """Return a figure as the page shows it: to the hundredth, or from 10 on to the tenth."""
        return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


@dataclass(frozen=True)
class Verdict:
    """A verdict in one sentence, and the figures that decided; both empty if nothing is known."""

    sentence: str = ""
    decisions: tuple[Decision, ...] = ()


def verdict(found: Measured, floor: Measured) -> Verdict:
    """Judge a synthesised video by its figures and their floors, both by name as in `Figures`.

    Parameters
    ----------
    found, floor : mapping
        Figures by name; one that is missing or None does not decide.

    Returns
    -------
    Verdict
        The verdict; it is empty if no deciding figure is known.
    """
    decisions = tuple(
        _decision(meaning, float(value), float(least), value / max(least, LEAST_FLOOR))
        for name, meaning in DECIDING.items()
        if (value := found.get(name)) is not None and (least := floor.get(name)) is not None
    )
    return Verdict(_sentence(decisions), decisions)


def while_learning(updates: int, scores: list[float]) -> Verdict:
    """Judge the newest video of a run that still learns, by all its scores so far; see `Judge`."""
    if not scores:
        return Verdict()
    now, first = scores[-1], scores[0]
    rose = f"; it began at {first:.1f}" if len(scores) > 1 else ""
    sentence = (
        f"After {updates} updates the newest video has the score {now:.1f}, where 1 is as "
        f"real{rose}."
    )
    return Verdict(sentence, (_decision("score of the newest video", now, 1.0, now),))


def best_of(name: str, values: list[float | None]) -> set[int]:
    """Return which of the values of a figure are the best, as places in the list.

    It is empty if fewer than two are known, if all are equally good, or if the figure has no best:
    a small distance to the closest frame may be a copy.
    """
    if name.startswith("closest"):
        return set()
    rated = {at: round(badness(name, v), 2) for at, v in enumerate(values) if v is not None}
    least = min(rated.values(), default=0.0)
    best = {at for at, value in rated.items() if value == least}
    return best if len(best) < len(rated) else set()


def _decision(meaning: str, value: float, floor: float, times: float) -> Decision:
    """Make the decision on a figure that is so many times its floor."""
    grade = _grade(times)
    return Decision(meaning, value, floor, grade, GRADES[grade])


def _grade(times: float) -> str:
    """Return the grade of a figure that is so many times its floor."""
    if not math.isfinite(times):
        return "far"
    return "real" if times <= AS_REAL else "close" if times <= CLOSE else "far"


def _sentence(decisions: tuple[Decision, ...]) -> str:
    if not decisions:
        return ""
    if all(one.grade == "real" for one in decisions):
        return (
            "The new video is as close to the observed one as real halves of it are to each other."
        )
    grades = {**GRADES, "real": "right"}
    parts = [f"{one.meaning} is {grades[one.grade]}" for one in decisions]
    listed = f"{', '.join(parts[:-1])}, and {parts[-1]}" if len(parts) > 1 else parts[0]
    return f"{listed[0].upper()}{listed[1:]}, measured by how much real halves of the video differ."
