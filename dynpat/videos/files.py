"""Video files: decoded one frame at a time with FFmpeg (through PyAV)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import av.error
import av.logging
import numpy as np

from dynpat.errors import BadVideoError
from dynpat.videos.clips import Clip, DamagedError, Picture, over_black
from dynpat.videos.decoding import AV_ERRORS, decoded
from dynpat.videos.limits import PIXELS, most, require_pixels
from dynpat.videos.model import ENDINGS_SENTENCE
from dynpat.videos.notes import note_once, reason
from dynpat.videos.truncated import ends_early, gif_is_cut

_ATTACHED_PICTURE = 0x400  # FFmpeg's mark on the cover picture of a sound file


# A title that is no proper text is no reason to refuse a video. PyAV from 19 on reads it anyhow,
# and no longer takes what tells older ones to.
_ANY_TITLE: dict[str, Any] = (
    {} if int(av.__version__.split(".")[0]) >= 19 else {"metadata_errors": "replace"}
)

HIGH_RANGE = {16: "PQ", 18: "HLG"}  # by ITU-T H.273's numbers of transfer characteristics


def silence_libav() -> None:
    """Keep FFmpeg's own messages off the terminal: dynpat says what matters in its errors."""
    av.logging.set_level(None)


@contextmanager
def open_file(path: Path) -> Iterator[Clip]:
    """Open a video file for streaming.

    Parameters
    ----------
    path : Path
        Any file that FFmpeg reads.

    Yields
    ------
    Clip
        The opened video, valid while the context is open.

    Raises
    ------
    BadVideoError
        If the file is not a readable video, is empty, or has no video track.
    """
    silence_libav()
    try:
        if path.stat().st_size == 0:
            raise BadVideoError(f"'{path}' is an empty file (0 bytes); give another video.")
        # Absolute, so that no name is taken for a web address; and no playlist may lead away.
        container = av.open(
            str(path.absolute()),
            # Not "options": those go to every stream too, and older PyAV then crashes on MPEG.
            container_options={"protocol_whitelist": "file"},
            **_ANY_TITLE,
        )
    except AV_ERRORS as error:
        raise BadVideoError(
            f"'{path}' cannot be read as a video ({reason(error)}); it may be truncated or in "
            f"another format. {ENDINGS_SENTENCE.capitalize()}: convert it or give another one."
        ) from error
    with container:
        stream = _video_stream(container, path)
        codec = stream.codec_context
        require_pixels(path, codec.height, codec.width)
        codec.options = {"max_pixels": str(most(PIXELS))}  # sizes may change on the way
        notes: list[str] = []
        rate = frame_rate(stream)
        if rate is None:
            rate = 25.0
            notes.append("The file names no frame rate; 25 frames per second are assumed.")
        notes += _said_of(stream)
        yield Clip(
            height=codec.height,
            width=codec.width,
            fps=rate,
            count=_announced_count(container, stream, rate),
            timed=True,
            pictures=_whole_pictures(path, container, stream, rate, notes),
            notes=notes,
        )


def _video_stream(container: Any, path: Path) -> Any:
    """Pick the first moving picture of a file."""
    for stream in container.streams.video:
        if not _is_cover(stream):
            if stream.codec_context is None:
                raise BadVideoError(
                    f"'{path}' is coded in a way that this FFmpeg does not know; "
                    "convert it to H.264 in an .mp4 file."
                )
            return stream
    raise BadVideoError(
        f"'{path}' has no video track (only sound or text, or cut off?); give a file with "
        "moving pictures."
    )


def _is_cover(stream: Any) -> bool:
    """Whether a stream is the picture on the cover of a sound file."""
    return bool(int(getattr(stream, "disposition", 0)) & _ATTACHED_PICTURE)


def _said_of(stream: Any) -> list[str]:
    """Return notes on what a player would show differently."""
    notes = []
    tracks = [other for other in stream.container.streams.video if not _is_cover(other)]
    if len(tracks) > 1:
        notes.append(f"The file has {len(tracks)} video tracks; the first is read.")
    ratio = stream.sample_aspect_ratio
    if ratio and ratio != 1:
        notes.append(
            f"Its pixels are not square ({ratio.numerator}:{ratio.denominator}); they are taken "
            "as if they were, so that everything looks "
            f"{float(max(ratio, 1 / ratio)):.2f} times {'narrower' if ratio > 1 else 'wider'}."
        )
    transfer = HIGH_RANGE.get(int(getattr(stream.codec_context, "color_trc", 0) or 0))
    if transfer:
        notes.append(
            f"It has a high dynamic range ({transfer}) and is read as if it were ordinary, which "
            "makes it pale; tone-map it first."
        )
    return notes


def frame_rate(stream: Any) -> float | None:
    """Return the frames per second of a stream, or None if the file does not tell.

    A GIF has no rate, only a delay for each frame in units of 10 ms, so that 30 frames per second
    are delays of 3, 3, 4, ... Its rate is therefore the number of frames over the total time, and a
    whole number if that explains the total to within its rounding.
    """
    if stream.codec_context.name == "gif" and stream.frames and stream.duration:
        hundredths = round(float(stream.duration * stream.time_base) * 100)
        rate = 100 * stream.frames / max(hundredths, 1)
        uneven = hundredths % stream.frames != 0
        whole = max(round(rate), 1)
        if uneven and abs(100 * stream.frames / whole - hundredths) <= 0.5:
            return float(whole)
        return float(rate)
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate:
            return float(rate)
    return None


def _announced_count(container: Any, stream: Any, rate: float) -> int | None:
    """Return the number of frames in the file's header, or one computed from its duration."""
    if stream.frames:
        return int(stream.frames)
    if stream.duration:
        return max(round(float(stream.duration * stream.time_base) * rate), 1)
    if container.duration:
        return max(round(float(container.duration) / av.time_base * rate), 1)
    return None


def _whole_pictures(
    path: Path, container: Any, stream: Any, rate: float, notes: list[str]
) -> Iterator[Picture]:
    """Yield the pictures of a file; raise `DamagedError` also after a cut that FFmpeg ignores."""
    pictures = _pictures(container, stream, rate, notes)
    if stream.codec_context.name == "gif" and gif_is_cut(path):
        for whole, _ in pairwise(pictures):  # the last one is torn and left out
            yield whole
        raise DamagedError("the file breaks off in the middle of a picture")
    times: list[float] = []
    for picture in pictures:
        times.append(picture.time)
        yield picture
    # The header's duration is that of the longest track, so it binds only a lone one.
    is_alone = "matroska" in container.format.name and len(container.streams) == 1
    if is_alone and container.duration and ends_early(times, container.duration / av.time_base):
        raise DamagedError("the file ends before its announced length")


def _pictures(container: Any, stream: Any, rate: float, notes: list[str]) -> Iterator[Picture]:
    """Decode frame by frame; nothing is converted before `Picture.load` is called."""
    time = -1.0 / rate
    for index, frame in enumerate(decoded(container, stream, notes)):
        # Some old AVI and MPEG files carry no times: then frames follow at the average rate.
        # In units of the stream: "frame.time" is not set for the decoder's last frames.
        shown = None if frame.pts is None else float(frame.pts * stream.time_base)
        time = shown if shown is not None and (index == 0 or shown > time) else time + 1 / rate
        yield Picture(
            name=f"frame {index}",
            time=time,
            load=lambda frame=frame: _loaded(frame, notes),  # type: ignore[misc]
        )


def _loaded(frame: Any, notes: list[str]) -> np.ndarray:
    """Convert a decoded frame as `_to_rgb` does; a failure counts as damage."""
    if frame.is_corrupt:
        note_once(notes, "Damaged frames are shown as the decoder mended them.")
    try:
        return _to_rgb(frame, notes)
    except AV_ERRORS as error:
        raise DamagedError(reason(error)) from error


def _to_rgb(frame: Any, notes: list[str]) -> np.ndarray:
    """Convert a decoded frame to `uint8` (H, W, 3), upright and over black."""
    layout = frame.format
    if layout.has_palette or any(part.is_alpha for part in layout.components):
        picture = without_alpha(frame.to_ndarray(format="rgba"), notes)
    else:
        picture = frame.to_ndarray(format="rgb24")
    turns = _quarter_turns(frame)
    if turns:
        # FFmpeg's angle and numpy's rot90 both count anticlockwise.
        note_once(notes, f"Rotated by {90 * turns} degrees anticlockwise, as the file asks.")
        picture = np.rot90(picture, turns)
    return np.ascontiguousarray(picture)


def _quarter_turns(frame: Any) -> int:
    """Return the quarter turns anticlockwise, 0 to 3, that bring a frame upright."""
    if hasattr(frame, "rotation"):
        return round(float(frame.rotation) / 90) % 4
    # Older PyAV gives the matrix alone: nine integers, the first two of which are
    # the cosine and the sine of the angle, in the clockwise sense.
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return 0
    cosine, sine = np.frombuffer(bytes(matrix), dtype=np.int32)[:2].tolist()
    return round(-math.atan2(sine, cosine) / (math.pi / 2)) % 4


def without_alpha(rgba: np.ndarray, notes: list[str]) -> np.ndarray:
    """Lay `uint8` (H, W, 4) over black, with a note where anything is transparent."""
    if rgba[..., 3].min() == 255:
        return rgba[..., :3]
    note_once(notes, "Transparent parts were laid over black.")
    return over_black(rgba)
