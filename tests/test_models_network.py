"""Arguments and videos that make no network are refused with a remedy."""

from __future__ import annotations

from typing import Any

import pytest
from small_models import SHAPE, SMOOTH, random, small

from dynpat.config import LangevinConfig
from dynpat.errors import BadOptionError
from dynpat.models import PATTERNS, ActionModel, TextureModel


@pytest.mark.parametrize(
    "shape", [(6, 8, 9, 2), (1, 6, 8, 9), (1, 1, 6, 8, 9, 2), (1, 6, 8, 9, 3), (1, 6, 8, 9, 1)]
)
def test_wrong_rank_or_channels_name_the_shape_received(shape: tuple[int, ...]) -> None:
    model = small()
    with pytest.raises(BadOptionError) as caught:
        model(random(shape))
    message = str(caught.value)
    assert str(shape) in message and "(N, T, H, W, C)" in message and "C = 2" in message
    model.compile()
    with pytest.raises(BadOptionError, match="received the shape"):
        model.fit(random(shape))


@pytest.mark.parametrize("preset", ["paper", "gaussian"])
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(
    ("frames", "size"), [(30, (2, 64)), (30, (64, 2)), (1, (64, 64))], ids=["high", "wide", "short"]
)
def test_too_small_videos_name_the_layer_and_a_remedy(
    pattern: str, preset: str, frames: int, size: tuple[int, int]
) -> None:
    with pytest.raises(BadOptionError) as caught:
        PATTERNS[pattern].from_preset(preset, frames=frames, size=size)
    message = str(caught.value)
    assert f"A video of {frames} frames of {size[1]}×{size[0]} pixels is too small" in message
    assert "layer_" in message and "--size" in message and "--frames" in message


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"frames": 0}, "frames"), ({"channels": 0}, "channels"), ({"size": (8,)}, "size"),
        ({"size": (8, 0)}, "size"), ({"filters": (3,)}, "filters"), ({"sigma": 0.0}, "sigma"),
        ({"sigma": -1.0}, "sigma"), ({"precision": "float16"}, "precision"),
        ({"centre": "frame"}, "centre"),
        ({"filters": (), "kernels": (), "strides": ()}, "filters"),
    ],
)  # fmt: skip
def test_arguments_out_of_range_are_named(changes: dict[str, Any], name: str) -> None:
    arguments = {"frames": 6, "size": (8, 9), **SMOOTH["texture"], **changes}
    with pytest.raises(BadOptionError, match=rf"{name}.* must .*; received .*\. .*\.$"):
        TextureModel(**arguments)


def test_compile_refuses_a_step_size_that_runs_away() -> None:
    with pytest.raises(BadOptionError, match="step_size must lie in"):
        small(sigma=1.0).compile(langevin=LangevinConfig(step_size=2.0))


def test_action_model_is_bound_to_its_length() -> None:
    model = small("action")
    assert isinstance(model, ActionModel)
    assert model(random((1, *SHAPE))).shape == (1,)
    with pytest.raises(Exception, match=r"(?i)shape|incompatible|expected"):
        model(random((1, 12, *SHAPE[1:])))
