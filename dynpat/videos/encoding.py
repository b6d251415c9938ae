"""Encode frames as H.264 and GIF with FFmpeg (through PyAV)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import av.filter
import numpy as np

from dynpat.errors import OutputError
from dynpat.videos.files import silence_libav
from dynpat.videos.levels import to_levels
from dynpat.videos.model import size_text

# The first one that the installed FFmpeg has; all of them write H.264.
H264_ENCODERS = ("libx264", "libopenh264", "h264_videotoolbox", "h264_mf", "h264_nvenc")

# Viewers slow frames of 10 ms down to 100 ms, so 20 ms is the shortest that plays as written.
GIF_MAX_FPS = 50.0
_HUNDREDTH = Fraction(1, 100)  # the unit of a GIF's delays, in seconds


def write_mp4(path: Path, frames: np.ndarray, fps: float) -> list[str]:
    """Write an MP4 that plays in browsers (H.264, 4:2:0).

    Parameters
    ----------
    path : Path
        The file, which ends in ".mp4".
    frames : ndarray
        Grey levels (T, H, W, C), C = 1 or 3.
    fps : float
        The frames per second.

    Returns
    -------
    list of str
        A sentence if the frames were padded to even sides.

    Raises
    ------
    OutputError
        If this FFmpeg has no H.264 encoder.
    av.error.FFmpegError, OSError
        If the file cannot be written.
    """
    silence_libav()
    encoder = h264_encoder()
    height, width = frames.shape[1:3]
    pad = ((0, height % 2), (0, width % 2), (0, 0))
    # The index of the moving parts goes first, so that browsers can start before the end.
    with av.open(str(path.absolute()), "w", options={"movflags": "+faststart"}) as container:
        stream: Any = container.add_stream(encoder, rate=Fraction(fps).limit_denominator(1001 * 60))
        stream.height, stream.width = height + height % 2, width + width % 2
        stream.pix_fmt = "yuv420p"
        if encoder == "libx264":
            stream.options = {"crf": "17", "preset": "medium"}
        else:
            stream.bit_rate = max(500_000, round(0.5 * height * width * fps))
        _tag_colours(stream.codec_context)
        for frame in frames:
            padded = np.pad(_rgb(frame), pad, mode="edge")
            picture = av.VideoFrame.from_ndarray(padded, format="rgb24")
            container.mux(stream.encode(picture.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    if height % 2 == 0 and width % 2 == 0:
        return []
    return [
        f"The MP4 was padded from {size_text(height, width)} to "
        f"{size_text(height + height % 2, width + width % 2)} because H.264 wants even sizes."
    ]


def h264_encoder() -> str:
    """Return the name of the best H.264 encoder of the installed FFmpeg.

    Raises
    ------
    OutputError
        If it has none.
    """
    for name in H264_ENCODERS:
        try:
            av.codec.Codec(name, "w")
        except (av.error.FFmpegError, ValueError):
            continue
        return name
    raise OutputError(
        "The installed FFmpeg (package av) has no H.264 encoder, so no .mp4 can be written; "
        "reinstall av with pip, or use --formats gif,png."
    )


def _tag_colours(codec: Any) -> None:
    """Name the colour matrix of FFmpeg's RGB conversion (ITU-R 601), lest players guess 709."""
    codec.colorspace = 6
    codec.color_primaries = 6
    codec.color_trc = 6
    codec.color_range = 1


def _rgb(frame: np.ndarray) -> np.ndarray:
    """Grey levels (H, W, 1 or 3) of any type as contiguous `uint8` (H, W, 3)."""
    levels = to_levels(frame)
    return np.ascontiguousarray(np.broadcast_to(levels, (*levels.shape[:2], 3)))


def write_gif(path: Path, frames: np.ndarray, fps: float, loop: bool) -> list[str]:
    """Write a GIF with one palette for all frames.

    Parameters
    ----------
    path : Path
        The file, which ends in ".gif".
    frames : ndarray
        Grey levels (T, H, W, C), C = 1 or 3.
    fps : float
        The frames per second; above 50 the GIF is slowed down to 50.
    loop : bool
        Whether it plays forever, or once.

    Returns
    -------
    list of str
        A sentence if the GIF is slower than asked for.

    Raises
    ------
    av.error.FFmpegError, OSError
        If the file cannot be written.
    """
    silence_libav()
    rate = min(fps, GIF_MAX_FPS)
    # Rounded moments rather than rounded delays: the average rate stays right.
    moments = [round(index * 100 / rate) for index in range(len(frames) + 1)]
    options = {"loop": "0" if loop else "-1", "final_delay": str(moments[-1] - moments[-2])}
    with av.open(str(path.absolute()), "w", options=options) as container:
        stream: Any = container.add_stream("gif", rate=100)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "pal8"
        stream.codec_context.time_base = _HUNDREDTH
        for picture in _with_palette(frames, moments):
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    if rate == fps:
        return []
    return [
        f"The GIF plays at {rate:g} instead of {fps:g} frames per second, the fastest that "
        "browsers show."
    ]


def _with_palette(frames: np.ndarray, moments: list[int]) -> Iterator[Any]:
    """Yield the frames of a GIF (`pal8`), dithered with one palette.

    Two passes over the frames are made, so that FFmpeg keeps only one frame at a time. A palette
    for each frame would flicker, and one pass would keep all frames until the palette is known.
    """
    palette = _palette(frames)
    graph = av.filter.Graph()
    source = graph.add("buffer", _buffer_options(frames.shape[1], frames.shape[2], "rgb24"))
    colours = graph.add("buffer", _buffer_options(palette.height, palette.width, "bgra"))
    # With "diff_mode" only what moves is dithered anew; still parts do not shimmer.
    use = graph.add("paletteuse", "dither=sierra2_4a:diff_mode=rectangle")
    sink = graph.add("buffersink")
    source.link_to(use, 0, 0)
    colours.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    palette.pts = 0
    colours.push(palette)
    colours.push(None)
    for frame, moment in zip(frames, moments, strict=False):  # moments has the end as well
        source.push(_gif_picture(frame, moment))
        yield from _pulled(sink)
    source.push(None)
    yield from _pulled(sink)


def _palette(frames: np.ndarray) -> Any:
    """Return the 256 colours that suit all frames best, as a picture of 16x16 pixels."""
    graph = av.filter.Graph()
    source = graph.add("buffer", _buffer_options(frames.shape[1], frames.shape[2], "rgb24"))
    make = graph.add("palettegen", "stats_mode=full:reserve_transparent=0")
    sink = graph.add("buffersink")
    source.link_to(make)
    make.link_to(sink)
    graph.configure()
    for index, frame in enumerate(frames):
        source.push(_gif_picture(frame, index))
    source.push(None)
    return sink.pull()


def _buffer_options(height: int, width: int, layout: str) -> str:
    """Describe the frames that enter a filter graph."""
    return f"video_size={width}x{height}:pix_fmt={layout}:time_base=1/100:pixel_aspect=1/1"


def _gif_picture(frame: np.ndarray, moment: int) -> Any:
    """Make a frame (H, W, C) that is shown at a moment in hundredths of a second."""
    picture = av.VideoFrame.from_ndarray(_rgb(frame), format="rgb24")
    picture.pts = moment
    picture.time_base = _HUNDREDTH
    return picture


def _pulled(sink: Any) -> Iterator[Any]:
    """Yield all frames that a filter graph has ready."""
    while True:
        try:
            yield sink.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
