"""Settings: refused out of range with one clear sentence, kept through `config.json`."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import pytest
from hypothesis import given, strategies as st

from dynpat.config import LangevinConfig, LearnConfig, check_step_size, from_dict, to_dict
from dynpat.errors import BadOptionError

BAD_LANGEVIN: list[dict[str, Any]] = [
    {"steps": 0}, {"steps": -3}, {"step_size": 0.0}, {"step_size": -0.1},
    {"step_size": math.nan}, {"step_size": math.inf},
]  # fmt: skip
BAD_LEARN: list[dict[str, Any]] = [
    {"iterations": -1}, {"time_budget": 0.0}, {"time_budget": math.nan}, {"chains": -1},
    {"batch": 0}, {"learning_rate": -1.0}, {"learning_rate": 1.0}, {"learning_rate": math.nan},
    {"final_learning_rate": -1e-3}, {"seed": -1},
    {"seed": 2**31}, {"observed_noise": -0.1}, {"observed_noise": math.inf}, {"renewed": 1.0},
    {"life": -1}, {"youth": 1}, {"youth": -1}, {"beta_2": 1.0},
    {"average": 1.0}, {"renewed": math.nan}, {"average": -0.1}, {"gap_limit": -0.1},
    {"checkpoint_every": -1.0}, {"preview_every": -1.0},
]  # fmt: skip


def label(values: dict[str, Any]) -> str:
    return "-".join(f"{name}={value}" for name, value in values.items())


@pytest.mark.parametrize("values", BAD_LANGEVIN, ids=label)
def test_langevin_config_names_the_setting_and_what_it_received(values: dict[str, Any]) -> None:
    with pytest.raises(BadOptionError) as caught:
        LangevinConfig(**values)
    (name, value), = values.items()
    message = str(caught.value)
    assert name in message and f"received {value}" in message and message.endswith(".")


@pytest.mark.parametrize("values", BAD_LEARN, ids=label)
def test_learn_config_names_the_setting_and_what_it_received(values: dict[str, Any]) -> None:
    with pytest.raises(BadOptionError) as caught:
        LearnConfig(**values)
    (name, value), = values.items()
    message = str(caught.value)
    assert name in message and f"received {value}" in message and message.endswith(".")


def test_learning_needs_a_limit() -> None:
    with pytest.raises(BadOptionError, match=r"iterations or time_budget must be given"):
        LearnConfig(iterations=None, time_budget=None)
    assert LearnConfig(iterations=1, time_budget=None).iterations == 1


def test_settings_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        LangevinConfig().steps = 7  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        LearnConfig().seed = 7  # type: ignore[misc]


def test_edges_of_the_ranges_are_allowed() -> None:
    assert LangevinConfig(steps=1, momentum=0.0).momentum == 0.0
    edge = LearnConfig(iterations=1, chains=1, batch=1, seed=2**31 - 1,
                       checkpoint_every=0.0, preview_every=0.0)
    assert edge.seed == 2**31 - 1


@given(sigma=st.floats(1e-3, 1e3), fraction=st.floats(1e-3, 4.0))
def test_step_size_is_allowed_exactly_where_the_reference_chain_is_stable(
    sigma: float, fraction: float
) -> None:
    """I ← (1 − ε²/2σ²)·I + ε·Z is stable where |1 − ε²/2σ²| < 1."""
    step_size = fraction * sigma
    # Not at the edge itself, where the two ways to round differ.
    stable = abs(1 - step_size**2 / (2 * sigma**2)) < 1 - 1e-12
    if stable:
        check_step_size(step_size, sigma)
    elif abs(fraction - 2) > 1e-9:
        with pytest.raises(BadOptionError, match="step_size must lie in"):
            check_step_size(step_size, sigma)


@pytest.mark.parametrize(
    ("step_size", "sigma"), [(2.0, 1.0), (0.0, 1.0), (math.nan, 1.0), (math.inf, 1.0)]
)
def test_step_size_out_of_range_names_both_numbers(step_size: float, sigma: float) -> None:
    with pytest.raises(BadOptionError, match="step_size") as caught:
        check_step_size(step_size, sigma)
    assert f"{step_size} with sigma {sigma}" in str(caught.value)


@pytest.mark.parametrize("sigma", [0.0, -1.0, math.nan, math.inf])
def test_sigma_must_be_positive(sigma: float) -> None:
    with pytest.raises(BadOptionError, match=r"sigma must lie in \(0, 1000\]"):
        check_step_size(0.1, sigma)


def unusual(kind: Any) -> Any:
    """A setting of `kind` in which every field differs from its default."""
    values: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        default: Any = field.default
        values[field.name] = (
            3 if field.name == "life" else  # longer than the youth
            "disk" if field.name == "chain_store" else
            11 if default is None else default + 1 if isinstance(default, int)
            else default / 2 or 0.5
        )
    return kind(**values)


@pytest.mark.parametrize("kind", [LangevinConfig, LearnConfig])
def test_every_setting_survives_json(kind: Any) -> None:
    config, default = unusual(kind), kind()
    for field in dataclasses.fields(kind):
        assert getattr(config, field.name) != getattr(default, field.name), field.name
    values = json.loads(json.dumps(to_dict(config)))
    assert from_dict(kind, values) == config


def test_unknown_and_wrongly_typed_settings_are_refused() -> None:
    with pytest.raises(BadOptionError, match="received stepz"):
        from_dict(LangevinConfig, {"stepz": 3})
    with pytest.raises(BadOptionError, match="wrong type"):
        from_dict(LangevinConfig, {"steps": "three"})
    with pytest.raises(BadOptionError, match="steps must be at least 1"):
        from_dict(LangevinConfig, {"steps": 0})
