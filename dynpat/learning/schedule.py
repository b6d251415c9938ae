"""What the settings leave open until the videos are known, and the learning rate of an update."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from dynpat.config import LearnConfig

MOVED = 3  # the usual number of chains that an update moves
PIXELS = 100 * 100  # pixels of the pictures for which `RATE` is the usual rate
RATE = 6e-5  # smaller pictures have a larger rate
MOST = 2e-4  # the largest usual rate
RATE_CUT = 0.5  # each rollback halves the learning rate


def usual_chains(config: LearnConfig, videos: int) -> int:
    """Return how many chains each of `videos` observed videos has, if the settings leave it open.

    An update moves about `MOVED` chains: more updates with fewer chains get farther in the same
    time.
    """
    return config.chains or max(1, MOVED // min(config.batch, videos))


def settled(
    config: LearnConfig, videos: int, size: Sequence[int], devices: int = 1
) -> LearnConfig:
    """Return the settings with the number of chains and the rate that they leave open.

    `videos` is the number of observed videos, `size` the (H, W) of their pictures, and each of
    `devices` has as many chains.
    """
    chains = config.chains
    if not chains:
        chains = -(-usual_chains(config, videos) // devices) * devices
    return replace(config, chains=chains, learning_rate=usual_rate(config, size))


def usual_rate(config: LearnConfig, size: Sequence[int]) -> float:
    """Return the peak rate for pictures of (H, W); if it is left open, large pictures get less.

    A layer that covers all of space has as many inputs as there are pixels. The same rate changes
    its output more for larger pictures, and chains could not follow.
    """
    return config.learning_rate or min(MOST, RATE * PIXELS / math.prod(size))


def learning_rate(
    config: LearnConfig, update: int, fraction: float, rollbacks: int, gap: float
) -> float:
    """Return the learning rate: a cosine decay from peak to final rate, halved at each rollback.

    With `half_after` h the rate is also divided by 1 + update/h. The sum of all rates is then
    infinite and the sum of their squares is not, so that chance moves the weights only so far
    however long learning takes (Robbins and Monro 1951). With `calm` the rate falls while chains
    lag behind the weights; in equilibrium the gap f(observed) − f(synthesised) is 0.

    Parameters
    ----------
    config : LearnConfig
        The settings of learning.
    update : int
        The number of updates done.
    fraction : float
        How much of learning is done, from 0 to 1.
    rollbacks : int
        How often learning went back to a checkpoint.
    gap : float
        The moving average of the gap, per value.

    Returns
    -------
    float
        The learning rate of the next update.
    """
    peak, final = config.learning_rate, config.final_learning_rate
    rate = final + (peak - final) * 0.5 * (1 + math.cos(math.pi * fraction))
    rate *= RATE_CUT**rollbacks
    if config.half_after:
        rate /= 1 + update / config.half_after
    if config.calm:
        rate *= config.calm / max(abs(gap), config.calm)
    return rate
