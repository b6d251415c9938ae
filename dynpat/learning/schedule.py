"""What the settings leave open until the videos are known, and the learning rate of an update."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from dynpat.config import LearnConfig

MOVED = 3  # chains that an update moves, about
PIXELS = 100 * 100  # of pictures for which
RATE = 4e-4  # is the rate where none is given;
MOST = 1e-3  # smaller ones learn faster, up to this
RATE_CUT = 0.5  # each rollback halves the learning rate


def usual_chains(config: LearnConfig, videos: int) -> int:
    """How many chains each of so many observed videos has, where the settings leave it open.

    An update moves about `MOVED` chains: more updates with fewer chains lead farther in the same
    time.
    """
    return config.chains or max(1, MOVED // min(config.batch, videos))


def settled(
    config: LearnConfig, videos: int, size: Sequence[int], devices: int = 1
) -> LearnConfig:
    """The settings with what they leave open: the number of chains, and the learning rate.

    Parameters
    ----------
    videos, size
        How many observed videos there are, and the (H, W) of their pictures.
    devices
        Each of them has as many chains.
    """
    chains = config.chains
    if not chains:
        chains = -(-usual_chains(config, videos) // devices) * devices
    return replace(config, chains=chains, learning_rate=usual_rate(config, size))


def usual_rate(config: LearnConfig, size: Sequence[int]) -> float:
    """The peak rate for pictures of (H, W): where it is left open, less for larger ones.

    A layer that covers all of space has as many inputs as there are pixels, and an update moves
    what it gives by as many times the rate: chains could not follow.
    """
    return config.learning_rate or min(MOST, RATE * PIXELS / math.prod(size))


def learning_rate(
    config: LearnConfig, update: int, fraction: float, rollbacks: int, gap: float
) -> float:
    """Cosine decay from the peak to the final rate, halved at each rollback.

    With `half_after` h it also falls as 1 / (1 + update/h): the sum of all rates is infinite and
    that of their squares is not, so that chance moves weights only so far however long learning
    takes (Robbins and Monro 1951). With `calm` it waits for chains that lag behind the weights: in
    equilibrium the gap f(observed) − f(synthesised) is 0.

    Parameters
    ----------
    update
        Updates done.
    fraction
        How much of learning is done, 0 … 1.
    rollbacks
        How often learning went back to a checkpoint.
    gap
        Running mean of the gap, per value.
    """
    peak, final = config.learning_rate, config.final_learning_rate
    rate = final + (peak - final) * 0.5 * (1 + math.cos(math.pi * fraction))
    rate *= RATE_CUT**rollbacks
    if config.half_after:
        rate /= 1 + update / config.half_after
    if config.calm:
        rate *= config.calm / max(abs(gap), config.calm)
    return rate
