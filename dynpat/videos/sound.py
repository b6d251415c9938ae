"""The sound of a video file: find it, and copy it into another file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import av.error

from dynpat.videos.files import silence_libav
from dynpat.videos.model import VIDEO_ENDINGS


def has_sound(source: Path) -> bool:
    """Return whether a path is a video file with sound."""
    if not source.is_file() or source.suffix.lower() not in VIDEO_ENDINGS:
        return False
    silence_libav()
    try:
        with av.open(str(source.absolute())) as container:
            return bool(container.streams.audio)
    except av.error.FFmpegError:
        return False


def add_sound(video: Path, source: Path) -> str:
    """Copy the sound of a file, without loss, into a video of the same length.

    Parameters
    ----------
    video : Path
        An MP4 file, which is replaced.
    source : Path
        The file with the sound.

    Returns
    -------
    str
        A sentence about the result. If MP4 cannot contain the sound, the video stays as it was.
    """
    both = video.with_name(f"sound-{video.name}")
    try:
        kind = _merged(video, source, both)
    except (av.error.FFmpegError, ValueError) as error:
        both.unlink(missing_ok=True)
        reason = str(error).splitlines()[0]
        return f"The sound of '{source}' was left out: it cannot be copied into an MP4 ({reason})."
    both.replace(video)
    return f"The sound of '{source}' ({kind}) was copied as it is."


def _merged(video: Path, source: Path, both: Path) -> str:
    """Write the pictures of one file with the sound of another; return the kind of sound."""
    silence_libav()
    options = {"movflags": "+faststart"}
    with (
        av.open(str(video.absolute())) as pictures,
        av.open(str(source.absolute())) as sounds,
        av.open(str(both.absolute()), "w", format="mp4", options=options) as container,
    ):
        seen, heard = pictures.streams.video[0], sounds.streams.audio[0]
        begin = float((sounds.streams.video[0].start_time or 0) * sounds.streams.video[0].time_base)
        targets: list[tuple[Any, Any, Any, float]] = [
            (pictures, seen, container.add_stream_from_template(seen), 0.0),
            (sounds, heard, container.add_stream_from_template(heard), begin),
        ]
        packets = [
            (float(packet.dts * packet.time_base) - shift, number, packet, target, shift)
            for number, (file, stream, target, shift) in enumerate(targets)
            for packet in file.demux(stream) if packet.dts is not None
        ]
        for _, _, packet, target, shift in sorted(packets, key=lambda one: one[:2]):
            ticks = round(shift / packet.time_base)
            packet.pts, packet.dts = packet.pts - ticks, packet.dts - ticks
            packet.stream = target
            container.mux(packet)
        return str(heard.codec_context.name)
