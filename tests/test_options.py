"""What users ask for beside settings: refused where it does not fit, kept through `config.json`."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dynpat.atomic import strict_json
from dynpat.config import ModelConfig, RecoverConfig, from_dict
from dynpat.errors import BadOptionError
from dynpat.options import OF_TASKS, Missing, Reading
from dynpat.runs.plan import Plan, make_plan
from dynpat.tasks.restore import make_restoration

RECOVER = RecoverConfig(estimate="sample")
WAYS = {"recover": {"mask": "m.png"}, "inpaint": {"mask": "m.png"}, "extend": {"after": 2}}


# How videos are read.


@pytest.mark.parametrize("values", [
    {"size": (0, 4)}, {"size": (4,)}, {"size": 4}, {"size": "4x4"}, {"size": (4.5, 4)},
    {"frames": 0}, {"frames": "all"}, {"frames": 2.5}, {"start": -1}, {"start": None},
    {"fps": 0.0}, {"fps": 1001}, {"fps": "fast"},
])  # fmt: skip
def test_reading_refuses_what_is_out_of_range_or_no_number(values: dict[str, Any]) -> None:
    with pytest.raises(BadOptionError) as caught:
        Reading(**values)
    ((name, _),) = values.items()
    assert name in str(caught.value) and str(caught.value).endswith(".")


def test_a_size_is_a_pair_however_it_is_given() -> None:
    assert Reading(size=[24, 32]).size == (24, 32)  # type: ignore[arg-type]
    counted = Reading(size=tuple(np.array([24, 32])), frames=np.int64(5), start=np.int64(2))
    assert counted == Reading((24, 32), 5, start=2)
    assert json.loads(json.dumps(dataclasses.asdict(counted)))["frames"] == 5


@pytest.mark.parametrize("values", [{"precision": "auto"}, {"sigma": -1.0}, {"sigma": "wide"}])
def test_the_part_of_the_model_is_checked(values: dict[str, Any]) -> None:
    with pytest.raises(BadOptionError):
        from_dict(ModelConfig, values)


# What is missing.


@pytest.mark.parametrize("task", sorted(OF_TASKS))
def test_each_task_takes_its_own_keys_and_says_which(task: str) -> None:
    others = {name for names in OF_TASKS.values() for name in names} - set(OF_TASKS[task])
    for name in (*sorted(others), "dialate", "recover"):
        with pytest.raises(BadOptionError, match=f"for {task}; received {name}"):
            make_restoration(task, "a.gif", missing={**WAYS[task], name: "1"})


@pytest.mark.parametrize("nothing", [None, False, 0, "", (), []])
def test_what_says_nothing_is_left_out(nothing: Any) -> None:
    said = {"mask": "m.png", "dilate": nothing, "occlude": nothing, "between": nothing}
    assert Missing.asked("recover", said, RECOVER) == Missing(mask="m.png", recover=RECOVER)


@pytest.mark.parametrize(("name", "value"), [
    ("mask", 3), ("mask", np.ones((2, 2))), ("truth", 1.5), ("dilate", "two"), ("dilate", 1.5),
    ("dilate", -1), ("dilate", True), ("invert", "yes"),
])  # fmt: skip
def test_values_of_a_wrong_kind_are_said(name: str, value: Any) -> None:
    with pytest.raises(BadOptionError, match=f"{name} must be") as caught:
        make_restoration("recover", "a.gif", missing={"mask": "m.png", name: value})
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_what_changes_a_mask_needs_one() -> None:
    for change in ({"dilate": 2}, {"invert": True}):
        with pytest.raises(BadOptionError, match="change a mask; received none"):
            make_restoration("inpaint", "a.gif", missing={"box": "1,1,2,2", **change})


def test_paths_are_taken_as_texts() -> None:
    plan = make_restoration(
        "recover", "a.gif", missing={"mask": Path("m.png"), "complete": Path("b.gif")}
    )
    assert plan.missing.mask == "m.png" and plan.missing.complete == ("b.gif",)
    assert plan.videos == ("a.gif", "b.gif")


@pytest.mark.parametrize("missing", [
    Missing(),
    Missing("m.png", invert=True, dilate=3, truth="t.gif", complete=("b", "c"), recover=RECOVER),
    Missing(box="1,1,2,2"), Missing(occlude="frames:0.5"), Missing(detect=("black",), dilate=0),
    Missing("m.png", detect=("frozen", "scratches")), Missing(detect=("scratches",), dilate=2),
    Missing(before=1, after=2, between=3),
])  # fmt: skip
def test_what_is_missing_survives_json(missing: Missing) -> None:
    values = json.loads(strict_json(missing.to_dict()))
    assert Missing.from_dict(values) == missing
    left_out = {name for name, value in dataclasses.asdict(missing).items() if not value}
    assert not left_out & set(values)


@pytest.mark.parametrize("kinds", [
    "black,frozen", " Frozen , black", ["black", "frozen"], ("frozen", "black", "black"),
])  # fmt: skip
def test_damage_to_find_is_kept_once_and_in_one_order(kinds: Any) -> None:
    plan = make_restoration("recover", "a.gif", missing={"detect": kinds})
    assert plan.missing.detect == ("frozen", "black")
    assert plan.to_dict()["missing"]["detect"] == ["frozen", "black"]


@pytest.mark.parametrize("kinds", ["rust", "frozen;black", ["frozen", 3], 5, {"frozen": 1}])
def test_damage_that_cannot_be_found_is_said(kinds: Any) -> None:
    with pytest.raises(BadOptionError, match="detect must name damage among frozen, black") as one:
        make_restoration("recover", "a.gif", missing={"detect": kinds})
    assert str(one.value).endswith(".") and "\n" not in str(one.value)


def test_damage_is_found_beside_a_mask_but_not_in_complete_videos() -> None:
    for beside in ({"mask": "m.png", "dilate": 1}, {"box": "1,1,2,2"}, {}):
        make_restoration("recover", "a.gif", missing={"detect": "scratches", **beside})
    with pytest.raises(BadOptionError, match="--occlude hides pixels of a complete one"):
        make_restoration("recover", "a.gif", missing={"detect": "black", "occlude": "region:0.1"})
    with pytest.raises(BadOptionError, match="--mask and --box was given"):
        make_restoration(
            "recover", "a.gif", missing={"detect": "black", "mask": "m.png", "box": "1,1,2,2"}
        )
    with pytest.raises(BadOptionError, match="change a mask"):
        make_restoration("recover", "a.gif", missing={"detect": "black", "dilate": 2})


# In a plan.


def test_a_plan_is_written_under_the_names_that_it_has_always_had() -> None:
    plan = make_restoration(
        "recover", "a.gif", missing={"mask": "m.png", "dilate": 2}, precision="float32", window=8,
        size=(24, 32),
    )
    values = json.loads(strict_json(plan.to_dict()))
    assert values["reading"] == {"size": [24, 32], "frames": None, "start": 0, "fps": None,
                                 "grey": False, "window": 8, "at_most": 70}
    assert values["model"] == {"precision": "float32"}
    assert set(values["missing"]) == {"mask", "dilate", "recover"}
    assert Plan.from_dict(values) == plan
    learning = make_plan("a.gif", precision="bfloat16", sigma=0.2)
    values = json.loads(strict_json(learning.to_dict()))
    assert values["model"] == {"precision": "bfloat16", "sigma": 0.2}
    assert values["missing"] == {} and Plan.from_dict(values) == learning


@pytest.mark.parametrize(("part", "name"), [
    ("reading", "colour"), ("model", "width"), ("missing", "dialate"), ("learn", "colour"),
])  # fmt: skip
def test_unknown_names_in_a_plan_are_refused(part: str, name: str) -> None:
    values = make_restoration("recover", "a.gif", missing={"mask": "m.png"}).to_dict()
    values[part] = {**values[part], name: 1}
    with pytest.raises(BadOptionError, match=f"received {name}"):
        Plan.from_dict(values)


@pytest.mark.parametrize("values", [{"task": "colour"}, {"window": 1}, {"window": "all"}])
def test_a_plan_checks_itself(values: dict[str, Any]) -> None:
    with pytest.raises(BadOptionError):
        dataclasses.replace(make_plan("a.gif"), **values)
