"""The verdict on videos that were filled in: beside the truth, or beside what is visible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dynpat.quality.figures import RATIO_UNIT, badness
from dynpat.quality.verdict import AS_REAL, CLOSE, Decision, Verdict, verdict

BETTER, ALIKE = 0.95, 1.05  # the largest multiples of another method's error of these grades
AGAINST_OTHERS = {"real": "better", "close": "alike", "far": "worse"}
AS_A_RATIO = {"real": "alike", "close": "near", "far": "unlike"}
OURS = ("recovered", "mean", "sample", "guess")  # in a table of accuracies; others are simple


def verdict_of_run(metrics: Mapping[str, Any]) -> Verdict:
    """Judge what a run has made by its `metrics.json`; the verdict is empty if nothing is known.

    Parameters
    ----------
    metrics : mapping
        The figures of `learn`, with `synthesised` and `floor`, or those of a restoration, with
        `video_0` and more, each with the fields of `FilledFigures`.

    Returns
    -------
    Verdict
        The verdict.
    """
    if metrics.get("synthesised"):
        return verdict(metrics["synthesised"], metrics.get("floor") or {})
    videos = [values for name, values in metrics.items()
              if name.startswith("video_") and isinstance(values, Mapping)]
    if any(values.get("truth") for values in videos):
        return _beside_truth([values["truth"] for values in videos if values.get("truth")])
    return _beside_visible(videos)


def _beside_truth(tables: Sequence[Mapping[str, Mapping[str, float | None]]]) -> Verdict:
    """Judge by the accuracies of the recovered videos and of simple methods, by name."""
    errors = {
        name: error for name in tables[0]
        if (error := _mean(table.get(name, {}).get("error") for table in tables)) is not None
    }
    ours = errors.get("recovered")
    best = min((name for name in errors if name not in OURS), key=errors.__getitem__, default=None)
    if ours is None or best is None:
        return Verdict()
    decisions = [_against("error of missing pixels", ours, errors[best], best)]
    sentence = (
        f"Missing pixels are wrong by {ours:.1f} grey levels, beside {errors[best]:.1f} of the "
        f"best simple method, {best}"
    )
    seam, other = (
        _mean(table.get(name, {}).get("seam") for table in tables) for name in ("recovered", best)
    )
    if seam is not None and other is not None:
        decisions.append(_against("error of steps across the border", seam, other, best))
    motion = _mean(table.get("recovered", {}).get("motion") for table in tables)
    if motion is not None:
        decisions.append(_ratio("motion of missing pixels", motion, "the truth"))
        sentence += f"; they move {motion:.2f} times as much as the truth"
    return Verdict(f"{_over(tables)}{sentence}.", tuple(decisions))


def _beside_visible(videos: Sequence[Mapping[str, Any]]) -> Verdict:
    """Judge by known pixels that were hidden, and by what surrounds the missing ones."""
    hidden = [values.get("hidden") or {} for values in videos]
    around = [values.get("around") or {} for values in videos]
    error, other = (_mean(v.get(name) for v in hidden) for name in ("error", "interpolation"))
    decisions, parts = [], []
    if error is not None and other is not None:
        decisions.append(
            _against("error of hidden known pixels", error, other, "interpolation in time")
        )
        parts.append(f"known pixels that were hidden as a trial are wrong by {error:.1f} grey "
                     f"levels, beside {other:.1f} of interpolation in time")
    alike = []
    for name, words in (("motion", "move {:.2f} times as much"),
                        ("edges", "have edges {:.2f} times as sharp")):
        value = _mean(v.get(name) for v in around)
        if value is not None:
            decisions.append(_ratio(f"{name} of filled-in pixels", value, "visible ones"))
            alike.append(words.format(value))
    if alike:
        parts.append(f"filled-in pixels {' and '.join(alike)} as the visible ones around")
    if not parts:
        return Verdict()
    return Verdict(
        f"{_over(videos)}The truth is not known, but {', and '.join(parts)}.", tuple(decisions)
    )


def _against(meaning: str, value: float, other: float, method: str) -> Decision:
    """Grade an error beside that of another method."""
    grade = "real" if value < BETTER * other else "close" if value <= ALIKE * other else "far"
    return Decision(meaning, value, other, grade, AGAINST_OTHERS[grade], method)


def _ratio(meaning: str, value: float, beside: str) -> Decision:
    """Grade a ratio that is right at 1, by how far it is in units of 15 %."""
    units = badness("motion", value) / RATIO_UNIT
    grade = "real" if units <= AS_REAL else "close" if units <= CLOSE else "far"
    return Decision(meaning, value, 1.0, grade, AS_A_RATIO[grade], beside)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _over(videos: Sequence[Any]) -> str:
    return f"On average over {len(videos)} videos: " if len(videos) > 1 else ""
