"""An opened video: a stream of pictures that are converted only when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np


class DamagedError(Exception):
    """The rest of a video cannot be decoded; the pictures before it were given out.

    It does not leave this package: the reader turns it into a `BadVideoError` that knows how many
    frames were still needed.
    """


@dataclass(frozen=True)
class Picture:
    """One picture of a clip, not yet converted.

    Attributes
    ----------
    name : str
        How messages call it, such as "'b.png'" or "frame 12".
    time : float
        Moment at which it is shown, in seconds.
    load : callable
        Gives the picture as `uint8` array (H, W, 3).
    """

    name: str
    time: float
    load: Callable[[], np.ndarray]


@dataclass
class Clip:
    """An opened video file or frame folder.

    Attributes
    ----------
    height, width : int
        Size of a picture in pixels, as announced before decoding.
    fps : float
        Its own frame rate, in frames per second.
    count : int or None
        Announced number of frames; None if unknown.
    timed : bool
        Whether the pictures carry times of their own, so that a resampling in time makes sense.
    pictures : iterator of Picture
        In the order of presentation; raises `DamagedError` where decoding breaks off.
    notes : list of str
        Filled while pictures are loaded.
    """

    height: int
    width: int
    fps: float
    count: int | None
    timed: bool
    pictures: Iterator[Picture]
    notes: list[str] = field(default_factory=list)


def over_black(rgba: np.ndarray) -> np.ndarray:
    """Lay a partly transparent picture over black.

    Parameters
    ----------
    rgba : ndarray
        `uint8` (H, W, 4), the last channel is the opacity.

    Returns
    -------
    ndarray
        `uint8` (H, W, 3).
    """
    opacity = rgba[..., 3:].astype(np.uint16)
    # +127 rounds to the nearest level; opaque pixels come out unchanged.
    return ((rgba[..., :3] * opacity + 127) // 255).astype(np.uint8)


def resampled(pictures: Iterator[Picture], own_fps: float, fps: float) -> Iterator[Picture]:
    """Resample a clip in time: at each tick of the new rate, the nearest picture.

    Parameters
    ----------
    pictures : iterator of Picture
        In the order of presentation.
    own_fps : float
        The clip's rate in frames per second; says how long the last picture is shown.
    fps : float
        The wanted rate in frames per second.

    Yields
    ------
    Picture
        Pictures of the clip, some dropped, some repeated.
    """
    before = next(pictures, None)
    if before is None:
        return
    # Ticks count from the first picture, because many files do not begin at time zero.
    begin = before.time
    tick = 0
    # A quarter of a tick is far above rounding errors and far below one frame.
    slack = 0.25 / max(fps, own_fps)
    damage: DamagedError | None = None
    try:
        for after in pictures:
            middle = (before.time + after.time) / 2
            while begin + tick / fps <= middle + slack * 1e-3:
                yield before
                tick += 1
            before = after
    except DamagedError as error:
        damage = error  # the last good picture is still to be given out
    end = before.time + 1 / own_fps
    while tick == 0 or begin + tick / fps < end - slack:
        yield before
        tick += 1
    if damage is not None:
        raise damage
