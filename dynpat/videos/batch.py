"""Read several videos that are to be learned together."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dynpat.errors import BadVideoError
from dynpat.threads import in_order
from dynpat.videos.finding import PathLike, find_labelled
from dynpat.videos.model import Video, size_text
from dynpat.videos.reading import read_video
from dynpat.videos.shelf import Shelf

AT_ONCE = 4  # videos that are decoded at the same time; each takes memory of its own
RATE_TOLERANCE = 0.01  # relative; 29.97 and 30 frames per second go together, 25 and 30 do not


def read_videos(
    paths: PathLike | Sequence[PathLike],
    *,
    size: tuple[int, int] | None = None,
    frames: int | None = None,
    start: int = 0,
    fps: float | None = None,
    grey: bool = False,
    at_most: int | None = None,
    pixels: int | None = None,
    batch: bool = True,
) -> list[Video]:
    """Find and read all videos below some paths.

    Parameters
    ----------
    paths : path or sequence of path
        Video files, frame folders, or folders to search; see `find_videos`.
    size : tuple of int or None
        The height and width of each video, as in `read_video`.
    frames, start : int
        The number of frames and the first frame of each video, as in `read_video`.
    fps : float or None
        The frame rate of each video, as in `read_video`.
    grey : bool
        Whether videos get one channel, as in `read_video`.
    at_most, pixels : int or None
        The largest number of frames, and of pixels in a picture, as in `read_video`.
    batch : bool
        Whether the videos must fit into one array (N, T, H, W, C), with one size, one rate and one
        length. If `frames` is None, all are trimmed to the shortest.

    Returns
    -------
    list of Video
        The videos in the order of `find_videos`; labels are the subfolders below the searched
        paths. If they have more than `shelf.HELD_BYTES`, their frames lie in a file and are
        read-only.

    Raises
    ------
    BadVideoError
        If a path has no video, a video cannot be read, or, with `batch`, sizes or rates differ.
    BadOptionError
        If an option is out of range.
    """
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]

    def read(found: tuple[Path, str]) -> Video:
        source, label = found
        return read_video(
            source, size=size, frames=frames, start=start, fps=fps, grey=grey,
            at_most=at_most, pixels=pixels, label=label,
        )

    videos: list[Video] = []
    with Shelf() as shelf:
        for video in in_order(read, find_labelled(list(paths)), AT_ONCE):
            if batch and videos:
                # The error must come before a long folder is read to its end.
                _require_fit(videos[0], video)
            shelf.put(video.frames)
            # A view would keep all frames in memory.
            videos.append(replace(video, frames=video.frames[:0].copy()))
        arrays = shelf.arrays()
    videos = [replace(video, frames=frames) for video, frames in zip(videos, arrays, strict=True)]
    return _trimmed(videos) if batch else videos


def _require_fit(first: Video, other: Video) -> None:
    """Raise an error if two videos differ in size or frame rate."""
    first_size, other_size = (size_text(*video.frames.shape[1:3]) for video in (first, other))
    if first_size != other_size:
        raise BadVideoError(
            f"The videos differ in size: '{first.source}' is {first_size} and "
            f"'{other.source}' is {other_size}; use --size to bring all to one size."
        )
    if abs(other.fps / first.fps - 1) > RATE_TOLERANCE:
        raise BadVideoError(
            f"The videos differ in frame rate: '{first.source}' has {first.fps:.4g} frames per "
            f"second and '{other.source}' has {other.fps:.4g}; use --fps to bring all to one rate."
        )


def _trimmed(videos: list[Video]) -> list[Video]:
    """Cut all videos to the length of the shortest, and say so in their notes."""
    shortest = min(videos, key=lambda video: len(video.frames))
    length = len(shortest.frames)
    return [
        video if len(video.frames) == length else _cut(video, length, shortest) for video in videos
    ]


def _cut(video: Video, length: int, shortest: Video) -> Video:
    note = (
        f"Trimmed from {len(video.frames)} to {length} frames, the length of the shortest "
        f"video '{shortest.source}'."
    )
    frames = video.frames[:length]
    if frames.flags.writeable:  # it is in memory, where a view would keep the whole video
        frames = frames.copy()
    return replace(video, frames=frames, notes=(*video.notes, note))
