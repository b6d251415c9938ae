"""The observed videos of a run, read as its plan says, and what of them is learned at once."""

from __future__ import annotations

from dataclasses import asdict

from dynpat.config import require
from dynpat.errors import BadOptionError
from dynpat.reporter import Reporter
from dynpat.runs.plan import Plan
from dynpat.videos import Video, read_videos

DEFAULT_WINDOW = 24  # number of frames learned at once; networks see hardly more together
DEFAULT_PIXELS = 100 * 100  # the size of the videos in the paper


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
