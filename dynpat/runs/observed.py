"""The observed videos of a run, read as its plan says, and what of them is learned at once."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

from dynpat.config import require
from dynpat.devices import physical_memory
from dynpat.errors import BadOptionError
from dynpat.learning.chains import MOST_SLOTS
from dynpat.learning.schedule import settled
from dynpat.reporter import Reporter
from dynpat.runs.plan import Plan
from dynpat.videos import Video, read_videos

DEFAULT_WINDOW = 24  # number of frames learned at once; networks see hardly more together
DEFAULT_PIXELS = 100 * 100  # the size of the videos in the paper
MOST_OF_MEMORY = 0.5  # the largest share of the memory for chains; larger ones lie in files


def read_observed(plan: Plan, reporter: Reporter, pixels: int = DEFAULT_PIXELS) -> list[Video]:
    """Read the videos of a plan, and report every change of them.

    Pictures of more than `pixels` pixels shrink to about that many, unless the plan has a size.
    """
    videos = read_videos(
        list(plan.videos), at_most=plan.at_most, pixels=pixels, **asdict(plan.reading)
    )
    for video in videos:
        for note in video.notes:
            reporter.say(f"{video.name}: {note}")
    length = len(videos[0].frames)
    require(length >= 2, f"'{videos[0].source}'", "have at least 2 frames", length,
            "Give a longer video")
    return videos


def window_shape(plan: Plan, videos: list[Video]) -> tuple[int, int, int, int]:
    """Return the shape (T, H, W, C) of what the model learns at once.

    Patterns that are stationary in time are learned in short windows: there are more updates, and
    no frame's place in time can be learned by heart.
    """
    length, *picture = videos[0].frames.shape
    bound = plan.pattern == "action" or plan.preset == "paper"
    window = plan.window or (length if bound else min(length, DEFAULT_WINDOW))
    if window > length:
        raise BadOptionError(
            f"--window {window} is longer than the videos, which have {length} frames here. "
            "Lower --window or raise --frames."
        )
    return (window, *picture)  # type: ignore[return-value]


def for_videos(plan: Plan, videos: list[Video], devices: int = 1, workers: int = 1) -> Plan:
    """Return the plan with what it leaves open until the videos are known.

    Several `devices`, of as many processes as there are `workers`, learn together. The result of
    learning does not depend on where chains lie.

    Raises
    ------
    BadOptionError
        If the plan wants chains in files, and there are several processes, or an update moves more
        of them than fit into memory.
    """
    plan = replace(
        plan, learn=settled(plan.learn, len(videos), videos[0].frames.shape[1:3], devices)
    )
    store = plan.learn.chain_store
    require(store != "disk" or workers == 1, "--chain-store disk", "have one process",
            f"--strategy multiworker with {workers}", "Use --chain-store memory")
    shape, most = window_shape(plan, videos), MOST_OF_MEMORY * (_memory(plan) or math.inf)
    # Chains that move together are in memory together, wherever they lie between updates.
    moved = chain_bytes(plan, shape, min(plan.learn.batch, len(videos)))
    require(store != "disk" or moved <= most, "--chain-store disk",
            f"have at most {most / 1e9:.2g} GB of chains in an update", f"{moved / 1e9:.2g} GB",
            "Lower --chains or --batch")
    if store == "auto":
        # Several processes share their chains, and a restored video is in memory all the same.
        possible = workers == 1 and plan.task == "learn" and moved <= most
        large = chain_bytes(plan, shape, len(videos)) > most
        store = "disk" if possible and large else "memory"
    return replace(plan, learn=replace(plan.learn, chain_store=store))


def _memory(plan: Plan) -> int | None:
    """Return the bytes of memory that a plan may take; None if nothing limits them."""
    return plan.learn.memory or physical_memory()


def chain_bytes(plan: Plan, shape: tuple[int, int, int, int], videos: int) -> int:
    """Return how many bytes the chains, of `shape` each, and their velocities take."""
    states = 1 + (plan.langevin.momentum > 0)
    return min(videos, MOST_SLOTS) * plan.learn.chains * states * math.prod(shape) * 4
