"""Open whatever a video is kept in, and say which of its frames are read."""

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
    """The clip in a video file, a folder of frames or a file with a stack of pictures."""
    if source.is_dir():
        return open_folder(source)
    return open_stack(source) if is_image(source) else open_file(source)


def require_existing(source: Path) -> None:
    """Raise `BadVideoError` unless there is something at a path."""
    require_file_name(source)
    try:
        found = source.exists()
    except (OSError, ValueError) as error:  # no permission; a zero byte in the name
        raise BadVideoError(f"'{source}' cannot be read ({error}); check the path.") from error
    if not found:
        raise BadVideoError(f"'{source}' does not exist; check the spelling of the path.")


def frame_numbers(source: Path, fps: float, start: int, count: int) -> list[int]:
    """Which of a video's own frames `read_video` gives when it resamples to `fps`.

    The numbers of `count` frames from `start` on, which is counted in the rate of the output; as
    many as there are.
    """
    require_existing(source)
    with opened(source) as clip:
        pictures = (
            replace(picture, name=str(number)) for number, picture in enumerate(clip.pictures)
        )
        taken = resampled(pictures, clip.fps, fps) if clip.timed else pictures
        return [int(picture.name) for picture in itertools.islice(taken, start, start + count)]
