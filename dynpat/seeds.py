"""Every seed that is derived from another: each function is one stream of random numbers.

A run has one seed. All its random numbers depend only on that seed and on counters: of updates,
videos, chains and steps. The functions of learning take numbers of Python or tensors of int64, and
return the same kind; pairs are seeds of TensorFlow's stateless operations. If a number here
changes, the result of every seed changes.
"""

from __future__ import annotations

from typing import Any

# Arguments are numbers of Python or int64 tensors, and results are of the same kind.
UPDATES = 1_000_003  # distance between the chains' noise of neighbouring seeds, in updates
PARTS = 100_003  # distance between the parts of neighbouring chains
VIDEOS = 10_007  # distance between the videos of neighbouring seeds
LAYERS = 101  # distance between the layers of neighbouring seeds
MOST_NUMBERS = 2**24  # the most chains, or windows, in an update

# These numbers keep the streams of learning apart; they are added to the seed, or beside it.
SHIFT = 0x5F1
GRAIN = 0x67A
RENEWAL = 0x1F3
VELOCITY = 0x7E1
FILLS = 0xF111
START = 0x5EED
VISIBLE = 0x6A1
AROUND = 0xA40D
# These numbers are parts of the seeds of NumPy's generators.
HIDDEN, TEXTURE, CONDITIONAL, COURSE, DAMAGE = 0x0CA1, 0x7E87, 0xD7A3, 1, 0xDA3
CALIBRATION = 987_654_321  # far from the seeds that users choose


# Streams of the weights.


def of_layer(seed: int, layer: int) -> int:
    """Return the seed of the first weights of a layer."""
    return seed * LAYERS + layer


# Streams of learning.


def order(seed: Any, epoch: Any) -> tuple[Any, Any]:
    """Return the seed of the order of the observed videos in an epoch, which is shuffled."""
    return seed, epoch


def windows(seed: Any, update: Any) -> tuple[Any, Any]:
    """Return the seed of the places where the windows of an update begin."""
    return seed, update


def of_slot(seed: int, slot: int) -> int:
    """Return the seed of the noise from which the chains of a slot start."""
    return seed * VIDEOS + slot


def velocity(seed: int, slot: int) -> tuple[int, int]:
    """Return the seed of the first velocities of the chains of a slot."""
    return of_slot(seed, slot), VELOCITY


def chains(seed: Any, update: Any) -> Any:
    """Return the seed of the Langevin steps of the chains in an update; see `step`."""
    return seed * UPDATES + update


def fills(of_chains: Any) -> Any:
    """Return the seed of the Langevin steps of the missing pixels in an update."""
    return of_chains + FILLS


def grain(seed: Any, update: Any) -> tuple[Any, Any]:
    """Return the seed of the noise on the observed windows of an update; see `numbered`."""
    return seed + GRAIN, update


def grain_of_fills(of_chains: Any) -> tuple[Any, int]:
    """Return the seed of the noise on visible pixels while missing ones move."""
    return fills(of_chains), -1


def renewal(seed: Any, update: Any) -> tuple[Any, Any]:
    """Return the seed that selects the chains which start again in an update."""
    return seed + RENEWAL, update


def anew(seed: Any, update: Any) -> tuple[Any, Any]:
    """Return the seed of the noise from which they start; see `numbered`."""
    return seed + RENEWAL + 1, update + 1


def shift(seed: Any, update: Any) -> tuple[Any, Any]:
    """Return the seed of the shift of f's grid when the weights move."""
    return seed + SHIFT, update


# Streams of Langevin chains, for learning and sampling.


def step(of_chain: Any, number: Any) -> tuple[Any, Any]:
    """Return the seed of a Langevin step: of its noise, and of the shift of f's grid."""
    return of_chain, number


def numbered(second: Any, numbers: Any) -> Any:
    """Return the second seeds of numbered things, whose first seed is the same."""
    return second * MOST_NUMBERS + numbers


# Streams of sampling.


def of_video(seed: int, video: int) -> int:
    """Return the seed of a new video: of its start, and of its chain."""
    return seed * VIDEOS + video


def start(of_chain: int) -> tuple[int, int]:
    """Return the seed of the white noise from which chains start."""
    return of_chain, START


def part(of_chain: int, number: int) -> int:
    """Return the seed of the part of a chain that begins at a step; see `step`."""
    return of_chain * PARTS + number


def block(of_chain: int, number: int, place: int) -> tuple[int, int]:
    """Return the seed of the noise of a block of a large video at a step."""
    return part(of_chain, number), place


def calibration(round_: int) -> int:
    """Return the seed of the samples in a round of calibration."""
    return CALIBRATION + round_


# Streams of recovery.


def visible(of_state: int) -> tuple[int, int]:
    """Return the seed of the noise on visible pixels beside a state of the missing ones."""
    return of_state, VISIBLE


def judging(seed: int) -> int:
    """Return the seed of the chain by which estimates are judged on hidden known pixels."""
    return seed + 1


def hidden(seed: int) -> list[int]:
    """Return the seed that selects the known pixels to hide, by which guesses are judged."""
    return [HIDDEN, seed]


def texture(seed: int) -> list[int]:
    """Return the seed of the noise that is added to a guess."""
    return [TEXTURE, seed]


def conditional(seed: int) -> list[int]:
    """Return the seed of a draw of missing pixels given the visible ones."""
    return [CONDITIONAL, seed]


def around(seed: int) -> int:
    """Return the seed of the draw around the mean estimate, unlike that from which chains start."""
    return seed + AROUND


def mask(seed: int, video: int) -> int:
    """Return the seed of the mask that is drawn for a video."""
    return seed + video


# Streams of the embedded videos.


def course(seed: int) -> list[int]:
    """Return the seed of the course of the boat; the sea beside it has the seed itself."""
    return [seed, COURSE]


def damage(seed: int) -> list[int]:
    """Return the seed of the damage that is done to an embedded video."""
    return [DAMAGE, seed]
