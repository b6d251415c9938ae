"""Make videos from arrays in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dynpat.errors import BadVideoError
from dynpat.videos.levels import to_levels
from dynpat.videos.model import Video

RATE = 25.0  # frames per second of an array, unless another rate is given


def as_videos(item: Video | np.ndarray, fps: float | None = None) -> list[Video]:
    """Return the videos in an array; a video is returned as it is.

    Parameters
    ----------
    item : Video or ndarray
        A video, or finite grey levels 0 … 255 of shape (T, H, W, C) or (N, T, H, W, C) with C = 1
        or 3. Levels that are not whole numbers are rounded.
    fps : float or None
        The frames per second of an array, by default 25.

    Returns
    -------
    list of Video
        One video for each of the N arrays.

    Raises
    ------
    BadVideoError
        If the axes, the type or the values of an array are others, or it has a single frame.
    """
    if isinstance(item, Video):
        return [item]
    array = np.asarray(item)
    if array.ndim not in (4, 5) or array.shape[-1] not in (1, 3) or not array.size:
        raise BadVideoError(
            f"A video has the axes (T, H, W, C), several have (N, T, H, W, C), with C = 1 or 3; "
            f"received an array of shape {array.shape}. Move or add axes."
        )
    if array.dtype.kind not in "uif" or not np.isfinite(array).all():
        raise BadVideoError(
            f"A video holds finite grey levels 0 to 255; received values of type {array.dtype}, "
            "or some that are not finite."
        )
    if array.min() < 0 or array.max() > 255 or (array.dtype.kind == "f" and array.max() <= 1):
        raise BadVideoError(
            f"A video holds grey levels 0 to 255; received {array.min():.4g} to "
            f"{array.max():.4g}. Scale the array to that range."
        )
    if array.shape[-4] < 2:
        raise BadVideoError(
            f"A video has at least 2 frames; received an array of shape {array.shape}. Give more."
        )
    frames = to_levels(array)
    several = frames if frames.ndim == 5 else frames[np.newaxis]
    return [Video(one, fps or RATE, "array", "", Path("an array"), ()) for one in several]
