"""Plans: what is chosen for the user, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dynpat.errors import BadOptionError
from dynpat.models import SceneModel
from dynpat.runs.observed import for_videos
from dynpat.runs.plan import Plan, make_model, make_plan
from dynpat.videos import as_videos


def test_iterations_alone_have_no_limit_in_time() -> None:
    assert make_plan(["a.mp4"], learn={"iterations": 5}).learn.time_budget is None
    assert make_plan("a.mp4").learn.time_budget == 600 and make_plan("a.mp4").videos == ("a.mp4",)
    both = make_plan(["a.mp4"], learn={"iterations": 5, "time_budget": 9.0}).learn
    assert (both.iterations, both.time_budget) == (5, 9.0)


def test_the_preset_is_the_one_that_looks_best() -> None:
    chosen = {pattern: make_plan(["a.mp4"], pattern=pattern).preset
              for pattern in ("texture", "scene", "action")}
    assert chosen == {"texture": "default", "scene": "default", "action": "gaussian"}
    assert make_plan(["a.mp4"], pattern="action", preset="default").preset == "default"


@pytest.mark.parametrize(("then", "now"), [
    ("default", "gaussian"), ("coloured", "default"), ("paper", "paper"),
])
def test_presets_of_older_runs_keep_their_meaning(then: str, now: str) -> None:
    values = {**make_plan(["a.mp4"]).to_dict(), "preset": then}
    assert Plan.from_dict({**values, "preset": now}).preset == now
    del values["version"]
    assert Plan.from_dict(values).preset == now


@pytest.mark.parametrize(("preset", "version", "follow"), [
    ("default", 3, None), ("default", 2, False), ("coloured", 1, False), ("default", 1, None),
    ("paper", 2, None),
])
def test_models_of_older_runs_keep_their_colours(
    preset: str, version: int, follow: bool | None
) -> None:
    """Before version 3 colours did not follow the brightness."""
    values = {**make_plan(["a.mp4"]).to_dict(), "preset": preset, "version": version}
    assert Plan.from_dict(values).model.colours_follow is follow


@pytest.mark.parametrize(("preset", "version", "longest", "seen"), [
    ("default", 6, None, 20.0), ("default", 5, 0.0, 0.0), ("gaussian", 5, None, 0.0),
])
def test_textures_of_older_runs_keep_seeing_long_waves(
    preset: str, version: int, longest: float | None, seen: float
) -> None:
    values = make_plan(["a.mp4"], pattern="texture", precision="float32").to_dict()
    plan = Plan.from_dict({**values, "preset": preset, "version": version})
    assert plan.model.longest_wave == longest
    assert make_model(plan, (24, 32, 32, 3), videos=1).get_config()["longest_wave"] == seen


@pytest.mark.parametrize(("preset", "version", "placed"), [
    ("default", 7, None), ("default", 6, False), ("default", 5, False), ("coloured", 1, False),
    ("gaussian", 6, None), ("paper", 6, None),
])
def test_scenes_of_older_runs_keep_their_network(
    preset: str, version: int, placed: bool | None
) -> None:
    """Up to version 6 a layer of the default network joined all places with each other."""
    values = {**make_plan(["a.mp4"], precision="float32").to_dict(), "preset": preset}
    plan = Plan.from_dict({**values, "version": version})
    assert plan.model.placed is placed and Plan.from_dict(plan.to_dict()) == plan
    config = make_model(plan, (24, 56, 56, 3), videos=1).get_config()
    if plan.preset == "default":
        top = (5, 2) if placed is False else ((3, 3, 3), 1)
        assert tuple(config["kernels"][-2:]) == top and len(config["filters"]) == 4
        assert config["longest_wave"] == (0.0 if placed is False else 20.0)
    else:
        assert tuple(config["filters"]) == SceneModel.presets[plan.preset]["filters"]


@pytest.mark.parametrize(("videos", "devices", "batch", "chains"), [
    (1, 1, 4, 3), (2, 1, 4, 1), (30, 1, 4, 1), (1, 2, 4, 4), (5, 1, 1, 3),
])
def test_several_videos_have_fewer_chains_each(
    videos: int, devices: int, batch: int, chains: int
) -> None:
    plan = make_plan(["a.mp4"], learn={"batch": batch})
    seen = as_videos(np.zeros((videos, 2, 8, 8, 3), np.uint8))
    assert for_videos(plan, seen, devices).learn.chains == chains
    nothing_open = {"batch": batch, "chains": 7, "learning_rate": 0.01, "chain_store": "memory"}
    given = make_plan(["a.mp4"], learn=nothing_open)
    assert for_videos(given, seen, devices) == given


@pytest.mark.parametrize(("size", "rate"), [
    ((24, 24), 2e-4), ((100, 100), 6e-5), ((200, 200), 1.5e-5),
])
def test_the_rate_that_is_left_open_is_smaller_for_larger_pictures(
    size: tuple[int, int], rate: float
) -> None:
    seen = as_videos(np.zeros((2, *size, 3), np.uint8))
    action = make_plan(["a.mp4"], pattern="action", preset="default")
    assert for_videos(action, seen).learn.learning_rate == pytest.approx(rate)
    # Textures and scenes have one of their own, whatever their size.
    for pattern in ("texture", "scene"):
        plan = make_plan(["a.mp4"], pattern=pattern)
        assert for_videos(plan, seen).learn.learning_rate == plan.learn.learning_rate > 0


@pytest.mark.parametrize("changes", [
    {"pattern": "water"}, {"preset": "best"}, {"precision": "float16"}, {"window": 1},
    {"sigma": 0.0}, {"learn": {"colour": 1}}, {"langevin": {"colour": 1}},
    {"learn": {"time_budget": float("inf")}},
])
def test_plan_refuses(changes: dict[str, Any]) -> None:
    with pytest.raises(BadOptionError):
        make_plan(["a.mp4"], **changes)
