"""No setting is dead: each is one that a preset, a command, an example or the docs set."""

from __future__ import annotations

import dataclasses
import inspect
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from dynpat_cli.main import COMMANDS, main

from dynpat.config import (
    FORMER,
    PATTERN_NAMES,
    PRESET_NAMES,
    LangevinConfig,
    LearnConfig,
    ModelConfig,
    RecoverConfig,
)
from dynpat.errors import BadOptionError, BadRunError
from dynpat.models import PATTERNS, EnergyModel, SceneModel
from dynpat.models.loading import load_model
from dynpat.options import Missing, Reading
from dynpat.runs.plan import Plan, make_model, make_plan

ROOT = Path(__file__).parent.parent
SHOWN = "\n".join(
    path.read_text(encoding="utf-8")
    for folder, kinds in (("examples", "*.py"), ("benchmarks", "*.py"), ("docs", "*.md"))
    for path in sorted((ROOT / folder).glob(kinds))
)
OPTIONS = {"steps": "langevin_steps"}  # where an option has another name than the setting
FROM_VIDEOS = {"frames", "size", "channels", "modes", "seed", "preset"}  # by `make_model`


def presets(table: str) -> Iterator[dict[str, Any]]:
    for kind in PATTERNS.values():
        yield from getattr(kind, table).values()


def set_by_presets(table: str, usual: Mapping[str, Any]) -> set[str]:
    """Names of what some preset sets to another value than the usual one."""
    return {
        name for preset in presets(table) for name, value in preset.items()
        if value != usual[name]
    }


def set_by_commands() -> set[str]:
    context = click.Context(main)
    commands = [main.get_command(context, name) for name in COMMANDS]
    return {str(param.name) for command in commands if command for param in command.params}


def shown(name: str) -> bool:
    """Whether an example, a benchmark or the docs give a setting."""
    return re.search(rf"\b{name}=|[\"']{name}[\"']:", SHOWN) is not None


def dead(names: set[str], living: set[str]) -> set[str]:
    commands = set_by_commands()
    return {
        name for name in names - living
        if OPTIONS.get(name, name) not in commands and not shown(name)
    }


@pytest.mark.parametrize(("kind", "table"), [
    (LangevinConfig, "langevin_presets"), (LearnConfig, "learn_presets"), (ModelConfig, ""),
    (RecoverConfig, ""), (Reading, ""), (Missing, ""),
])  # fmt: skip
def test_every_setting_is_set_by_something(kind: Any, table: str) -> None:
    usual = {field.name: field.default for field in dataclasses.fields(kind)}
    # The first is tested by itself; the next four are what older runs are read with, and
    # the last follows from the time budget.
    parts = {"recover", "colours_follow", "longest_wave", "placed", "apart", "pixels"}
    living = set_by_presets(table, usual) if table else set()
    assert dead(set(usual) - parts, living) == set()


def test_every_argument_of_a_model_is_set_by_something() -> None:
    usual = {
        name: parameter.default
        for name, parameter in inspect.signature(EnergyModel.__init__).parameters.items()
        if name not in ("self", "kwargs")
    }
    of_plans = FROM_VIDEOS | {field.name for field in dataclasses.fields(ModelConfig)}
    assert dead(set(usual), set_by_presets("presets", usual) | of_plans) == set()


def test_what_plans_give_to_models_is_what_is_said_here() -> None:
    plan = make_plan("fire.mp4", precision="float32", learn={"seed": 5})
    config = make_model(plan, (12, 16, 16, 3), videos=2).get_config()
    found = {name: config[name] for name in FROM_VIDEOS}
    assert found == {"frames": 12, "size": (16, 16), "channels": 3, "modes": 2, "seed": 5,
                     "preset": "default"}


def test_a_dead_setting_would_be_found() -> None:
    assert dead({"steps", "preview_every", "nonsense"}, set()) == {"nonsense"}


def test_names_of_patterns_and_presets_are_those_of_the_models() -> None:
    assert set(PATTERN_NAMES) == set(PATTERNS)
    assert all(set(kind.presets) == set(PRESET_NAMES) for kind in PATTERNS.values())


# Settings of earlier versions.


def old_plan(**changes: Mapping[str, Any]) -> dict[str, Any]:
    """A plan as earlier versions wrote it, with what could be set there."""
    values = make_plan("fire.mp4", precision="float32").to_dict()
    values["langevin"] = {**values["langevin"], "noise": 1.0, **changes.get("langevin", {})}
    values["learn"] = {**values["learn"], "beta_1": 0.5, **changes.get("learn", {})}
    values["task"], values["missing"] = "recover", {"box": "1,1,2,2", "recover": {
        "estimate": "mean", "burn_in": 40, "samples": 20, "between": 8, "weigh": True,
        **changes.get("recover", {}),
    }}
    return values


def test_a_plan_of_an_earlier_version_is_read() -> None:
    plan = Plan.from_dict(old_plan())
    assert plan.langevin == make_plan("fire.mp4", precision="float32").langevin
    assert plan.missing.recover == RecoverConfig("mean")
    written = plan.to_dict()
    for part in (written["langevin"], written["learn"], written["missing"]["recover"]):
        assert not set(part) & set(FORMER)


@pytest.mark.parametrize(("part", "name", "value"), [
    ("langevin", "noise", 0.5), ("learn", "beta_1", 0.9), ("recover", "burn_in", 5),
])
def test_a_former_setting_of_another_value_is_refused(part: str, name: str, value: float) -> None:
    with pytest.raises(BadOptionError, match=f"{name} must be .* received {value}"):
        Plan.from_dict(old_plan(**{part: {name: value}}))


def rewritten(path: Path, old: str, new: str) -> None:
    """Replace a text in the config of a `.keras` file."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    text = parts["config.json"].decode()
    assert text.count(old) == 1
    parts["config.json"] = text.replace(old, new).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)


def test_a_model_of_an_earlier_version_is_loaded(tmp_path: Path) -> None:
    model = SceneModel.from_preset("default", frames=12, size=(16, 16))
    model.save(tmp_path / "model.keras")
    rewritten(tmp_path / "model.keras", '"activation": "relu",',
              '"activation": "relu", "padding": "same", "output_scale": 1.0,')
    again = load_model(tmp_path / "model.keras")
    assert again.get_config() == model.get_config()
    for mine, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)
    rewritten(tmp_path / "model.keras", '"padding": "same"', '"padding": "valid"')
    with pytest.raises(BadRunError, match=r"padding must be same.* received valid"):
        load_model(tmp_path / "model.keras")
