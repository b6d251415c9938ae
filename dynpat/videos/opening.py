"""Open a video of any kind, and tell which of its frames are read."""

from __future__ import annotations

import itertools
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from dynpat.errors import BadVideoError
from dynpat.videos.clips import Clip, resampled
from dynpat.videos.files import open_file
from dynpat.videos.finding import is_image, require_file_name
from dynpat.videos.folders import open_folder
from dynpat.videos.stacks import open_stack


def opened(source: Path) -> AbstractContextManager[Clip]:
    """Return the clip in a video file, a folder of frames or a file with a stack of pictures."""
    if source.is_dir():
        return open_folder(source)
    return open_stack(source) if is_image(source) else open_file(source)


def require_existing(source: Path) -> None:
    """Raise an error unless there is something at a path.

    Raises
    ------
    BadVideoError
        If nothing is there, or it cannot be accessed.
    """
    require_file_name(source)
    try:
        found = source.exists()
    except (OSError, ValueError) as error:  # there is no permission, or a zero byte in the name
        raise BadVideoError(f"'{source}' cannot be read ({error}); check the path.") from error
    if not found:
        raise BadVideoError(f"'{source}' does not exist; check the spelling of the path.")


def frame_numbers(source: Path, fps: float, start: int, count: int) -> list[int]:
    """Return which frames of a video `read_video` gives when it resamples to `fps`.

    These are the numbers of up to `count` frames from `start` on, which counts in the output's
    rate.
    """
    require_existing(source)
    with opened(source) as clip:
        pictures = (
            replace(picture, name=str(number)) for number, picture in enumerate(clip.pictures)
        )
        taken = resampled(pictures, clip.fps, fps) if clip.timed else pictures
        return [int(picture.name) for picture in itertools.islice(taken, start, start + count)]
