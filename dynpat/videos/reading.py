"""Read videos: select frames in time and resize them, with bounded memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from dynpat.errors import BadOptionError, BadVideoError
from dynpat.options import Reading
from dynpat.videos.clips import Clip, DamagedError, Picture, resampled
from dynpat.videos.finding import PathLike
from dynpat.videos.levels import to_levels
from dynpat.videos.limits import BYTES, most, require_frames
from dynpat.videos.model import Video, fitted_size, size_text
from dynpat.videos.opening import opened, require_existing
from dynpat.videos.resizing import resized_visible

Hidden = Callable[[int], np.ndarray]  # which pixels (H, W) of a frame are hidden, by its number
UNEVEN = 1.6  # ratio of delays; more than their rounding to hundredths of a second explains


@dataclass(frozen=True)
class _Wanted(Reading):
    """The options of `read_video`, checked."""

    at_most: int | None = None
    pixels: int | None = None
    hidden: Hidden | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.at_most is not None and self.at_most < 1:
            raise BadOptionError(f"at_most={self.at_most} is too few; give 1 or more.")

    def size_of(self, height: int, width: int) -> tuple[int, int]:
        """Return the size to which upright pictures of (height, width) are resized."""
        if self.size is not None:
            return self.size
        if self.pixels is not None and height * width > self.pixels:
            return fitted_size(height, width, self.pixels)
        return height, width

    @property
    def channels(self) -> int:
        return 1 if self.grey else 3

    @property
    def limit(self) -> int | None:
        """The number of frames after which reading stops."""
        return self.at_most if self.frames is None else self.frames


def read_video(
    path: PathLike,
    *,
    size: tuple[int, int] | None = None,
    frames: int | None = None,
    start: int = 0,
    fps: float | None = None,
    grey: bool = False,
    at_most: int | None = None,
    pixels: int | None = None,
    label: str = "",
    hidden: Hidden | None = None,
) -> Video:
    """Read one video file or frame folder.

    Frames are decoded one after the other and resized at once, and decoding stops with the last
    frame wanted, so that memory depends on the result alone.

    Parameters
    ----------
    path : path
        A video file, or a folder that directly contains the frames as images.
    size : tuple of int or None
        The height and width in pixels to resize to, without cropping; by default the file's own.
    frames : int or None
        The number of frames, by default all from `start` on.
    start : int
        The number of the first frame, counted from 0 in the output's frame rate.
    fps : float or None
        The frames per second to resample to, by the nearest frame in time. For a frame folder it is
        the rate (by default 25) and drops nothing.
    grey : bool
        Whether to give one channel of luma (ITU-R 601) instead of red, green and blue.
    at_most : int or None
        The largest number of frames to read if `frames` is None; fewer are no error.
    pixels : int or None
        The number of pixels to which larger pictures shrink in proportion, if `size` is None.
    label : str
        The label of the result.
    hidden : callable or None
        A function that returns, by the number of a frame of the result, which pixels of the file's
        picture have no influence on the others when it is resized, (H, W) bool.

    Returns
    -------
    Video
        The video; `frames` is `uint8` (T, H, W, 3), or (T, H, W, 1) if `grey`.

    Raises
    ------
    BadVideoError
        If the video is not readable, damaged, shorter than asked for, changes its size, or has more
        than 2 GB.
    BadOptionError
        If an option is out of range.

    Examples
    --------
    >>> from dynpat.videos import write_video
    >>> _ = write_video("black.gif", np.zeros((10, 32, 32, 3), np.uint8), fps=25)
    >>> read_video("black.gif", size=(16, 16), frames=5).frames.shape
    (5, 16, 16, 3)
    """
    source = Path(path)
    wanted = _Wanted(size, frames, start, fps, grey, at_most, pixels, hidden)
    require_existing(source)
    with opened(source) as clip:
        _refuse_too_large(source, clip, wanted)
        pictures = clip.pictures
        if wanted.fps is not None and clip.timed:
            pictures = resampled(pictures, clip.fps, wanted.fps)
        array, times = _collect(source, pictures, clip, wanted)
        rate = float(wanted.fps or _even_rate(times, clip))
        notes = (*clip.notes, *_resampling_note(clip, wanted), *_limit_note(clip, wanted))
    name = source.resolve().name if source.is_dir() else source.stem
    return Video(array, rate, name, label, source, notes)


def _refuse_too_large(source: Path, clip: Clip, wanted: _Wanted) -> None:
    """Raise before decoding if the result, by the file's header, is above the limit."""
    count = wanted.limit
    if count is None and clip.count is not None:
        speed = wanted.fps / clip.fps if wanted.fps is not None and clip.timed else 1.0
        count = math.ceil(clip.count * speed) - wanted.start
    require_frames(source, count or 0)
    height, width = wanted.size_of(clip.height, clip.width)
    if count is not None and count * height * width * wanted.channels > most(BYTES):
        raise _too_large(source, f"{count} frames of {size_text(height, width)}")


def _too_large(source: Path, what: str) -> BadVideoError:
    return BadVideoError(
        f"'{source}' would need more than {most(BYTES) / 1e9:g} GB of memory ({what}); "
        f"use a smaller --size or fewer --frames, or set {BYTES} to more."
    )


def _collect(
    source: Path, pictures: Iterator[Picture], clip: Clip, wanted: _Wanted
) -> tuple[np.ndarray, list[float]]:
    """Load the wanted pictures into an array `uint8` (T, H, W, C), with their times in seconds."""
    times: list[float] = []
    # A bytearray grows in place; a list and a stack would keep all frames twice.
    buffer = bytearray()
    first: tuple[str, tuple[int, ...]] | None = None
    shape: tuple[int, ...] = ()
    stop = None if wanted.limit is None else wanted.start + wanted.limit
    damage: DamagedError | None = None
    limit = most(BYTES)
    try:
        for picture in islice(pictures, wanted.start, stop):
            loaded = picture.load()
            # The first picture tells the size; the header does not know of rotations.
            first = first or (picture.name, loaded.shape)
            times.append(picture.time)
            require_frames(source, len(times))
            if wanted.size is None and loaded.shape != first[1]:
                raise _changing_size(source, first, (picture.name, loaded.shape))
            hidden = wanted.hidden(len(times) - 1) if wanted.hidden else None
            frame = _finished(loaded, wanted.size_of(*first[1][:2]), wanted.grey, hidden)
            shape = frame.shape
            buffer += frame.tobytes()
            if len(buffer) > limit:
                raise _too_large(source, f"frames of {size_text(*shape[:2])}")
    except DamagedError as error:
        damage = error
    count = len(buffer) // math.prod(shape) if shape else 0
    _require_enough(source, count, damage, wanted)
    assert first is not None
    clip.notes.extend(_resizing_note(first[1], wanted))
    return np.frombuffer(buffer, dtype=np.uint8).reshape(count, *shape), times


def _even_rate(times: Sequence[float], clip: Clip) -> float:
    """Return the rate at which frames are shown; uneven frames keep their duration, with a note."""
    steps = np.diff(times)
    if not clip.timed or len(steps) < 2 or steps.max() < UNEVEN * steps.min() or steps.min() <= 0:
        return clip.fps
    rate = len(steps) / (times[-1] - times[0])
    clip.notes.append(
        f"Its frames are shown for {1000 * steps.min():.0f} to {1000 * steps.max():.0f} ms, here "
        f"all alike ({rate:.4g} frames per second); --fps resamples them."
    )
    return float(rate)


def _finished(
    picture: np.ndarray, size: tuple[int, int], grey: bool, hidden: np.ndarray | None
) -> np.ndarray:
    """Resize (H, W, 3) and turn it grey if asked for: `uint8` (h, w, C)."""
    if hidden is not None and hidden.any() and size != picture.shape[:2]:
        kernel = Image.Resampling.BILINEAR
        picture = to_levels(resized_visible(picture, hidden, size, kernel))
    if not grey and size == picture.shape[:2]:
        return picture
    image = Image.fromarray(picture)
    if size != picture.shape[:2]:
        height, width = size
        # Pillow widens the kernel when it shrinks, so nothing aliases; a cubic one overshoots at
        # edges, which a model would learn as detail.
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    if grey:
        return np.asarray(image.convert("L"))[..., None]
    return np.asarray(image)


def _changing_size(
    source: Path, first: tuple[str, tuple[int, ...]], other: tuple[str, tuple[int, ...]]
) -> BadVideoError:
    return BadVideoError(
        f"'{source}' has pictures of different sizes: {first[0]} is {size_text(*first[1][:2])} "
        f"and {other[0]} is {size_text(*other[1][:2])}; use --size to bring them to one size."
    )


def _require_enough(source: Path, count: int, damage: DamagedError | None, wanted: _Wanted) -> None:
    """Raise an error if there are fewer frames than asked for, or if the file is damaged."""
    if count == wanted.limit or (count and wanted.frames is None and damage is None):
        return
    start = wanted.start
    broken = f" before it is damaged ({damage})" if damage else ""
    if count == 0 and start == 0:
        cause = f" ({damage})" if damage else ""
        raise BadVideoError(
            f"'{source}' has no frame that can be decoded{cause}; it is damaged or truncated. "
            "Give another copy of it or another video."
        )
    if count == 0:
        raise BadVideoError(
            f"'{source}' has no frame from frame {start} on{broken}. Use a smaller --start."
        )
    if wanted.frames is None:
        raise BadVideoError(
            f"'{source}' is damaged after frame {start + count - 1} ({damage}). "
            f"Use --frames {count} to read the part before the damage."
        )
    raise BadVideoError(
        f"'{source}' has {count} frame{'s' * (count != 1)} from frame {start} on{broken}; "
        f"{wanted.frames} were asked for. Use --frames {count} or less, or another --start."
    )


def _resizing_note(shape: tuple[int, ...], wanted: _Wanted) -> list[str]:
    """Return a note if frames of `shape` (H, W, 3) were resized, and if objects change shape."""
    height, width = wanted.size_of(*shape[:2])
    if (height, width) == shape[:2]:
        return []
    stretch = (width / height) / (shape[1] / shape[0])
    note = f"Resized from {size_text(*shape[:2])} to {size_text(height, width)} pixels"
    if abs(stretch - 1) > 0.01:
        relative = stretch if stretch > 1 else 1 / stretch
        side = "wider" if stretch > 1 else "taller"
        note += f", which makes everything {relative:.2f} times {side} in proportion"
    return [note + "."]


def _limit_note(clip: Clip, wanted: _Wanted) -> list[str]:
    """Return a note if the video has more frames than were read."""
    limit = wanted.at_most
    if wanted.frames is not None or limit is None or clip.count is None:
        return []
    if clip.count <= wanted.start + limit:
        return []
    return [f"Read {limit} of about {clip.count} frames; give --frames for more or fewer."]


def _resampling_note(clip: Clip, wanted: _Wanted) -> list[str]:
    """Return a note if the rate was changed by more than the rounding of the header."""
    if wanted.fps is None:
        return []
    if not clip.timed:
        return [f"Images carry no frame rate; {wanted.fps:g} frames per second was given."]
    if abs(wanted.fps / clip.fps - 1) < 1e-6:
        return []
    rates = f"{clip.fps:.5g} to {wanted.fps:.5g}"
    return [f"Resampled from {rates} frames per second by taking the nearest frame in time."]
