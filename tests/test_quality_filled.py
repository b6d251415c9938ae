"""The verdict on filled-in videos: beside the truth, or beside what is visible."""

from __future__ import annotations

from typing import Any

import pytest

from dynpat.quality.filled import verdict_of_run

SIMPLE = {"interpolation in time": {"error": 10.0}, "mean over time": {"error": 14.0}}


def with_truth(error: float, motion: float | None = 1.0) -> dict[str, Any]:
    recovered = {"error": error, "motion": motion}
    return {"truth": {"recovered": recovered, "guess": {"error": 1.0}, **SIMPLE}}


def test_with_truth_the_best_simple_method_is_the_measure() -> None:
    found = verdict_of_run({"video_0": with_truth(8.0, 0.5)})
    assert found.sentence == (
        "Missing pixels are wrong by 8.0 grey levels, beside 10.0 of the best simple method, "
        "interpolation in time; they move 0.50 times as much as the truth."
    )
    error, motion = found.decisions
    assert (error.words, error.floor, error.beside) == ("better", 10.0, "interpolation in time")
    assert (motion.words, motion.floor, motion.beside) == ("unlike", 1.0, "the truth")


def test_the_border_is_judged_beside_the_same_method() -> None:
    values = with_truth(8.0)
    values["truth"]["recovered"]["seam"] = 5.0
    values["truth"]["interpolation in time"] = {"error": 10.0, "seam": 4.0}
    decision = verdict_of_run({"video_0": values}).decisions[1]
    assert (decision.meaning, decision.words) == ("error of steps across the border", "worse")


@pytest.mark.parametrize(("error", "grade"), [
    (9.4, "real"), (9.6, "close"), (10.4, "close"), (10.6, "far"),
])
def test_an_error_is_graded_beside_the_other_method(error: float, grade: str) -> None:
    assert verdict_of_run({"video_0": with_truth(error)}).decisions[0].grade == grade


@pytest.mark.parametrize(("motion", "grade"), [
    (1.0, "real"), (0.84, "real"), (1.2, "real"), (0.76, "close"), (1.3, "close"),
    (0.7, "far"), (1.4, "far"), (0.0, "far"),
])
def test_a_ratio_is_graded_by_how_far_it_is_from_one(motion: float, grade: str) -> None:
    assert verdict_of_run({"video_0": with_truth(1.0, motion)}).decisions[1].grade == grade


def test_without_truth_hidden_known_pixels_and_the_surroundings_tell() -> None:
    found = verdict_of_run({"video_0": {
        "hidden": {"error": 3.0, "interpolation": 6.0}, "around": {"motion": 0.9, "edges": 0.75},
    }})
    assert found.sentence == (
        "The truth is not known, but known pixels that were hidden as a trial are wrong by 3.0 "
        "grey levels, beside 6.0 of interpolation in time, and filled-in pixels move 0.90 times as "
        "much and have edges 0.75 times as sharp as the visible ones around."
    )
    assert [one.words for one in found.decisions] == ["better", "alike", "near"]


def test_a_sample_is_judged_by_its_surroundings_alone() -> None:
    found = verdict_of_run({"video_0": {"around": {"motion": 1.1, "edges": None}}})
    assert found.sentence == (
        "The truth is not known, but filled-in pixels move 1.10 times as much as the visible ones "
        "around."
    )
    assert len(found.decisions) == 1


def test_several_videos_are_judged_on_average() -> None:
    found = verdict_of_run({"video_0": with_truth(8.0, 0.5), "video_1": with_truth(4.0, None)})
    assert found.sentence.startswith("On average over 2 videos: Missing pixels are wrong by 6.0 ")
    assert found.decisions[1].value == 0.5


@pytest.mark.parametrize("metrics", [
    {}, {"video_0": {"missing": 0.1, "uncertainty": 3.0}}, {"video_0": {"truth": {}}},
    {"video_0": {"truth": {"recovered": {"error": 2.0}}}}, {"synthesised": {}, "floor": {}},
    {"video_0": {"around": {"motion": None, "edges": None}}},
])
def test_what_older_runs_do_not_know_is_no_verdict(metrics: dict[str, Any]) -> None:
    assert verdict_of_run(metrics).sentence == "" and not verdict_of_run(metrics).decisions


def test_learning_is_judged_beside_its_floor() -> None:
    found = verdict_of_run({"synthesised": {"patches": 1.0}, "floor": {"patches": 1.0}})
    assert "as close to the observed one as real halves" in found.sentence
