"""Read a mask and fit it to the frames of a video."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from dynpat.config import require
from dynpat.masks.loading import Wanted, load_mask, mask_of_array
from dynpat.videos.finding import PathLike
from dynpat.videos.model import size_text

_PART = 0.1 + 1e-6  # a tenth of a pixel's area, with a margin for the rounding of float32


def read_mask(
    path: PathLike | np.ndarray,
    video_shape: tuple[int, int, int],
    *,
    source_size: tuple[int, int] | None = None,
    start: int = 0,
    invert: bool = False,
    dilate: int = 0,
    numbers: Sequence[int] = (),
) -> np.ndarray:
    """Read a mask and fit it to a video.

    White pixels are missing. In images, white is a level above 127; in arrays of numbers, a number
    above half of the largest in the file; in images that have only the levels 0 and 1, it is 1. If
    channels differ, a pixel is missing if any channel says so; videos and palette images of greys
    count by their luma. In palette images with colours, every label but 0 is missing. Opacity is
    ignored.

    Parameters
    ----------
    path : path or ndarray
        An image or a folder of images; a video or GIF; an array (H, W), (T, H, W) or (T, H, W, C)
        as .npy, or as "mask", "masks" or the only array of an .npz file; a MATLAB file of any
        version with "masks" of shape (H, W), (H, W, T) or (H, W, T, C); or an array (H, W) or (T,
        H, W).
    video_shape : tuple of int
        The shape (T, H, W) of the video, at the size at which it is used.
    source_size : tuple of int or None
        The size (H, W) of the video file, in pixels. A mask of this size is brought to that of the
        video: a pixel is missing if more than a tenth of its area is.
    start : int
        The number, in the video file, of the video's first frame. A mask of start + T frames or
        more counts as the file does, and one of T frames as the video does; one frame serves for
        all.
    invert : bool
        Whether black is missing instead.
    dilate : int
        The number of pixels by which the missing region grows to each side, corners included.
    numbers : sequence of int
        The numbers of the video's frames in its file, if it was resampled in time; masks with more
        frames than the video count as the file does.

    Returns
    -------
    ndarray
        `bool` (T, H, W), True where a pixel is missing.

    Raises
    ------
    BadMaskError
        If it cannot be read, has another length or size, or if nothing or everything is missing.
    BadOptionError
        If `start` or `dilate` is negative, or `video_shape` is not (T, H, W).
    """
    require_shape(video_shape)
    require(start >= 0, "start", "not be negative", start, "Give 0 or more")
    require(dilate >= 0, "dilate", "not be negative", dilate, "Give 0 or more pixels")
    name = Path("an array") if isinstance(path, np.ndarray) else Path(path)
    wanted = Wanted(name, video_shape[0], start, invert, tuple(numbers))
    own = mask_of_array(path, wanted) if isinstance(path, np.ndarray) else load_mask(wanted)
    mask = grow_mask(_fitted(own, wanted, video_shape[1:], source_size), dilate)
    _require_both(mask, own, wanted, dilate)
    return np.broadcast_to(mask, video_shape).copy()


def _require_both(mask: np.ndarray, own: np.ndarray, wanted: Wanted, dilate: int) -> None:
    """Raise an error unless the mask marks something as missing and leaves something visible."""
    other = "leave out --invert-mask" if wanted.invert else "use --invert-mask"
    if not mask.any():
        black, white = ("white", "black") if wanted.invert else ("black", "white")
        raise wanted.bad(
            f"marks nothing as missing in these frames; make missing pixels {white}, or {other} "
            f"if they are {black}"
        )
    if mask.all() and dilate and not own.all():
        raise wanted.bad(
            f"marks everything as missing once it is grown by {dilate} pixels; grow it by fewer, "
            f"or {other} if it marks the known pixels"
        )
    if mask.all():
        raise wanted.bad(
            "marks everything as missing, so that nothing is known of the video; leave some "
            f"pixels unmarked, or {other} if it marks the known pixels"
        )


def require_shape(video_shape: tuple[int, int, int]) -> None:
    """Raise `BadOptionError` unless `video_shape` is (T, H, W), each at least 1."""
    require(len(video_shape) == 3 and min(video_shape) >= 1, "video_shape",
            "be (T, H, W), each at least 1", video_shape, "Give the shape of the video's frames")


def _fitted(
    mask: np.ndarray, wanted: Wanted, size: tuple[int, int], source_size: tuple[int, int] | None
) -> np.ndarray:
    """Bring `bool` (n, h, w) to the size of the video."""
    if mask.shape[1:] == tuple(size):
        return mask
    if source_size is None or mask.shape[1:] != tuple(source_size):
        own, working = size_text(*mask.shape[1:]), size_text(*size)
        source = "" if source_size is None else f" ({size_text(*source_size)} in its file)"
        either = "" if source_size is None else ", or to that of the file"
        raise wanted.bad(f"is of {own} pixels, but the video is of {working}{source}; "
                         f"bring the mask to {working}{either}")
    return shrink_mask(mask, size)


def shrink_mask(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Shrink a `mask`, `bool` (n, h, w), to `size` (height, width).

    A pixel is missing if more than a tenth of its area is.
    """
    height, width = size
    shares = (
        Image.fromarray(frame.astype(np.float32)).resize((width, height), Image.Resampling.BOX)
        for frame in mask
    )
    return np.stack([np.asarray(share) > _PART for share in shares])


def grow_mask(mask: np.ndarray, pixels: int) -> np.ndarray:
    """Grow a mask to each side, corners included.

    Parameters
    ----------
    mask : ndarray
        `bool` (n, h, w), True where a pixel is missing.
    pixels : int
        The number of pixels to each side, at least 0.

    Returns
    -------
    ndarray
        `bool` (n, h, w).
    """
    # Pixels are counted in a moving window.
    for axis in (1, 2) if pixels else ():
        reach = min(pixels, mask.shape[axis])
        ends = [(0, 0)] * 3
        ends[axis] = (reach + 1, reach)
        counts = np.moveaxis(np.cumsum(np.pad(mask, ends), axis=axis, dtype=np.int32), axis, 0)
        window = 2 * reach + 1
        mask = np.moveaxis(counts[window:] > counts[:-window], 0, axis)
    return mask
