"""The memory and the time that a plan will take, before it is started."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from typing import Any

import tensorflow as tf

from dynpat import langevin
from dynpat.config import RecoverConfig
from dynpat.devices import physical_memory
from dynpat.errors import BadOptionError
from dynpat.models import EnergyModel
from dynpat.models.footprint import BASE_BYTES, HELD_COPIES, passing_bytes
from dynpat.reporter import Reporter
from dynpat.runs.observed import chain_bytes, for_videos, read_observed, window_shape
from dynpat.runs.plan import Plan, make_model
from dynpat.tasks.choices import introduction
from dynpat.videos.shelf import HELD_BYTES

WEIGHT_COPIES = 5.6  # the weights, their gradient, Adam's two moments, and products
GROUPED_WEIGHT_COPIES = 7.4  # the same with the sum of the gradients over groups
USUAL_PIXELS = RecoverConfig.pixels  # as in the paper
# An update costs in proportion to the pixels (2.0, 4.3 and 8.9 CPU seconds of it at 100, 150 and
# 220 pixels a side). At this rate two cores make some 100 updates. Twice as many on half of the
# pixels are worth less: what is enlarged afterwards is softer than what surrounds it.
PIXELS_A_SECOND = 90
USUAL_BUDGET = 480.0  # seconds in which missing pixels are learned
FEWEST_PIXELS = 48 * 48
GUESS_BYTES = 60  # for each value of a video while its missing pixels are guessed


@dataclass(frozen=True)
class Input:
    """A video that a run will learn from: its shape, its frames per second, what was changed."""

    source: str
    shape: tuple[int, ...]
    fps: float
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Cost:
    """The memory and the time that a run will take.

    Attributes
    ----------
    plan : Plan
        The plan of the run, with all options resolved.
    inputs : tuple of Input
        The videos that the run learns from.
    memory_bytes : int
        The peak memory in bytes.
    videos_at_once : int
        The number of videos that pass the network together.
    seconds_per_update : float
        The seconds of an update, measured on this machine.
    updates : int
        The number of updates of the whole run.
    seconds : float
        The seconds of the whole run.
    """

    plan: Plan
    inputs: tuple[Input, ...]
    memory_bytes: int
    videos_at_once: int
    seconds_per_update: float
    updates: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return all values by name, ready for JSON."""
        return {**asdict(self), "plan": self.plan.to_dict()}


def cost_of(plan: Plan, reporter: Reporter | None = None) -> Cost:
    """Predict the cost of a run: memory from the sizes inside the network, time from a trial.

    Parameters
    ----------
    plan : Plan
        The plan, from `make_plan`; its videos are read.
    reporter : Reporter or None
        What receives notes on changes of the videos, and what the plan chose.

    Returns
    -------
    Cost
        The predicted cost.

    Raises
    ------
    BadVideoError
        If the videos cannot be read, or do not fit each other.
    BadOptionError
        If the videos are too small for the network, or too large for the memory.
    """
    reporter = reporter or Reporter()
    videos = read_observed(plan, reporter)
    plan = for_videos(plan, videos)
    for sentence in introduction(plan, videos):
        reporter.say(sentence)
    shape = window_shape(plan, videos)
    model = make_model(plan, shape, len(videos))
    per_update = _seconds_per_update(model, plan, shape, len(videos))
    observed_bytes = sum(video.frames.nbytes for video in videos)
    at_once = videos_at_once(model, plan, shape, len(videos), observed_bytes)
    updates = plan.learn.iterations
    if plan.learn.time_budget is not None:
        learning = plan.learn.time_budget / (1 + plan.learn.calibration)
        possible = max(1, round(learning / per_update))
        updates = possible if updates is None else min(updates, possible)
    assert updates is not None  # a plan has at least one limit
    return Cost(
        plan,
        tuple(Input(str(video.source), video.frames.shape, video.fps, video.notes)
              for video in videos),
        memory_bytes(model, plan, shape, len(videos), observed_bytes, at_once),
        at_once or _in_an_update(plan, len(videos), shape, observed_bytes),
        per_update, updates, updates * per_update * (1 + plan.learn.calibration),
    )


def working_pixels(time_budget: float | None) -> int:
    """Return the number of pixels on which learning makes enough updates in so many seconds.

    It follows from the budget alone, not from a clock, so that one seed gives one result. Without a
    budget it is that of the usual one.
    """
    seconds = USUAL_BUDGET if time_budget is None else time_budget
    return max(FEWEST_PIXELS, round(PIXELS_A_SECOND * seconds))


def require_guessable(values: int, what: str, limit: int | None) -> None:
    """Refuse a video of so many values whose missing pixels cannot be guessed in memory.

    Raises
    ------
    BadOptionError
        If more is needed than `limit` bytes, or than this machine has if that is None.
    """
    needed, there = GUESS_BYTES * values, limit or physical_memory()
    if there is not None and needed > there:
        whose = "--memory allows" if limit else "this machine has"
        raise BadOptionError(
            f"To guess the missing pixels of {what} takes about {needed / 1e9:.2g} GB, and {whose} "
            f"{there / 1e9:.2g} GB. Use a smaller --size or fewer --frames."
        )


def memory_bytes(
    model: EnergyModel, plan: Plan, shape: tuple[int, int, int, int], videos: int,
    observed_bytes: int, at_once: int = 0,
) -> int:
    """Return the peak memory of learning, in bytes.

    The peak is the gradient of an update: it needs all that the network computes for the observed
    videos of the batch and their chains, or for `at_once` of them.
    """
    together = _in_an_update(plan, videos, shape, observed_bytes)
    passing = min(at_once or together, together)
    weights = sum(math.prod(weight.shape) for weight in model.weights) * 4
    video = math.prod(shape) * 4
    return int(
        BASE_BYTES
        + (WEIGHT_COPIES if passing == together else GROUPED_WEIGHT_COPIES) * weights
        # The videos are kept as read, and stacked for learning; larger ones lie in a file.
        + (2 * observed_bytes if observed_bytes <= HELD_BYTES else 0)
        + (0 if plan.learn.chain_store == "disk" else chain_bytes(plan, shape, videos))
        + together * HELD_COPIES * video
        + passing * passing_bytes(model, shape)
    )


def _in_an_update(
    plan: Plan, videos: int, shape: tuple[int, int, int, int], observed_bytes: int
) -> int:
    """Return the number of chains and windows in an update; a long video has a window per chain."""
    longer = observed_bytes > videos * math.prod(shape)
    windows = plan.learn.chains if longer else 1
    return min(plan.learn.batch, videos) * (windows + plan.learn.chains)


def videos_at_once(
    model: EnergyModel, plan: Plan, shape: tuple[int, int, int, int], videos: int,
    observed_bytes: int,
) -> int:
    """Return how many videos may pass the network together in `plan.learn.memory`; 0 is all.

    Raises
    ------
    BadOptionError
        If not even one video fits.
    """
    limit = plan.learn.memory

    def needed(at_once: int) -> int:
        return memory_bytes(model, plan, shape, videos, observed_bytes, at_once)

    if limit is None or needed(0) <= limit:
        return 0
    if needed(1) > limit:
        raise BadOptionError(
            f"--memory {limit / 1e9:.3g}GB is too little: {needed(1) / 1e9:.2g} GB are needed with "
            "one chain at a time. Raise it, or use a smaller --size, fewer --frames or --chains."
        )
    return 1 + (limit - needed(1)) // passing_bytes(model, shape)


def _seconds_per_update(
    model: EnergyModel, plan: Plan, shape: tuple[int, int, int, int], videos: int
) -> float:
    """Return the seconds of an update, from the time of one Langevin step of one chain.

    An update moves batch·chains chains by some steps. The gradient of the weights costs about one
    step for each of them and for each observed video.
    """
    batch = min(plan.learn.batch, videos)
    moved = batch * plan.learn.chains
    steps = moved * plan.langevin.steps + moved + batch
    return steps * _seconds_per_step(model, plan.langevin.step_size, shape)


def _seconds_per_step(
    model: EnergyModel, step_size: float, shape: tuple[int, int, int, int]
) -> float:
    video = model.draw_start((1, *shape), seed=0)
    _wait(langevin.sample(model, video, 1, step_size, seed=0))  # compiles and warms up
    trials = []
    for seed in (1, 2):
        began = time.perf_counter()
        _wait(langevin.sample(model, video, 1, step_size, seed=seed))
        trials.append(time.perf_counter() - began)
    return min(trials)


def _wait(video: tf.Tensor) -> None:
    """Wait for the result: a GPU computes in the background until a value is asked for."""
    float(tf.reduce_sum(video))
