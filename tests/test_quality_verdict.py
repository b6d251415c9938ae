"""The verdict: three figures, their grades beside the floor, and one sentence."""

from __future__ import annotations

import pytest

from dynpat.quality.figures import FIGURES
from dynpat.quality.verdict import DECIDING, GRADES, best_of, verdict, while_learning

FLOOR = {"patches": 2.0, "motion_patches": 1.0, "deviation": 4.0}


def test_what_is_as_close_as_real_halves_is_as_real() -> None:
    found = verdict({name: 1.2 * value for name, value in FLOOR.items()}, FLOOR)
    assert "as close to the observed one as real halves" in found.sentence
    assert [one.grade for one in found.decisions] == ["real"] * 3


def test_each_figure_has_its_own_grade() -> None:
    found = verdict({"patches": 2.0, "motion_patches": 1.9, "deviation": 8.1}, FLOOR)
    assert [one.words for one in found.decisions] == ["as real", "close", "far off"]
    assert found.sentence == (
        "How things look is right, how things move is close, and how much each place changes is "
        "far off, measured by how much real halves of the video differ."
    )


def test_a_video_that_hardly_moves_has_a_least_floor() -> None:
    (decision,) = verdict({"patches": 0.5}, {"patches": 0.01}).decisions
    assert decision.grade == "real" and decision.floor == 0.01


@pytest.mark.parametrize(("found", "floor"), [
    ({}, {}), ({"patches": None}, FLOOR), (FLOOR, {"patches": None}), ({"motion": 1.0}, FLOOR),
])
def test_nothing_known_is_no_verdict(
    found: dict[str, float | None], floor: dict[str, float | None]
) -> None:
    assert verdict(found, floor).sentence == "" and not verdict(found, floor).decisions


def test_what_decides_is_a_figure_that_is_measured() -> None:
    assert set(DECIDING) <= set(FIGURES)


def test_while_learning_the_score_tells_how_it_rose() -> None:
    found = while_learning(120, [3.0, 1.2])
    assert found.sentence == (
        "After 120 updates the newest video has the score 1.2, where 1 is as real; it began at 3.0."
    )
    assert [one.grade for one in found.decisions] == ["real"]
    assert "began" not in while_learning(1, [3.0]).sentence
    assert while_learning(1, [float("inf")]).decisions[0].grade in GRADES
    assert while_learning(0, []).sentence == ""


@pytest.mark.parametrize(("name", "values", "best"), [
    ("patches", [3.0, 2.0, None, 2.5], {1}), ("motion", [0.5, 0.9, 1.3], {1}),
    ("sharpness", [1.5, 0.9], {1}), ("checkerboard", [0.1, 0.15, 0.4], {0, 1}),
    ("patches", [2.0, 2.0], set()), ("patches", [2.0, None], set()), ("patches", [], set()),
    ("closest_frame", [3.0, 9.0], set()),
])
def test_the_best_stand_out(
    name: str, values: list[float | None], best: set[int]
) -> None:
    assert best_of(name, values) == best
