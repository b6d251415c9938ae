"""Decode the frames of an opened stream one after the other, with opacity and deinterlaced."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import av
import av.error
import av.filter

from dynpat.videos.clips import DamagedError
from dynpat.videos.notes import note_once, reason

# All errors that PyAV raises on broken or hostile files.
AV_ERRORS = (av.error.FFmpegError, OSError, ValueError, IndexError, EOFError)
WITH_OPACITY = {"vp8": "libvpx", "vp9": "libvpx-vp9"}  # decoders, by the kind of stream


def _decoder(stream: Any, notes: list[str]) -> Any:
    """Return the decoder of a stream: FFmpeg's usual one, or libvpx for VP8 and VP9 with opacity.

    FFmpeg's own decoders ignore the opacity, which is noted, because hidden parts become visible.
    """
    usual = stream.codec_context
    if stream.metadata.get("alpha_mode") != "1":
        return usual
    name = WITH_OPACITY.get(usual.name)
    if name is not None:
        with suppress(*AV_ERRORS):  # this FFmpeg may have no libvpx
            other = av.codec.CodecContext.create(name, "r")
            other.extradata, other.options = usual.extradata, usual.options
            return other
    note_once(notes, "Its transparency is not read: what it hides comes up. Flatten it first.")
    return usual


def decoded(container: Any, stream: Any, notes: list[str]) -> Iterator[Any]:
    """Yield the frames of a stream; interlaced frames are deinterlaced, which is noted.

    Noted is also a transparency that this FFmpeg does not read.

    Raises
    ------
    DamagedError
        If a place is damaged; the frames before it have been given out.
    """
    combs = _Deinterlacer(stream, notes)
    try:
        for frame in _as_coded(container, stream, notes):
            yield from combs.through(frame)
    except DamagedError:
        yield from combs.rest()
        raise
    yield from combs.rest()


def _as_coded(container: Any, stream: Any, notes: list[str]) -> Iterator[Any]:
    """Yield decoded frames; at a damaged place, those still inside the decoder, then the error."""
    problem: BaseException | None = None
    decoding = _decoder(stream, notes)
    try:
        for packet in container.demux(stream):
            if packet.is_corrupt:  # the end of a truncated file cuts it off
                problem = DamagedError("a packet is cut off")
                break
            # An empty packet asks for the frames still inside the decoder.
            yield from decoding.decode(packet if packet.size else None)
    except AV_ERRORS as error:
        problem = error
    if problem is None:
        return
    with suppress(*AV_ERRORS):  # only the first problem is reported
        yield from decoding.decode(None)
    raise DamagedError(reason(problem)) from problem


class _Deinterlacer:
    """FFmpeg's filter bwdif, used from the first interlaced frame on; it keeps whole frames."""

    def __init__(self, stream: Any, notes: list[str]) -> None:
        self.stream, self.notes = stream, notes
        self.graph: Any = None
        self.failed = False

    def through(self, frame: Any) -> Iterator[Any]:
        """Yield what comes out after a frame has gone in: that frame, an earlier one, or none."""
        if self.graph is None and getattr(frame, "interlaced_frame", False) and not self.failed:
            self._begin(frame)
        if self.graph is None:
            yield frame
            return
        self.graph.vpush(frame)
        yield from self._ready()

    def rest(self) -> Iterator[Any]:
        """Yield the frames that are still inside."""
        if self.graph is not None:
            self.graph.vpush(None)
            yield from self._ready()

    def _begin(self, frame: Any) -> None:
        try:
            graph = av.filter.Graph()
            source = graph.add_buffer(template=self.stream)
            combs = graph.add("bwdif", "mode=send_frame:deint=interlaced")
            sink = graph.add("buffersink")
            source.link_to(combs)
            combs.link_to(sink)
            graph.configure()
        except AV_ERRORS:  # this FFmpeg lacks the filter
            self.failed = True
            note_once(self.notes, "It is interlaced, and read with its combs: deinterlace it.")
            return
        self.graph = graph
        note_once(self.notes, "It is interlaced; each frame was made of its two fields (bwdif).")

    def _ready(self) -> Iterator[Any]:
        while True:
            try:
                yield self.graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
