"""The settings of a run, as frozen dataclasses that check themselves when they are made."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from dynpat.errors import BadOptionError
from dynpat.kinds import require_kinds

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PATTERN_NAMES = ("texture", "scene", "action")  # the kinds of models, as in `models.PATTERNS`
PRESET_NAMES = ("default", "gaussian", "paper")  # the presets of each kind
# Settings of earlier versions that are constants now, with the values that they had in runs.
FORMER: dict[str, tuple[Any, ...]] = {
    "noise": (1.0,), "beta_1": (0.5,), "burn_in": (40,), "samples": (20,), "between": (8,),
    "weigh": (True, False), "padding": ("same",), "output_scale": (1.0,),
}
CHAIN_STORES = ("auto", "memory", "disk")
WIDEST = 1000.0  # grey levels; no video needs a σ above this

Config = TypeVar("Config", bound="DataclassInstance")


def require(condition: bool, name: str, rule: str, received: object, remedy: str) -> None:
    """Raise an error of one sentence unless `condition` is true.

    Raises
    ------
    BadOptionError
        If `condition` is false; it says "`name` must `rule`; received …. `remedy`".
    """
    if not condition:
        raise BadOptionError(f"{name} must {rule}; received {received}. {remedy}.")


def check_sigma(sigma: float) -> None:
    """Refuse a σ with which no reference distribution makes sense.

    Raises
    ------
    BadOptionError
        If σ is not above 0, or exceeds 1000 grey levels.
    """
    require(0 < sigma <= WIDEST, "sigma", f"lie in (0, {WIDEST:g}]", sigma,
            "Give --sigma in grey levels, such as 4")


def check_step_size(step_size: float, sigma: float) -> None:
    """Refuse a step size with which chains run away whatever is learned.

    With f = 0 a chain is I ← (1 − ε²/2σ²)·I + ε·Z, which is stable only for ε < 2σ.

    Raises
    ------
    BadOptionError
        If σ is out of range, or ε lies outside (0, 2σ).
    """
    check_sigma(sigma)
    require(
        math.isfinite(step_size) and 0 < step_size < 2 * sigma,
        "step_size",
        "lie in (0, 2·sigma), or the chain runs away whatever is learned",
        f"{step_size} with sigma {sigma}",
        "Lower --step-size or raise --sigma",
    )


@dataclass(frozen=True)
class LangevinConfig:
    """How chains move: I ← I − ε²/2·(I/σ² − ∂f/∂I) + ε·Z.

    Raises
    ------
    BadOptionError
        If a setting is out of its range; the message says what to use instead.

    Examples
    --------
    >>> LangevinConfig(steps=20, step_size=0.3)
    LangevinConfig(steps=20, step_size=0.3, momentum=0.0)
    """

    steps: int = 5
    """Number of Langevin steps before each update of the weights; at least 1."""
    step_size: float = 0.6
    """Step size ε in grey levels; on a coloured reference, in its coordinates of deviation 1."""
    momentum: float = 0.0
    """Share of its velocity that a chain keeps at a step, below 1; 0 is the equation above."""

    def __post_init__(self) -> None:
        require(self.steps >= 1, "langevin_steps", "be at least 1", self.steps,
                "Raise --langevin-steps")
        require(self.steps < 2**31, "langevin_steps", "be below 2147483648", self.steps,
                "Lower --langevin-steps")
        require(math.isfinite(self.step_size) and self.step_size > 0, "step_size", "be positive",
                self.step_size, "Raise --step-size")
        require(0 <= self.momentum < 1, "momentum", "lie in [0, 1)", self.momentum, "Use 0")


@dataclass(frozen=True)
class LearnConfig:
    """How the weights are learned from observed videos.

    Raises
    ------
    BadOptionError
        If a setting is out of its range, or neither `iterations` nor `time_budget` is given.

    Examples
    --------
    >>> LearnConfig(iterations=100, time_budget=None).chains
    3
    """

    iterations: int | None = None
    """Number of updates; 0 keeps the reference alone, None updates until the time is up."""
    time_budget: float | None = 600.0
    """Seconds of learning; None sets no limit. The first limit reached ends learning."""
    chains: int = 3
    """Persistent chains per observed video; 0 takes 3 for one video, 1 for each of several."""
    batch: int = 4
    """Number of observed videos per update; the chains of each move with it."""
    learning_rate: float = 1e-3
    """Peak learning rate of Adam; 0 chooses it by the size of the pictures."""
    final_learning_rate: float = 2e-5
    """Learning rate at the end of the cosine decay."""
    half_after: int = 0
    """Number of updates after which the rate is also halved; 0 leaves the cosine decay alone."""
    beta_2: float = 0.999
    """Decay of Adam's mean of squares; 0.999 lags behind gradients that grow from nothing."""
    observed_noise: float = 0.0
    """Deviation of noise added to observed videos, in the units of ε; chains always have noise."""
    renewed: float = 0.0
    """Share of the chains that start again from noise at an update, as samples do."""
    life: int = 0
    """Number of updates after which a chain starts again from noise; 0 lets chains run for ever."""
    youth: int = 0
    """Number of updates for which a new chain, still close to noise, does not count."""
    gap_limit: float = 0.0
    """Gap of the energies, per value, above which a chain no longer counts; 0 sets no limit."""
    calm: float = 0.0
    """Gap of the energies, per value, above which the rate falls in proportion; 0: never."""
    squared: float = 0.0
    """Weight of f², per value, in the loss, which keeps the energy from growing; 0 is none."""
    average: float = 0.0
    """Decay of the moving average of the weights; 0 keeps the last weights."""
    weight_decay: float = 0.0
    """Decoupled weight decay of Adam: the share of a kernel lost per update and unit of rate."""
    calibration: float = 0.0
    """Work after learning, as a share of its work, that fits the mean of new samples."""
    chain_store: str = "auto"
    """Where chains lie: 'memory' or 'disk'; 'auto' takes the disk if they are large."""
    memory: int | None = None
    """Bytes that learning may take; chains pass the network in groups if all do not fit."""
    seed: int = 0
    """Seed of the weights, mini-batches, chains and noise."""
    checkpoint_every: float = 30.0
    """Seconds between two checkpoints."""
    preview_every: float = 15.0
    """Seconds between two previews."""

    def __post_init__(self) -> None:
        limits = (self.iterations, self.time_budget)
        require(any(limit is not None for limit in limits), "iterations or time_budget", "be given",
                "neither", "Give --iterations or --time-budget")
        require(self.iterations is None or self.iterations >= 0, "iterations", "not be negative",
                self.iterations, "Raise --iterations")
        require(self.time_budget is None or self.time_budget > 0, "time_budget", "be positive",
                self.time_budget, "Raise --time-budget, for example to 10m")
        for name in ("chains", "batch"):
            value, least = getattr(self, name), int(name == "batch")
            require(value >= least, name, f"be at least {least}", value, f"Raise --{name}")
        require(0 <= self.learning_rate < 1, "learning_rate", "lie in [0, 1)", self.learning_rate,
                "Use a value such as 0.001, or 0 to leave it open")
        require(0 < self.final_learning_rate < 1, "final_learning_rate", "lie in (0, 1)",
                self.final_learning_rate, "Use a value such as 0.00002")
        require(self.half_after >= 0, "half_after", "not be negative", self.half_after,
                "Use 1500, or 0 for never")
        require(0 < self.beta_2 < 1, "beta_2", "lie in (0, 1)", self.beta_2, "Use 0.999")
        require(self.life >= 0, "life", "not be negative", self.life, "Use 12, or 0 for no end")
        require(0 <= self.youth < max(self.life, 1), "youth", f"lie in [0, life = {self.life})",
                self.youth, "Use 5 with life=12")
        require(0 <= self.observed_noise < math.inf, "observed_noise", "not be negative",
                self.observed_noise, "Use 0")
        require(0 <= self.renewed < 1, "renewed", "lie in [0, 1)", self.renewed, "Use 0.05")
        require(0 <= self.gap_limit < math.inf, "gap_limit", "not be negative", self.gap_limit,
                "Use 4")
        require(0 <= self.calm < math.inf, "calm", "not be negative", self.calm, "Use 0.1")
        require(0 <= self.squared < math.inf, "squared", "not be negative", self.squared, "Use 1")
        require(0 <= self.average < 1, "average", "lie in [0, 1)", self.average, "Use 0.99")
        require(0 <= self.weight_decay < math.inf, "weight_decay", "not be negative",
                self.weight_decay, "Use 0.3")
        require(0 <= self.calibration <= 1, "calibration", "lie in [0, 1]", self.calibration,
                "Use 0.15")
        require(self.chain_store in CHAIN_STORES, "chain_store",
                f"be one of {', '.join(CHAIN_STORES)}", self.chain_store, "Use auto")
        require(self.memory is None or self.memory > 0, "memory", "be positive", self.memory,
                "Give --memory such as 4GB")
        require(0 <= self.seed < 2**31, "seed", "lie in 0 … 2147483647", self.seed,
                "Choose another --seed")
        for name in ("checkpoint_every", "preview_every"):
            require(getattr(self, name) >= 0, name, "not be negative", getattr(self, name),
                    "Use a number of seconds")


@dataclass(frozen=True)
class RecoverConfig:
    """How missing pixels are recovered once a model is learned.

    Raises
    ------
    BadOptionError
        If `estimate` is neither 'mean' nor 'sample', or `pixels` is not positive.
    """

    estimate: str = "mean"
    """'mean' has the smallest error; 'sample' keeps texture and motion."""
    pixels: int = 150 * 150
    """Number of pixels to which a larger part around the missing pixels shrinks to be worked on."""
    apart: bool = True
    """Whether missing pixels stay out of visible ones when pictures shrink. Older runs: False."""

    def __post_init__(self) -> None:
        require(self.pixels >= 1, "pixels", "be at least 1", self.pixels, "Leave it out")
        require(self.estimate in ("mean", "sample"), "estimate", "be mean or sample",
                self.estimate, "Use --estimate mean")


@dataclass(frozen=True)
class ModelConfig:
    """The settings of a model that are not given by its pattern and preset.

    Raises
    ------
    BadOptionError
        If the precision is unknown, or σ is out of range.
    """

    precision: str = "float32"
    """Precision of the products inside layers, 'float32' or 'bfloat16'."""
    sigma: float | None = None
    """σ of the reference distribution; None takes that of the preset."""
    colours_follow: bool | None = None
    """Whether the colours follow the brightness; None takes the preset's. Older runs have False."""
    longest_wave: float | None = None
    """Length of the longest waves that f sees; None takes the preset's. Older runs have 0."""
    placed: bool | None = None
    """False makes the network that scenes of older runs have; None that of the preset."""

    def __post_init__(self) -> None:
        require(self.precision in ("float32", "bfloat16"), "precision", "be float32 or bfloat16",
                self.precision, "Use --precision auto")
        if self.sigma is not None:
            check_sigma(self.sigma)


def without_former(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings without those of earlier versions that nothing set to another value.

    Raises
    ------
    BadOptionError
        If one of them has another value all the same.
    """
    for name, only in FORMER.items():
        found = values.get(name, only[0])
        require(found in only, name, f"be {' or '.join(map(str, only))}, as it cannot be set now",
                found, "Start a new run without it")
    return {name: value for name, value in values.items() if name not in FORMER}


def to_dict(config: DataclassInstance) -> dict[str, Any]:
    """Return all settings by name, as `config.json` stores them."""
    return dataclasses.asdict(config)


def from_dict(kind: type[Config], values: Mapping[str, Any]) -> Config:
    """Make settings of the class `kind` from what `to_dict` returned.

    Raises
    ------
    BadOptionError
        If a name is unknown, or a value has the wrong type or is out of range.
    """
    known = {field.name for field in dataclasses.fields(kind)}
    unknown = sorted(set(values) - known)
    require(not unknown, "settings", f"be among {', '.join(sorted(known))}", ", ".join(unknown),
            "Remove the unknown ones")
    require_kinds(kind, values)
    try:
        return kind(**values)
    except TypeError as error:
        raise BadOptionError(f"A setting has the wrong type: {error}.") from error
