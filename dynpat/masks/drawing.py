"""Make masks without a file, as boxes or at random, and show what a mask looks like."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np

from dynpat.config import require
from dynpat.errors import BadMaskError, BadOptionError
from dynpat.masks.reading import require_shape
from dynpat.videos.model import size_text

FORMS_SENTENCE = (
    "give salt-pepper:P (a part P of all pixels, each by itself), region:SHARE (a square of this "
    "part of each frame) or frames:SHARE (this part of all frames), with a part between 0 and 1 "
    "or in percent, as in region:0.16 or frames:50%"
)

PREVIEW_FRAMES = 6
_GAP = 4  # number of pixels between the frames of a preview
_GREY = 128
_TINT = (255, 0, 0)


def box_mask(
    text: str, video_shape: tuple[int, int, int], source_size: tuple[int, int] | None = None
) -> np.ndarray:
    """Mark one box as missing in every frame.

    Parameters
    ----------
    text : str
        "x,y,w,h": the left upper corner, width and height, in pixels of the video file.
    video_shape : tuple of int
        The shape (T, H, W) of the video, at the size at which it is used.
    source_size : tuple of int or None
        The size (H, W) of the video file in pixels, by default that of `video_shape`.

    Returns
    -------
    ndarray
        `bool` (T, H, W), True where any part of a pixel lies in the box.

    Raises
    ------
    BadOptionError
        If the text is no box, or the box is empty, leaves the picture, or covers all of it.

    Examples
    --------
    >>> int(box_mask("2,1,3,4", (5, 16, 16)).sum())
    60
    """
    require_shape(video_shape)
    match = re.fullmatch(r"\s*" + r"\s*,\s*".join([r"(-?[0-9]{1,6})"] * 4) + r"\s*", text)
    if match is None:
        raise BadOptionError(
            f"'{text}' is not a box; give x,y,w,h (left, top, width and height in pixels of the "
            "video file) as four whole numbers, as in 40,20,64,48."
        )
    left, top, box_width, box_height = map(int, match.groups())
    source_height, source_width = source_size or video_shape[1:]
    inside = (
        min(left, top) >= 0 and min(box_width, box_height) >= 1
        and left + box_width <= source_width and top + box_height <= source_height
    )  # fmt: skip
    if not inside:
        raise BadOptionError(
            f"The box '{text}' ({size_text(box_height, box_width)} pixels at {left},{top}) does "
            f"not lie inside of the video of {size_text(source_height, source_width)} pixels; give "
            "x,y,w,h with w and h at least 1, x+w at most "
            f"{source_width} and y+h at most {source_height}."
        )
    rows = _scaled(top, box_height, source_height, video_shape[1])
    columns = _scaled(left, box_width, source_width, video_shape[2])
    mask = np.zeros(video_shape, dtype=np.bool_)
    mask[:, rows, columns] = True
    if mask.all():
        raise BadOptionError(
            f"The box '{text}' covers the whole video of "
            f"{size_text(source_height, source_width)} pixels; give a smaller one."
        )
    return mask


def _scaled(begin: int, length: int, source: int, size: int) -> slice:
    """Return the pixels, of `size`, that a stretch of `length` pixels of `source` touches."""
    return slice(begin * size // source, -(-(begin + length) * size // source))


def draw_mask(text: str, video_shape: tuple[int, int, int], seed: int) -> np.ndarray:
    """Draw a mask at random.

    Parameters
    ----------
    text : str
        "salt-pepper:P": each pixel of each frame is missing with probability P. "region:SHARE": in
        each frame a square of area SHARE·H·W is missing, at a place of its own. "frames:SHARE":
        round(SHARE·T) whole frames are missing, never the first or the last one. P and SHARE lie in
        (0, 1), or are written in percent, as in "50%".
    video_shape : tuple of int
        The shape (T, H, W) of the video.
    seed : int
        The seed, at least 0; the same seed gives the same mask.

    Returns
    -------
    ndarray
        `bool` (T, H, W), True where a pixel is missing.

    Raises
    ------
    BadOptionError
        If the text is none of the three, or this video can have no such mask.
    """
    require_shape(video_shape)
    require(seed >= 0, "seed", "not be negative", seed, "Choose another --seed")
    match = re.fullmatch(r"\s*([a-z-]+)\s*:\s*([0-9]*\.?[0-9]+|[0-9]+\.)\s*(%?)\s*", text.lower())
    share = 0.0 if match is None else float(match[2]) / (100 if match[3] else 1)
    if match is None or match[1] not in _KINDS or not 0 < share < 1:
        raise BadOptionError(f"'{text}' is not a mask that can be drawn; {FORMS_SENTENCE}.")
    mask = _KINDS[match[1]](share, video_shape, np.random.default_rng(seed))
    if not mask.any() or mask.all():
        what = "everything" if mask.any() else "nothing"
        raise BadOptionError(
            f"'{text}' leaves {what} missing in a video of {video_shape[0]} frames of "
            f"{size_text(*video_shape[1:])} pixels; give a {'smaller' if mask.any() else 'larger'} "
            "part."
        )
    return mask


def _salt_pepper(
    share: float, shape: tuple[int, int, int], rng: np.random.Generator
) -> np.ndarray:
    return np.asarray(rng.random(shape) < share)


def _region(share: float, shape: tuple[int, int, int], rng: np.random.Generator) -> np.ndarray:
    frames, height, width = shape
    side = max(1, round((share * height * width) ** 0.5))
    if side > min(height, width):
        largest = min(height, width) ** 2 / (height * width)
        raise BadOptionError(
            f"A square of {share:g} of the picture has sides of {side} pixels, which do not fit "
            f"into {size_text(height, width)} pixels; give region:SHARE of at most {largest:.2g}."
        )
    mask = np.zeros(shape, dtype=np.bool_)
    tops = rng.integers(0, height - side, frames, endpoint=True)
    lefts = rng.integers(0, width - side, frames, endpoint=True)
    for frame, top, left in zip(mask, tops, lefts, strict=True):
        frame[top : top + side, left : left + side] = True
    return mask


def _frames(share: float, shape: tuple[int, int, int], rng: np.random.Generator) -> np.ndarray:
    count, inner = round(share * shape[0]), max(shape[0] - 2, 0)
    if count > inner:
        raise BadOptionError(
            f"frames:{share:g} of {shape[0]} frames are {count}, but only {inner} lie between the "
            "first and the last frame, which are never missing; give a smaller part."
        )
    mask = np.zeros(shape, dtype=np.bool_)
    mask[1 + rng.choice(inner, count, replace=False)] = True
    return mask


_KINDS = {"salt-pepper": _salt_pepper, "region": _region, "frames": _frames}


def mask_preview(video: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Show frames of a video with the missing pixels tinted red.

    Parameters
    ----------
    video : ndarray
        Grey levels `uint8` (T, H, W, C), C = 1 or 3.
    mask : ndarray
        `bool` (T, H, W), True where a pixel is missing.

    Returns
    -------
    ndarray
        `uint8` (H, w, 3): up to 6 frames from the first to the last, side by side. In place of one
        without missing pixels stands that of its stretch which has the most.

    Raises
    ------
    BadMaskError
        If the mask does not have the frames, height and width of the video.
    """
    if video.shape[:3] != mask.shape:
        raise BadMaskError(
            f"The mask of shape {mask.shape} does not fit the video of shape {video.shape}; "
            f"give a mask (T, H, W) of shape {video.shape[:3]}."
        )
    height, width = mask.shape[1:]
    shown = _shown(np.count_nonzero(mask, axis=(1, 2)))
    picture = np.full((height, len(shown) * (width + _GAP) - _GAP, 3), _GREY, dtype=np.uint8)
    for place, index in enumerate(shown):
        frame = np.broadcast_to(video[index], (height, width, 3))
        tinted = ((frame.astype(np.uint16) + np.array(_TINT, np.uint16)) // 2).astype(np.uint8)
        left = place * (width + _GAP)
        picture[:, left : left + width] = np.where(mask[index][..., None], tinted, frame)
    return picture


def _shown(missing: np.ndarray) -> np.ndarray:
    """Return which frames a preview shows, given the number of missing pixels in each."""
    count = len(missing)
    even = np.linspace(0, count - 1, min(PREVIEW_FRAMES, count)).round().astype(int)
    bounds = np.concatenate([[0], (even[1:] + even[:-1] + 1) // 2, [count]])
    most = [first + int(np.argmax(missing[first:end]))
            for first, end in pairwise(bounds)]
    return np.where((missing[even] > 0) | (missing[most] == 0), even, most)


def describe(mask: np.ndarray) -> str:
    """Say in one sentence how much is missing.

    Parameters
    ----------
    mask : ndarray
        `bool` (T, H, W), True where a pixel is missing.

    Returns
    -------
    str
        The share, in how many frames, and how many pixels (y, x) are missing in all of them.
    """
    frames, touched = len(mask), int(mask.any(axis=(1, 2)).sum())
    never = int(mask.all(axis=0).sum())
    if touched == 0:
        return f"Nothing is missing in {_counted(frames, 'frame')}."
    where = f"{touched} of" if touched < frames else "all" if frames > 1 else "its"
    sentence = (
        f"{_percent(float(mask.mean()))} of the video is missing, in {where} "
        f"{_counted(frames, 'frame')}"
    )
    if never:
        is_or_are = "is" if never == 1 else "are"
        sentence += f"; {_counted(never, 'pixel')} {is_or_are} missing in every frame"
    return sentence + "."


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def _percent(share: float) -> str:
    """Return a share in percent that is 0.0 or 100.0 only if the share is exactly that."""
    if share < 0.001:
        return "Less than 0.1 %"
    return "More than 99.9 %" if 0.999 < share < 1 else f"{100 * share:.1f} %"
