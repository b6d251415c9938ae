"""Find frames that were lost: black ones, and frozen ones that repeat the frame before.

Frames are compared with the video around them: a black frame in the night, and a repeated one in a
video that stands still, are no damage. Videos are grey levels `uint8` (T, H, W, C); masks of pixels
that are not looked at are (T, H, W) bool; the results are (T,) bool.
"""

from __future__ import annotations

import numpy as np

DARK = 20.0  # highest level of a black frame, but for one pixel in a hundred
BRIGHT = 40.0  # lowest such level of the frames beside it
BRIGHTER = 3.0  # and how many times that of the black frame it is at least
STILL = 0.1  # share of the usual motion that a repeated frame has at most; codecs leave a little
SUDDEN = 5.0  # how many times as much the frames beside it move
WINDOW = 17  # number of frames that tell the usual motion
LEAST, GREATEST = 0.25, 2.0  # its bounds, as shares of the motion of the whole video
RUNS = 4  # the fewest repetitions that make a cadence
REGULAR = 0.8  # share of their distances that are alike, and of the video over which they go
MOST = 0.5  # with a larger share of repeated frames, a video stands still


def black_frames(video: np.ndarray, ignored: np.ndarray) -> np.ndarray:
    """Return which frames are nearly black, although the frames beside them are not.

    At the ends of a video one side suffices; frames of a fade are not black.
    """
    levels = np.array([_brightness(frame[~skip]) for frame, skip in
                       zip(video, ignored, strict=True)])
    black = np.zeros(len(video), np.bool_)
    for first, last in runs(levels <= DARK):
        beside = [levels[place] for place in (first - 1, last + 1) if 0 <= place < len(video)]
        needed = max(BRIGHT, BRIGHTER * levels[first : last + 1].max())
        black[first : last + 1] = bool(beside) and min(beside) >= needed
    return black


def frozen_frames(
    video: np.ndarray, ignored: np.ndarray, black: np.ndarray
) -> tuple[np.ndarray, str]:
    """Return which frames repeat the one before in the midst of motion, and a note if none may.

    The first frame of a repetition is not frozen, and black frames are not. Repetitions that reach
    an end of the video may be on purpose. If frames repeat in a regular cadence, as a conversion of
    the frame rate makes it, or most do, then none is frozen, and the note says why.
    """
    moved = _motion(video, ignored)
    moved[black] = np.inf
    moved[1:][black[:-1]] = np.inf
    usual = _usual(moved)
    still = (moved <= STILL * usual) & (usual > 0)
    frozen, nothing = np.zeros(len(video), np.bool_), np.zeros(len(video), np.bool_)
    found = [run for run in runs(still) if _amid_motion(moved, run)]
    for first, last in found:
        frozen[first : last + 1] = True
    repeated = int(frozen.sum())
    if _is_cadence([first for first, _ in found], len(video)):
        return nothing, (
            f"{repeated} frames repeat the one before in a regular cadence, as a conversion of the "
            "frame rate makes it (a lower --fps leaves them out); they are not taken for frozen"
        )
    if repeated > MOST * len(video):
        return nothing, (
            f"{repeated} of {len(video)} frames repeat the one before, so that the video mostly "
            "stands still; they are not taken for frozen"
        )
    return frozen, ""


def runs(chosen: np.ndarray) -> list[tuple[int, int]]:
    """Return the first and the last number of each run of True in (T,) bool."""
    edges = np.diff(np.concatenate([[0], chosen.astype(np.int8), [0]]))
    firsts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [(int(first), int(end) - 1) for first, end in zip(firsts, ends, strict=True)]


def _brightness(pixels: np.ndarray) -> float:
    """Return the level below which 99 % of pixels (n, C) are; of none, that of a bright frame."""
    return float(np.percentile(pixels.max(axis=-1), 99)) if len(pixels) else 255.0


def _motion(video: np.ndarray, ignored: np.ndarray) -> np.ndarray:
    """Return the mean difference of each frame from the one before, (T,); infinite if unknown."""
    moved = np.full(len(video), np.inf)
    for number in range(1, len(video)):
        seen = ~(ignored[number] | ignored[number - 1])
        if seen.any():
            now, before = (video[place][seen].astype(np.int16) for place in (number, number - 1))
            moved[number] = np.abs(now - before).mean()
    return moved


def _usual(moved: np.ndarray) -> np.ndarray:
    """Return the usual motion around each frame, (T,); repeated frames and outliers do not count.

    Up to three of four differences may be those of repeated frames, and one of four that of a cut
    or a flash; where these are more frequent, the motion of the whole video bounds it.
    """
    def of(differences: np.ndarray) -> float:
        known = differences[np.isfinite(differences)]
        if not len(known):
            return 0.0
        moving = known[known > STILL * np.percentile(known, 75)]
        return float(np.median(moving)) if len(moving) else 0.0

    half, whole = WINDOW // 2, of(moved)
    around = [of(moved[max(0, place - half) : place + half + 1]) for place in range(len(moved))]
    return np.clip(around, LEAST * whole, GREATEST * whole)


def _amid_motion(moved: np.ndarray, run: tuple[int, int]) -> bool:
    """Return whether a run of repeated frames begins and ends suddenly, inside of the video."""
    first, last = run
    if first < 2 or last + 1 >= len(moved):
        return False
    largest = moved[first : last + 1].max()
    return bool(min(moved[first - 1], moved[last + 1]) > SUDDEN * largest)


def _is_cadence(firsts: list[int], frames: int) -> bool:
    """Return whether repetitions that begin at `firsts` come regularly, over the whole video."""
    if len(firsts) < RUNS:
        return False
    gaps = np.diff(firsts)
    alike = {gap: np.mean((gaps == gap) | (gaps == gap + 1)) for gap in gaps.tolist()}
    gap = max(alike, key=lambda gap: alike[gap])
    covered = firsts[-1] - firsts[0] + 2 * (gap + 1)
    return bool(alike[gap] >= REGULAR and covered >= REGULAR * frames)
