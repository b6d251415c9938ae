"""Every seed that is derived from another: which stream of random numbers has which.

A run has one seed, and all that is drawn in it is a function of that seed and of what is counted:
updates, videos, chains, steps. Each function below is one stream. Those of learning get numbers
that Python knows or tensors of int64, and give what they get; pairs are those of TensorFlow's
stateless operations. Other numbers here would change what comes of a given seed.
"""

from __future__ import annotations

from typing import Any

# Numbers: Python's, or int64 tensors. Each stream gives numbers of the kind that it is given.
UPDATES = 1_000_003  # apart are the noises of chains in the updates of neighbouring seeds
PARTS = 100_003  # the parts of a chain
VIDEOS = 10_007  # the videos of a seed
LAYERS = 101  # the weights of a network's layers
MOST_NUMBERS = 2**24  # of chains, or of windows, in an update

# What keeps the streams of learning apart: added to the seed, or beside it.
SHIFT = 0x5F1
GRAIN = 0x67A
RENEWAL = 0x1F3
VELOCITY = 0x7E1
FILLS = 0xF111
START = 0x5EED
VISIBLE = 0x6A1
# In the seeds of NumPy's generators.
HIDDEN, TEXTURE, CONDITIONAL, COURSE = 0x0CA1, 0x7E87, 0xD7A3, 1
CALIBRATION = 987_654_321  # far from the seeds that users choose


# The weights.


def of_layer(seed: int, layer: int) -> int:
    """The first weights of a layer."""
    return seed * LAYERS + layer


# Learning.


def order(seed: Any, epoch: Any) -> tuple[Any, Any]:
    """The order of the observed videos in an epoch; it is shuffled, and draws no numbers."""
    return seed, epoch


def windows(seed: Any, update: Any) -> tuple[Any, Any]:
    """Where the windows of an update begin."""
    return seed, update


def of_slot(seed: int, slot: int) -> int:
    """Where the chains of a slot start."""
    return seed * VIDEOS + slot


def velocity(seed: int) -> tuple[int, int]:
    """The first velocities of chains."""
    return seed, VELOCITY


def chains(seed: Any, update: Any) -> Any:
    """The Langevin steps of the chains in an update, see `step`."""
    return seed * UPDATES + update


def fills(of_chains: Any) -> Any:
    """Those of the missing pixels in an update, from the chains'."""
    return of_chains + FILLS


def grain(seed: Any, update: Any) -> tuple[Any, Any]:
    """The noise on the observed windows of an update, see `numbered`."""
    return seed + GRAIN, update


def grain_of_fills(of_chains: Any) -> tuple[Any, int]:
    """The noise on visible pixels while missing ones move: before their first step."""
    return fills(of_chains), -1


def renewal(seed: Any, update: Any) -> tuple[Any, Any]:
    """Which chains start again in an update."""
    return seed + RENEWAL, update


def anew(seed: Any, update: Any) -> tuple[Any, Any]:
    """Where they start, see `numbered`."""
    return seed + RENEWAL + 1, update + 1


def shift(seed: Any, update: Any) -> tuple[Any, Any]:
    """How the grid of f is shifted when the weights move."""
    return seed + SHIFT, update


# Langevin chains, of learning as of sampling.


def step(of_chain: Any, number: Any) -> tuple[Any, Any]:
    """A Langevin step of a chain: its noise, and the shift of the grid through which f is seen."""
    return of_chain, number


def numbered(second: Any, numbers: Any) -> Any:
    """The second seeds of things with numbers, of which the first seed is one."""
    return second * MOST_NUMBERS + numbers


# Sampling.


def of_video(seed: int, video: int) -> int:
    """A new video of a seed: where it starts, and its chain. It starts as a slot of learning."""
    return seed * VIDEOS + video


def start(of_chain: int) -> tuple[int, int]:
    """The white noise from which chains start."""
    return of_chain, START


def part(of_chain: int, number: int) -> int:
    """The part of a chain that begins at a step, or the state of that number; see `step`."""
    return of_chain * PARTS + number


def block(of_chain: int, number: int, place: int) -> tuple[int, int]:
    """The noise of a block of a large video at a step."""
    return part(of_chain, number), place


def calibration(round_: int) -> int:
    """The samples by which a learned model's means are set right, in a round."""
    return CALIBRATION + round_


# Recovery.


def visible(of_state: int) -> tuple[int, int]:
    """The noise on the visible pixels beside a state of the chain of missing ones."""
    return of_state, VISIBLE


def judging(seed: int) -> int:
    """The chain by which estimates are judged on hidden known pixels."""
    return seed + 1


def hidden(seed: int) -> list[int]:
    """Which known pixels are hidden to judge guesses by."""
    return [HIDDEN, seed]


def texture(seed: int) -> list[int]:
    """The noise that a guess gets."""
    return [TEXTURE, seed]


def conditional(seed: int) -> list[int]:
    """The draw of missing pixels given the visible ones."""
    return [CONDITIONAL, seed]


def mask(seed: int, video: int) -> int:
    """The mask that is drawn for a video."""
    return seed + video


# The embedded videos.


def course(seed: int) -> list[int]:
    """The course of the boat, beside the sea that has the seed itself."""
    return [seed, COURSE]
