"""Find damage of a video: which pixels are missing, and a sentence about what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from dynpat.masks.dropouts import black_frames, frozen_frames
from dynpat.masks.scratches import find_scratches
from dynpat.options import parse_detect

LISTED = 12  # the most frames whose numbers are listed


@dataclass(frozen=True)
class Found:
    """The damage that was found in a video.

    Attributes
    ----------
    mask : ndarray
        True where a pixel is damaged, (T, H, W) bool.
    sentences : tuple of str
        What was found, a sentence for each kind of damage of which there is some.
    notes : tuple of str
        What looks like damage and is not taken for it, without a full stop.
    """

    mask: np.ndarray
    sentences: tuple[str, ...]
    notes: tuple[str, ...] = ()


def detect_damage(
    video: np.ndarray, kinds: str | Sequence[str], ignored: np.ndarray | None = None
) -> Found:
    """Find damaged frames and pixels.

    Parameters
    ----------
    video : ndarray
        Grey levels `uint8` (T, H, W, C).
    kinds : str or sequence of str
        One or more of 'frozen' (frames that repeat the one before while the video around them
        moves), 'black' (frames without a picture) and 'scratches' (thin upright lines and specks
        in one frame only); a text has them separated by commas.
    ignored : ndarray or None
        `bool` (T, H, W), True where pixels are not looked at, because a mask has them already.

    Returns
    -------
    Found
        The mask, and what to say about it. Frames are counted from 0.

    Raises
    ------
    BadOptionError
        If a kind is unknown.

    Examples
    --------
    >>> from dynpat.datasets import ocean
    >>> video = ocean(frames=12, size=(32, 32))
    >>> video[5] = 0
    >>> detect_damage(video, "frozen,black").sentences
    ('Found 1 black frame: 5.',)
    """
    kinds = parse_detect(kinds)
    skip = np.zeros(video.shape[:3], np.bool_) if ignored is None else ignored
    lost = np.zeros(len(video), np.bool_)
    said: list[str] = []
    notes: list[str] = []
    black = black_frames(video, skip)
    if "frozen" in kinds:
        frozen, note = frozen_frames(video, skip, black)
        lost |= frozen
        said += _frames_said(frozen, "frozen")
        notes += [note] if note else []
    if "black" in kinds:
        lost |= black
        said += _frames_said(black, "black")
    mask = np.broadcast_to(lost[:, np.newaxis, np.newaxis], video.shape[:3]).copy()
    if "scratches" in kinds:
        # A frame that is repeated, or lost, is no neighbour to compare with.
        scratched = find_scratches(video[~lost]) & ~skip[~lost]
        mask[~lost] = scratched
        said += _scratches_said(scratched)
    return Found(mask, tuple(said), tuple(notes))


def _frames_said(chosen: np.ndarray, kind: str) -> list[str]:
    numbers = np.flatnonzero(chosen)
    if not len(numbers):
        return []
    listed = ", ".join(map(str, numbers[:LISTED])) + (", …" if len(numbers) > LISTED else "")
    return [f"Found {len(numbers)} {kind} frame{'s' * (len(numbers) != 1)}: {listed}."]


def _scratches_said(mask: np.ndarray) -> list[str]:
    flat = np.zeros((3, 3, 3), np.bool_)
    flat[1] = True  # things of one frame are connected, not those of two
    _, count = ndimage.label(mask, flat)
    touched = int(mask.any(axis=(1, 2)).sum())
    if not count:
        return []
    what = "scratch or speck" if count == 1 else "scratches or specks"
    return [f"Found {count} {what} in {touched} frame{'s' * (touched != 1)}."]
