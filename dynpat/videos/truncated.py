"""Find files that were cut off where FFmpeg takes the cut for the end of the video."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO


def gif_is_cut(path: Path) -> bool:
    """Return whether a GIF breaks off inside a block.

    FFmpeg and browsers show the torn last picture as if it were whole. A GIF that ends between two
    blocks only lacks its end mark, as some programs write it; that is no damage.

    Parameters
    ----------
    path : Path
        A GIF file.

    Returns
    -------
    bool
        True if the end of the file lies inside a block.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        header = file.read(13)
        if len(header) < 13:
            return True
        _skip_palette(file, header[10])
        while True:
            kind = file.read(1)
            if kind == b"!":  # an extension: its type, then its data
                file.seek(1, 1)
            elif kind == b",":  # a picture: place and size, perhaps colours, code size, data
                place = file.read(9)
                if len(place) < 9:
                    return True
                _skip_palette(file, place[8])
                file.seek(1, 1)
            else:
                return file.tell() > size
            if not _skip_data(file, size):
                return True


def _skip_palette(file: BinaryIO, flags: int) -> None:
    """Skip the table of colours that the flags announce."""
    if flags & 0x80:
        file.seek(3 * 2 ** ((flags & 7) + 1), 1)


def _skip_data(file: BinaryIO, size: int) -> bool:
    """Skip data, stored in pieces of up to 255 bytes; False if the file ends first."""
    while length := file.read(1):
        if length == b"\0":
            return True
        file.seek(length[0], 1)
        if file.tell() >= size:
            return False
    return False


def ends_early(times: list[float], announced: float) -> bool:
    """Return whether a video is clearly shorter than its header says.

    Parameters
    ----------
    times : list of float
        The moments at which the decoded frames are shown, in seconds.
    announced : float
        The duration in the header, in seconds.

    Returns
    -------
    bool
        True if more is missing than a tenth and than two of the longest frames. A single frame may
        be shown for any time, so there it is always False.
    """
    longest = max((after - before for before, after in pairwise(times)), default=math.inf)
    missing = announced - (times[-1] - times[0]) if times else 0.0
    return missing > max(0.1 * announced, 2.5 * longest)
