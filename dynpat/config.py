"""The settings of a run, as frozen dataclasses that check themselves at construction."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from dynpat.errors import BadOptionError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PATTERN_NAMES = ("texture", "scene", "action")  # of the kinds of models, `dynpat.models.PATTERNS`
PRESET_NAMES = ("default", "gaussian", "paper")  # that each of them has
# Settings of earlier versions, which are constants now, and the values that they had in runs.
FORMER: dict[str, tuple[Any, ...]] = {
    "noise": (1.0,), "beta_1": (0.5,), "burn_in": (40,), "samples": (20,), "between": (8,),
    "weigh": (True, False), "padding": ("same",), "output_scale": (1.0,),
}
WIDEST = 1000.0  # grey levels; a σ beyond is no scale of videos

Config = TypeVar("Config", bound="DataclassInstance")


def require(condition: bool, name: str, rule: str, received: object, remedy: str) -> None:
    """Raise one clear sentence unless `condition` holds.

    Raises
    ------
    BadOptionError
        "`name` must `rule`; received `received`. `remedy`."
    """
    if not condition:
        raise BadOptionError(f"{name} must {rule}; received {received}. {remedy}.")


def check_sigma(sigma: float) -> None:
    """Refuse a σ (grey levels) with which no reference distribution makes sense."""
    require(0 < sigma <= WIDEST, "sigma", f"lie in (0, {WIDEST:g}]", sigma,
            "Give --sigma in grey levels, such as 4")


def check_step_size(step_size: float, sigma: float) -> None:
    """With f = 0 the chain is I ← (1 − ε²/2σ²)·I + ε·Z, which is stable only for ε < 2σ.

    Raises
    ------
    BadOptionError
        If σ is not positive, or ε lies outside (0, 2σ).
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
    """How chains move: I ← I − ε²/2·(I/σ² − ∂f/∂I) + ε·Z."""

    steps: int = 5
    """Langevin steps per update of the weights."""
    step_size: float = 0.6
    """ε, in grey levels; on a coloured reference in its coordinates, of deviation 1."""
    momentum: float = 0.0
    """Share of its velocity that a chain keeps at a step; 0 is the plain equation above."""

    def __post_init__(self) -> None:
        require(self.steps >= 1, "langevin_steps", "be at least 1", self.steps,
                "Raise --langevin-steps")
        require(math.isfinite(self.step_size) and self.step_size > 0, "step_size", "be positive",
                self.step_size, "Raise --step-size")
        require(0 <= self.momentum < 1, "momentum", "lie in [0, 1)", self.momentum, "Use 0")


@dataclass(frozen=True)
class LearnConfig:
    """How the weights are learned from observed videos."""

    iterations: int | None = None
    """Updates of the weights; 0: none, the reference alone; None: as the time budget allows."""
    time_budget: float | None = 600.0
    """Seconds from the start of learning; None: no limit. The first limit reached ends it."""
    chains: int = 3
    """Persistent chains per observed video; 0: 3 of one, 1 of each of several."""
    batch: int = 4
    """Observed videos per update; each brings its own chains."""
    learning_rate: float = 1e-3
    """Adam's peak step; 0: by the size of the pictures."""
    final_learning_rate: float = 2e-5
    """Adam's step at the end of the cosine decay."""
    half_after: int = 0
    """Updates after which the rate has halved, beside its decay over the run; 0: it does not."""
    beta_2: float = 0.999
    """Adam's second-moment decay; where gradients grow from nothing, 0.999 lags behind them."""
    observed_noise: float = 0.0
    """Standard deviation of noise on the observed, in units of ε; chains are never without."""
    renewed: float = 0.0
    """Share of the chains that start again from noise at an update, as samples do."""
    life: int = 0
    """Updates after which a chain starts again from noise; 0: it goes on for ever."""
    youth: int = 0
    """Updates of its life before a chain counts: it is on its way from noise still."""
    gap_limit: float = 0.0
    """Gap of the energies, per value, from which on a chain no longer counts; 0: always."""
    calm: float = 0.0
    """Gap of the energies, per value, beyond which the rate falls in proportion; 0: it does not."""
    squared: float = 0.0
    """Weight α of the squares of f, per value, in the loss: they keep the energy from growing."""
    average: float = 0.0
    """Share of the running mean of the weights that an update keeps; 0: no mean, the last ones."""
    weight_decay: float = 0.0
    """Share of each kernel that an update of learning rate 1 takes away (Adam's, decoupled)."""
    calibration: float = 0.0
    """Work after learning, as a share of it, so that new samples have the observed mean."""
    memory: int | None = None
    """Bytes that learning may take: chains pass the network in groups where all would not fit."""
    seed: int = 0
    """Seed of weights, mini-batches, chains and noise."""
    checkpoint_every: float = 30.0
    """Seconds between checkpoints."""
    preview_every: float = 15.0
    """Seconds between refreshed previews."""

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
        require(self.memory is None or self.memory > 0, "memory", "be positive", self.memory,
                "Give --memory such as 4GB")
        require(0 <= self.seed < 2**31, "seed", "lie in 0 … 2147483647", self.seed,
                "Choose another --seed")
        for name in ("checkpoint_every", "preview_every"):
            require(getattr(self, name) >= 0, name, "not be negative", getattr(self, name),
                    "Use a number of seconds")


@dataclass(frozen=True)
class RecoverConfig:
    """How missing pixels are estimated once a model is learned."""

    estimate: str = "mean"
    """'mean' has the least error, 'sample' keeps texture and motion."""

    def __post_init__(self) -> None:
        require(self.estimate in ("mean", "sample"), "estimate", "be mean or sample",
                self.estimate, "Use --estimate mean")

    @property
    def weighed(self) -> bool:
        """Whether the mean is mixed with the guess by what both are worth on hidden known pixels.

        A sample is no mix: to weigh one would take as long again as to draw it.
        """
        return self.estimate == "mean"


@dataclass(frozen=True)
class ModelConfig:
    """What a plan says of its model beside pattern and preset."""

    precision: str = "float32"
    """Of the products inside layers, 'float32' or 'bfloat16'."""
    sigma: float | None = None
    """σ of the reference distribution; None: the preset's."""

    def __post_init__(self) -> None:
        require(self.precision in ("float32", "bfloat16"), "precision", "be float32 or bfloat16",
                self.precision, "Use --precision auto")
        if self.sigma is not None:
            check_sigma(self.sigma)


def without_former(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without those of earlier versions that nothing ever set to another value.

    Raises
    ------
    BadOptionError
        If one has another value all the same.
    """
    for name, only in FORMER.items():
        found = values.get(name, only[0])
        require(found in only, name, f"be {' or '.join(map(str, only))}, as it cannot be set now",
                found, "Start a new run without it")
    return {name: value for name, value in values.items() if name not in FORMER}


def to_dict(config: DataclassInstance) -> dict[str, Any]:
    """All settings by name, for `config.json`."""
    return dataclasses.asdict(config)


def from_dict(kind: type[Config], values: Mapping[str, Any]) -> Config:
    """The settings back from `to_dict`.

    Raises
    ------
    BadOptionError
        If a name is unknown or a value out of range.
    """
    known = {field.name for field in dataclasses.fields(kind)}
    unknown = sorted(set(values) - known)
    require(not unknown, "settings", f"be among {', '.join(sorted(known))}", ", ".join(unknown),
            "Remove the unknown ones")
    try:
        return kind(**values)
    except TypeError as error:
        raise BadOptionError(f"A setting has the wrong type: {error}.") from error
