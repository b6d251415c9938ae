"""What a plan will cost in memory and time, before it is started."""

from __future__ import annotations

import math
import time
from typing import Any

import tensorflow as tf

from dynpat import langevin
from dynpat.layers import StridedConv3D, fold_pays
from dynpat.models import EnergyModel
from dynpat.planning import read_observed, window_shape
from dynpat.reporter import Reporter
from dynpat.runs import Plan, make_model

BASE_BYTES = 700_000_000  # Python, TensorFlow and its graphs, with a tiny video
WEIGHT_COPIES = 4  # the weights, their gradient and Adam's two moments
GRADIENT_BYTES = 4
VALUE_BYTES = {"float32": 4, "bfloat16": 6}  # bfloat16 kernels of CPUs work on float32 copies
# Scratch space of the convolutions and copies before and after an activation; with it the
# estimates lie within a fifth of what was measured for all patterns and presets.
SCRATCH = 2


def estimate(plan: Plan, reporter: Reporter | None = None) -> dict[str, Any]:
    """What a run will cost: memory from the sizes inside the network, time from a trial.

    Parameters
    ----------
    plan
        From `make_plan`; its videos are read.
    reporter
        Told what is changed about the videos on the way in.

    Returns
    -------
    dict
        `plan`, `inputs`, `memory_bytes` at the peak, `seconds_per_update`, and for the whole run
        `updates` and `seconds`.

    Raises
    ------
    DynpatError
        The videos cannot be read, or do not fit the network.
    """
    videos = read_observed(plan, reporter or Reporter())
    shape = window_shape(plan, videos)
    model = make_model(plan, shape, len(videos))
    per_update = _seconds_per_update(model, plan, shape, len(videos))
    updates = plan.learn.iterations
    if plan.learn.time_budget is not None:
        possible = max(1, round(plan.learn.time_budget / per_update))
        updates = possible if updates is None else min(updates, possible)
    assert updates is not None  # a plan has at least one limit
    return {
        "plan": plan.to_dict(),
        "inputs": [
            {"source": str(video.source), "shape": list(video.frames.shape), "fps": video.fps,
             "notes": list(video.notes)}
            for video in videos
        ],
        "memory_bytes": memory_bytes(
            model, plan, shape, len(videos), sum(video.frames.nbytes for video in videos)
        ),
        "seconds_per_update": per_update,
        "updates": updates,
        "seconds": updates * per_update,
    }


def memory_bytes(
    model: EnergyModel, plan: Plan, shape: tuple[int, int, int, int], videos: int,
    observed_bytes: int,
) -> int:
    """Peak memory of learning, in bytes.

    The peak is the gradient of an update: it holds what the network computes for the observed
    videos of the batch and all their chains at once.
    """
    batch = min(plan.learn.batch, videos)
    at_once = batch * (1 + plan.learn.chains)
    weights = sum(math.prod(weight.shape) for weight in model.weights) * 4
    chains = videos * plan.learn.chains * math.prod(shape) * 4
    return int(
        BASE_BYTES
        + WEIGHT_COPIES * weights
        + chains
        + 2 * observed_bytes  # as read, and stacked for learning
        + at_once * activation_bytes(model, shape)
    )


def activation_bytes(model: EnergyModel, shape: tuple[int, int, int, int]) -> int:
    """What one video (T, H, W, C) keeps alive inside the network, in bytes."""
    total = 2 * GRADIENT_BYTES * math.prod(shape)  # the video and its gradient, float32
    current: tuple[Any, ...] = (1, *shape)
    for layer in model.network:
        width = VALUE_BYTES[model.get_config()["precision"]]
        if isinstance(layer, StridedConv3D) and fold_pays(
            layer.strides, layer.kernel_size, int(current[-1])
        ):
            # The padded video and its blocks each hold all values once more.
            total += 2 * (width + GRADIENT_BYTES) * math.prod(current)
        current = tuple(layer.compute_output_shape(current))
        total += (width + GRADIENT_BYTES) * math.prod(current)
    return SCRATCH * total


def _seconds_per_update(
    model: EnergyModel, plan: Plan, shape: tuple[int, int, int, int], videos: int
) -> float:
    """From the time of one Langevin step of one chain.

    An update moves batch·chains chains by so many steps, and the gradient of the weights costs
    about one step for each of them and each observed video.
    """
    batch = min(plan.learn.batch, videos)
    moved = batch * plan.learn.chains
    steps = moved * plan.langevin.steps + moved + batch
    return steps * _seconds_per_step(model, plan.langevin.step_size, shape)


def _seconds_per_step(
    model: EnergyModel, step_size: float, shape: tuple[int, int, int, int]
) -> float:
    video = model.draw_start((1, *shape), seed=0)
    _wait(langevin.sample(model, video, 1, step_size, seed=0))  # traces and warms up
    trials = []
    for seed in (1, 2):
        began = time.perf_counter()
        _wait(langevin.sample(model, video, 1, step_size, seed=seed))
        trials.append(time.perf_counter() - began)
    return min(trials)


def _wait(video: tf.Tensor) -> None:
    """Computation on a GPU goes on in the background until a value is asked for."""
    float(tf.reduce_sum(video))
