"""Say what a plan chose, how to change it, and what in the videos speaks against it."""

from __future__ import annotations

from collections.abc import Sequence

from dynpat.runs.observed import chain_bytes, window_shape
from dynpat.runs.plan import Plan
from dynpat.videos import Video
from dynpat.videos.looks import BACKGROUND, RETURNS, Look, look_at
from dynpat.videos.model import size_text

MOST_LOOKED_AT = 4  # of many videos the first ones are looked at: a third of a second each
MOST_CUTS = 3  # cuts that are named


def introduction(plan: Plan, videos: list[Video]) -> list[str]:
    """Say what will be learned and how to change it, and warn of what will not be learned well.

    Parameters
    ----------
    plan : Plan
        The plan to learn, with all that depends on the videos resolved.
    videos : list of Video
        The videos as they will be learned.

    Returns
    -------
    list of str
        The choices in one sentence; then a sentence for each cut video, each moving camera, and for
        the pattern if the videos look like another one.
    """
    seen = videos[:MOST_LOOKED_AT]
    looks = [look_at(video.frames) for video in seen]
    sentences = [_choices(plan, videos), *_about_the_chains(plan, videos)]
    for video, look in zip(seen, looks, strict=True):
        sentences += _about_the_shot(plan, video, look)
    return [*sentences, *_about_the_pattern(plan, seen, looks)]


def _choices(plan: Plan, videos: list[Video]) -> str:
    """Say the choices of a plan and the options that change them, in one line."""
    window, height, width, _ = window_shape(plan, videos)
    frames = len(videos[0].frames)
    many = f" from {len(videos)} videos" if len(videos) > 1 else ""
    windows = f" in windows of {window}" if window < frames else ""
    return (
        f"Learning {_named(plan.pattern)}{many}: {size_text(height, width)} pixels, "
        f"{frames} frames{windows}, {_limits(plan)}. To change it: --pattern, --size, --frames, "
        "--window, --time-budget."
    )


def _about_the_chains(plan: Plan, videos: list[Video]) -> list[str]:
    """Say where chains lie if they are in files."""
    if plan.learn.chain_store != "disk":
        return []
    size = chain_bytes(plan, window_shape(plan, videos), len(videos)) / 1e9
    return [
        f"The chains ({size:.2g} GB) lie in files of the run folder, and up to eight states of "
        "each are kept for its checkpoints. To change it: --chain-store, --chains, --size."
    ]


def _limits(plan: Plan) -> str:
    """Say when learning ends."""
    updates, seconds = plan.learn.iterations, plan.learn.time_budget
    ends = [] if updates is None else [f"{updates} update{'s' * (updates != 1)}"]
    if seconds is not None:
        minutes = f"{seconds / 60:.3g} minutes" if seconds >= 120 else f"{seconds:.3g} seconds"
        ends.append(minutes)
    return f"for {' or '.join(ends)}"


def _about_the_shot(plan: Plan, video: Video, look: Look) -> list[str]:
    """Warn of cuts and of a moving camera."""
    if look.cuts:
        places = [str(plan.reading.start + cut) for cut in look.cuts]
        more = f" and {len(places) - MOST_CUTS} more" if len(places) > MOST_CUTS else ""
        return [
            f"{video.name} seems to have a cut before frame {', '.join(places[:MOST_CUTS])}{more}: "
            "the model would mix its shots. Learn one of them, such as --frames "
            f"{look.cuts[0]} for the first or --start {places[-1]} for the last."
        ]
    if look.shift and plan.pattern != "texture" and not look.alike:
        return [
            f"The whole picture of {video.name} moves, by about {look.shift:.1f} pixels from frame "
            f"to frame: the camera seems to move, and in {_named(plan.pattern)} each place has its "
            "own look. Steady the video first, or give a part in which the camera rests (--start, "
            "--frames)."
        ]
    return []


def _about_the_pattern(plan: Plan, videos: Sequence[Video], looks: Sequence[Look]) -> list[str]:
    """Name the pattern that more than half of the videos look like, if it is another one."""
    reasons = [
        (video, *found)
        for video, look in zip(videos, looks, strict=True)
        if not look.cuts and (found := _likely(plan.pattern, look))
    ]
    if 2 * len(reasons) <= len(videos):
        return []
    video, pattern, reason = reasons[0]
    return [f"{video.name} looks like {_named(pattern)}: {reason} Try --pattern {pattern}."]


def _likely(pattern: str, look: Look) -> tuple[str, str] | None:
    """Return the pattern that a video looks like if it is not `pattern`, and the reason."""
    if look.alike and pattern == "scene":
        return "texture", (
            "all its places look alike over time. Samples of a texture have any size and length."
        )
    if look.still >= BACKGROUND and pattern == "texture":
        return "scene", (
            f"{100 * look.still:.0f} % of its pixels stand still. A texture has no fixed places; "
            "its samples would have the background anywhere."
        )
    if look.drift > RETURNS and not look.shift and pattern != "action":
        return "action", (
            f"its end differs from its beginning {look.drift:.1f} times as much as frames near "
            "each other do, so that it does not return to what it showed."
        )
    return None


def _named(pattern: str) -> str:
    return f"an {pattern}" if pattern == "action" else f"a {pattern}"
