"""Grey levels: the one way from the numbers of a model to 8 bits."""

from __future__ import annotations

import numpy as np

from dynpat.errors import BadOptionError


def to_levels(frame: np.ndarray) -> np.ndarray:
    """Round and saturate grey levels.

    Parameters
    ----------
    frame : ndarray
        Grey levels of any shape and numeric type. The range is always 0..255: nothing is
        stretched, so that two videos stay comparable.

    Returns
    -------
    ndarray
        `uint8`; what lies outside 0..255 is saturated, never wrapped around; NaN becomes 0.
    """
    if frame.dtype == np.uint8:
        return frame
    # A cast alone would turn 256 into 0.
    finite = np.nan_to_num(frame.astype(np.float64), nan=0.0, posinf=255.0, neginf=0.0)
    return np.clip(np.rint(finite), 0, 255).astype(np.uint8)


def require_frames(frames: np.ndarray) -> None:
    """Check the frames that are to be written.

    Parameters
    ----------
    frames : ndarray
        Real numbers (T, H, W, C) with C = 1 or 3 and no empty axis.

    Raises
    ------
    BadOptionError
        If the axes, the channels or the type are others, or an axis is empty.
    """
    shape = frames.shape
    if frames.ndim != 4 or shape[-1] not in (1, 3) or frames.size == 0:
        raise BadOptionError(
            f"Frames of shape {shape} cannot be written; expected are (T, H, W, C) with at least "
            "one frame and 1 or 3 channels."
        )
    if frames.dtype.kind not in "uif":
        raise BadOptionError(
            f"Frames of type {frames.dtype} cannot be written; give grey levels as integers or "
            "floating-point numbers."
        )


def not_a_number_note(frames: np.ndarray) -> list[str]:
    """Return a note on how many grey levels of (T, H, W, C) are not a number, if there are any."""
    if frames.dtype.kind != "f":
        return []
    # Frames are checked one by one, so that no mask as large as the video is made.
    count = sum(int(np.isnan(frame).sum()) for frame in frames)
    return [f"{count} grey levels were not a number and were written as black."] if count else []
