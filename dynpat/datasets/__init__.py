"""Small example videos that code renders from a seed, at any size and length.

Five scenes cover the cases that dynpat models: `ocean` is stationary in space and time,
`flames` is stationary in time only, `lights` differ from seed to seed around one theme,
`runner` is a cyclic movement without any stationarity, and `boat` hides a part of an ocean
behind a moving boat and tells what was behind it. No file is read and nothing is fetched: the
same seed gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable

from dynpat.datasets._boat import BoatScene, boat
from dynpat.datasets._common import Video
from dynpat.datasets._flames import flames
from dynpat.datasets._lights import lights
from dynpat.datasets._ocean import ocean
from dynpat.datasets._runner import runner
from dynpat.errors import BadOptionError

__all__ = [
    "FRAMES_PER_SECOND",
    "NAMES",
    "BoatScene",
    "boat",
    "flames",
    "lights",
    "ocean",
    "render",
    "runner",
]

FRAMES_PER_SECOND = 25.0


def _boat_video(frames: int = 70, size: tuple[int, int] = (100, 100), seed: int = 0) -> Video:
    """Return the video of `boat` alone, so that every scene has the same signature."""
    return boat(frames, size, seed).video


_SCENES: dict[str, Callable[..., Video]] = {
    "ocean": ocean,
    "flames": flames,
    "lights": lights,
    "runner": runner,
    "boat": _boat_video,
}

NAMES: tuple[str, ...] = tuple(_SCENES)


def render(
    name: str,
    frames: int | None = None,
    size: tuple[int, int] | None = None,
    seed: int = 0,
) -> Video:
    """Render the scene called `name`.

    Parameters
    ----------
    name : str
        One of `NAMES`; ``"boat"`` gives the video with the boat in it.
    frames : int or None
        Number of frames T, at 25 frames a second; None takes the scene's own default.
    size : tuple of int or None
        Height and width (H, W) in pixels; None takes 100 x 100.
    seed : int
        Seed of everything random in the scene.

    Returns
    -------
    ndarray of uint8, shape (T, H, W, 3)
        RGB frames, grey levels 0..255.

    Raises
    ------
    BadOptionError
        If the name is unknown, or the frames, the size or the seed is out of range.
    """
    if name not in _SCENES:
        raise BadOptionError(
            f"there is no embedded video called {name!r}: choose one of {', '.join(NAMES)}"
        )
    options: dict[str, object] = {"seed": seed}
    if frames is not None:
        options["frames"] = frames
    if size is not None:
        options["size"] = size
    return _SCENES[name](**options)
