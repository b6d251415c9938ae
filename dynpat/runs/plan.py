"""The plan of a run: what the user asks for, as options that are resolved and checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dynpat.config import (
    PATTERN_NAMES,
    PRESET_NAMES,
    Config,
    LangevinConfig,
    LearnConfig,
    ModelConfig,
    check_step_size,
    from_dict,
    require,
    to_dict,
    without_former,
)
from dynpat.devices import resolve_precision
from dynpat.errors import BadOptionError
from dynpat.kinds import UNFIT, parsed, require_paths, told
from dynpat.options import OF_TASKS, Missing, Reading

if TYPE_CHECKING:
    from dynpat.models import EnergyModel

VERSION = 7  # version of the format that `Plan.to_dict` writes
RENAMED = {"default": "gaussian", "coloured": "default"}  # presets renamed since version 1
DEFAULT_FRAMES = 70  # the length of the videos in the paper
ACTION_FRAMES = 32  # of actions, which are learned as a whole: an update of 70 takes thrice as long
MOST_MODES = 32  # if there are more observed videos, several share a mode


@dataclass(frozen=True)
class Plan:
    """All options that decide the result of a run; `config.json` stores them.

    The `videos` are paths, and `reading` is how they are read. The `pattern` is 'texture', 'scene'
    or 'action', the `preset` 'default', 'gaussian' or 'paper'. The settings are those of the
    `model`, of the chains (`langevin`) and of learning (`learn`).
    """

    videos: tuple[str, ...]
    reading: Reading
    pattern: str
    preset: str
    model: ModelConfig
    langevin: LangevinConfig
    learn: LearnConfig
    window: int | None = None
    """Number of frames learned at once; None lets pattern and preset decide."""
    task: str = "learn"
    """'learn', 'recover', 'inpaint' or 'extend'."""
    missing: Missing = field(default_factory=Missing)
    """Which pixels are missing; empty in a plan to learn."""
    at_most: int = DEFAULT_FRAMES
    """Number of frames to read unless `reading` names one."""

    def __post_init__(self) -> None:
        require(self.window is None or (isinstance(self.window, int) and self.window >= 2),
                "window", "be a whole number of at least 2", self.window, "Raise --window")
        require(isinstance(self.at_most, int) and self.at_most >= 2,
                "at_most", "be a whole number of at least 2", self.at_most, "Raise it")
        require(self.task in ("learn", *OF_TASKS), "task",
                f"be one of learn, {', '.join(OF_TASKS)}", self.task, "Choose one")

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as `config.json` stores it."""
        return {
            "version": VERSION, "videos": list(self.videos),
            "reading": {**asdict(self.reading), "window": self.window, "at_most": self.at_most},
            "pattern": self.pattern, "preset": self.preset, "model": given(asdict(self.model)),
            "langevin": to_dict(self.langevin), "learn": to_dict(self.learn), "task": self.task,
            "missing": {} if self.task == "learn" else self.missing.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Plan:
        """Make a plan from `values` of `to_dict`; an unfit value raises `BadOptionError`."""
        reading = dict(values["reading"])
        window, at_most = reading.pop("window"), reading.pop("at_most", DEFAULT_FRAMES)
        preset, model = values["preset"], dict(values["model"])
        version = int(values.get("version", 1))
        if version < 2:
            preset = RENAMED.get(preset, preset)
        if version < 3 and preset == "default":  # its colours did not follow the brightness yet
            model = {"colours_follow": False, **model}
        if version < 6 and preset == "default":  # f saw the long waves, too
            model = {"longest_wave": 0.0, **model}
        if version < 7 and preset == "default" and values["pattern"] == "scene":
            model = {"longest_wave": 0.0, "placed": False, **model}  # another network
        missing = dict(values.get("missing", {}))
        if version < 4 and missing:  # missing pixels had a part in visible ones that shrank
            missing["recover"] = {"apart": False, **missing.get("recover", {})}
        learn = without_former(values["learn"])
        if version < 5:  # all chains were in memory
            learn = {"chain_store": "memory", **learn}
        if values["pattern"] not in PATTERN_NAMES or preset not in PRESET_NAMES:
            raise KeyError(f"{values['pattern']}, {preset}")
        return cls(
            videos=require_paths(values["videos"]), reading=from_dict(Reading, reading),
            pattern=values["pattern"], preset=preset, model=from_dict(ModelConfig, model),
            langevin=from_dict(LangevinConfig, without_former(values["langevin"])),
            learn=from_dict(LearnConfig, learn), window=window,
            task=str(values.get("task", "learn")), missing=Missing.from_dict(missing),
            at_most=at_most,
        )


def make_plan(
    videos: str | Path | Sequence[str | Path], *, pattern: str = "scene",
    preset: str | None = None, size: tuple[int, int] | None = None, frames: int | None = None,
    start: int = 0, fps: float | None = None, grey: bool = False, window: int | None = None,
    sigma: float | None = None, precision: str = "auto", langevin: dict[str, Any] | None = None,
    learn: dict[str, Any] | None = None,
) -> Plan:
    """Resolve and check all options of a run to learn.

    Parameters
    ----------
    videos : str or Path or sequence of str or Path
        Video files, frame folders, or folders to search.
    pattern : str
        'texture', 'scene' or 'action'.
    preset : str or None
        'default', 'gaussian' or 'paper'; by default 'gaussian' for actions, whose legs it models
        better, and 'default' for the others.
    size : tuple of int or None
        The height and width in pixels; by default larger pictures shrink to about 100×100 pixels.
    frames : int or None
        The number of frames; by default the first 70 are read, of actions 32 (but 70 with the
        preset 'paper'), with a note.
    start : int
        The number of the first frame, as in `read_video`.
    fps : float or None
        The frames per second to resample to, as in `read_video`.
    grey : bool
        Whether to read one channel, as in `read_video`.
    window : int or None
        The number of frames learned at once; by default 24, or all for actions and 'paper'.
    sigma : float or None
        The σ of the reference distribution, by default that of the preset.
    precision : str
        'auto', 'float32' or 'bfloat16'.
    langevin, learn : dict or None
        Fields of `LangevinConfig` and of `LearnConfig` that replace those of the preset. With
        `iterations` alone there is no limit of time.

    Returns
    -------
    Plan
        The checked plan.

    Raises
    ------
    BadOptionError
        If an option is unknown or out of range.
    """
    require(pattern in PATTERN_NAMES, "pattern", f"be one of {', '.join(PATTERN_NAMES)}", pattern,
            "Use --pattern scene")
    kind = _kind(pattern)
    preset = preset or kind.usual_preset
    require(preset in PRESET_NAMES, "preset", f"be one of {', '.join(PRESET_NAMES)}", preset,
            "Use --preset default")
    reading = Reading(size, frames, start, fps, grey)
    model = ModelConfig(resolve_precision(precision), sigma)
    moving = from_dict(LangevinConfig, {**kind.langevin_presets[preset], **given(langevin)})
    check_step_size(moving.step_size, sigma or kind.presets[preset].get("sigma", 1.0))
    learning = _learn_config(kind.learn_presets[preset], given(learn))
    videos = [videos] if isinstance(videos, str | Path) else videos
    names = tuple(str(Path(video)) for video in videos)
    short = pattern == "action" and preset != "paper"
    return Plan(names, reading, pattern, preset, model, moving, learning, window,
                at_most=ACTION_FRAMES if short else DEFAULT_FRAMES)


def _kind(pattern: str) -> type[EnergyModel]:
    """The class of a pattern's models; a plan is read without it, and so without TensorFlow."""
    from dynpat.models import PATTERNS

    return PATTERNS[pattern]


def _learn_config(preset: dict[str, Any], asked: dict[str, Any]) -> LearnConfig:
    """Make the settings of learning; the default time budget applies only if no limit is given."""
    if "iterations" in asked:
        preset = {**preset, "time_budget": None}
    _require_finite(asked.get("time_budget"))
    rate = asked.get("learning_rate", 1.0)
    require(rate != 0, "learning_rate", "lie in (0, 1)", rate, "Use a value such as 0.001")
    return from_dict(LearnConfig, {**preset, **asked})


def _require_finite(time_budget: float | None) -> None:
    """Refuse an infinite time budget: JSON has no infinity, and None means the same."""
    require(time_budget is None or math.isfinite(time_budget), "time_budget", "be a finite time",
            time_budget, "Use a time such as 10m, or --iterations alone")


def plan_from_config(
    config: str | Path, videos: Sequence[str | Path] = (), *, task: str = "learn",
    reading: dict[str, Any] | None = None, window: int | None = None,
    model: dict[str, Any] | None = None, langevin: dict[str, Any] | None = None,
    learn: dict[str, Any] | None = None,
) -> Plan:
    """Return the plan in the `config.json` of a run, to repeat it with some changes.

    `config` is the file or the run folder, and `videos` are others than those of the run, if any.
    The run must be of `task`. `reading`, `window`, `model`, `langevin` and `learn` are the changes
    of each part of the plan; `sigma` and `precision` belong to the model.

    Raises
    ------
    BadOptionError
        If the file is no such plan or of another task, or a change is out of range.
    """
    path = Path(config)
    path = path / "config.json" if path.is_dir() else path
    try:
        plan = Plan.from_dict(parsed(path.read_bytes())["plan"])
    except (*UNFIT, BadOptionError) as error:
        raise BadOptionError(
            f"--config '{path}' cannot be used ({told(error)}); give the config.json of a run."
        ) from error
    if plan.task != task:
        raise BadOptionError(
            f"--config '{path}' is of a run of dynpat {plan.task}; repeat it by that command."
        )
    model = given(model)
    if "precision" in model:
        model["precision"] = resolve_precision(model["precision"])
    return replace(
        plan, videos=tuple(str(Path(video)) for video in videos) or plan.videos,
        reading=_changed(plan.reading, reading), window=window or plan.window,
        model=_changed(plan.model, model), langevin=_changed(plan.langevin, langevin),
        learn=_changed(plan.learn, learn),
    )


def _changed(part: Config, values: dict[str, Any] | None) -> Config:
    """Return a part of a plan with the values that are given."""
    return from_dict(type(part), {**asdict(part), **given(values)})


def with_limits(plan: Plan, iterations: int | None, time_budget: float | None) -> Plan:
    """Return the plan with the limits that are given."""
    _require_finite(time_budget)
    limits = given({"iterations": iterations, "time_budget": time_budget})
    return replace(plan, learn=_changed(plan.learn, limits))


def given(values: dict[str, Any] | None) -> dict[str, Any]:
    """Return the values that are not None."""
    return {name: value for name, value in (values or {}).items() if value is not None}


def make_model(plan: Plan, shape: tuple[int, int, int, int], videos: int) -> EnergyModel:
    """Make the unlearned model of a plan for `videos` videos of `shape` (T, H, W, C)."""
    frames, height, width, channels = shape
    modes = 1 if plan.preset == "paper" else min(videos, MOST_MODES)
    kind, changes = _kind(plan.pattern), given(asdict(plan.model))
    network = {} if changes.pop("placed", True) else kind.unplaced
    return kind.from_preset(
        plan.preset, frames=frames, size=(height, width), channels=channels, seed=plan.learn.seed,
        modes=modes, **network, **changes,
    )
