"""Write videos; each file appears whole or not at all."""

from __future__ import annotations

import math
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import av.error
import numpy as np
from PIL import Image

from dynpat.atomic import replacing_file, temporary_beside, write_error
from dynpat.errors import BadOptionError, OutputError
from dynpat.videos.encoding import write_gif, write_mp4
from dynpat.videos.finding import PathLike
from dynpat.videos.levels import not_a_number_note, require_frames, to_levels
from dynpat.videos.notes import reason
from dynpat.videos.sound import add_sound

FORMATS = ("gif", "mp4", "png", "npy")


def parse_formats(text: str) -> tuple[str, ...]:
    """Read a list of output formats as users write it.

    Parameters
    ----------
    text : str
        Some of gif, mp4, png and npy, separated by commas.

    Returns
    -------
    tuple of str
        The formats in the given order, each once.

    Raises
    ------
    BadOptionError
        If a format is unknown, or there is none.
    """
    parts = [part.strip().lower().lstrip(".") for part in text.split(",")]
    formats = tuple(dict.fromkeys(part for part in parts if part))
    unknown = [part for part in formats if part not in FORMATS]
    if unknown or not formats:
        what = f"'{unknown[0]}' is not a format" if unknown else "No format was named"
        raise BadOptionError(f"{what}; choose from {', '.join(FORMATS)}, as in gif,mp4.")
    return formats


def write_video(path: PathLike, frames: np.ndarray, fps: float, *, loop: bool = True) -> list[str]:
    """Write one video; the ending of the path decides how.

    Parameters
    ----------
    path : path
        It ends in .mp4, .gif or .npy; without an ending it is a folder of PNG frames. A file there
        is replaced, a folder only if it has nothing else than PNG frames.
    frames : ndarray
        Grey levels 0..255 of shape (T, H, W, C), C = 1 or 3, of any integer or floating type. They
        are rounded and saturated; .npy keeps them as they are.
    fps : float
        The frames per second; .npy and PNG frames do not keep it.
    loop : bool
        Whether a GIF plays forever.

    Returns
    -------
    list of str
        A sentence for everything that was changed.

    Raises
    ------
    BadOptionError
        If the ending is unknown, the frames have another shape, or the rate is out of range.
    OutputError
        If the video cannot be written; no part of it remains.

    Examples
    --------
    >>> write_video("black.gif", np.zeros((10, 32, 32, 3), np.uint8), fps=25)
    []
    """
    target = Path(path)
    kind = target.suffix.lower().lstrip(".") or "png"
    if kind not in FORMATS or (kind == "png" and target.suffix):
        raise BadOptionError(
            f"'{target}' has an ending that is not written; use .mp4, .gif, .npy, or no ending "
            "for a folder of PNG frames."
        )
    return _write(target, kind, np.asarray(frames), fps, loop)


def write_outputs(
    folder: PathLike,
    stem: str,
    frames: np.ndarray,
    fps: float,
    formats: Sequence[str] = ("gif", "mp4"),
    sound: Path | None = None,
) -> tuple[list[Path], list[str]]:
    """Write one video in several formats.

    Parameters
    ----------
    folder : path
        The folder, which is made if it does not exist.
    stem : str
        The name of the files stem.gif, stem.mp4 and stem.npy, and of the folder of PNG frames.
    frames : ndarray
        The video, as in `write_video`.
    fps : float
        The frames per second, as in `write_video`.
    formats : sequence of str
        Some of gif, mp4, png, npy.
    sound : Path or None
        A video file of the same length whose sound goes into the MP4.

    Returns
    -------
    paths : list of Path
        The files, in the order of `formats`.
    notes : list of str
        A sentence for everything that was changed.

    Raises
    ------
    BadOptionError
        If the frames have another shape, or the rate is out of range.
    OutputError
        If a file cannot be written; no part of it remains.
    """
    paths: list[Path] = []
    notes: list[str] = []
    for kind in parse_formats(",".join(formats)):
        target = Path(folder) / (stem if kind == "png" else f"{stem}.{kind}")
        notes += _write(target, kind, np.asarray(frames), fps, loop=True, sound=sound)
        paths.append(target)
    return paths, list(dict.fromkeys(notes))


def _write(
    target: Path, kind: str, frames: np.ndarray, fps: float, loop: bool, sound: Path | None = None
) -> list[str]:
    """Check a video, then write it in one format, whole or not at all."""
    require_frames(frames)
    if not (math.isfinite(fps) and 0.01 <= fps <= 1000):
        raise BadOptionError(f"{fps} frames per second is out of range; give 0.01 to 1000.")
    if kind == "png":
        with _replacing_folder(target) as temporary:
            for index, frame in enumerate(frames):
                levels = to_levels(frame)
                picture = levels[..., 0] if levels.shape[-1] == 1 else levels
                Image.fromarray(picture).save(temporary / f"{index:05d}.png")
        return not_a_number_note(frames)
    with _replacing_file(target) as temporary:
        if kind == "npy":
            np.save(temporary, frames, allow_pickle=False)
            return []
        if kind == "mp4":
            notes = write_mp4(temporary, frames, fps)
            notes += [add_sound(temporary, sound)] if sound else []
        else:
            notes = write_gif(temporary, frames, fps, loop)
    return notes + not_a_number_note(frames)


def write_image(path: PathLike, picture: np.ndarray) -> None:
    """Write one picture (H, W, 3) uint8 as PNG, whole or not at all.

    Parameters
    ----------
    path : path
        The file, which ends in ".png".
    picture : ndarray
        The picture, (H, W, 3) uint8.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with _replacing_file(Path(path)) as temporary:
        Image.fromarray(picture).save(temporary, format="PNG")


@contextmanager
def _reported(target: Path) -> Iterator[None]:
    """Turn errors of the system and of FFmpeg into an `OutputError` that names the target."""
    try:
        yield
    except (OSError, av.error.FFmpegError, ValueError) as error:
        raise write_error(target, reason(error)) from error


@contextmanager
def _replacing_file(target: Path) -> Iterator[Path]:
    """Do as `atomic.replacing_file` does, also for errors of FFmpeg."""
    with _reported(target), replacing_file(target) as temporary:
        yield temporary


@contextmanager
def _replacing_folder(target: Path) -> Iterator[Path]:
    """Give a temporary folder that takes the place of the target if the block succeeds."""
    temporary = temporary_beside(target)
    old = target.with_name(f".{target.name}.old-{os.getpid()}")
    with _reported(target):
        _require_replaceable(target)
        try:
            temporary.mkdir(parents=True)
            yield temporary
            if target.exists():
                # A folder cannot be replaced in one step, and the old frames stay until the new
                # ones are in place.
                target.rename(old)
            try:
                temporary.rename(target)
            except OSError:
                if old.exists():
                    old.rename(target)
                raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            if target.exists():
                shutil.rmtree(old, ignore_errors=True)


def _require_replaceable(target: Path) -> None:
    """Refuse to delete a folder that has anything else than frames written by dynpat."""
    if not target.exists():
        return
    if not target.is_dir():
        raise OutputError(f"could not write '{target}': a file of that name exists; remove it.")
    foreign = [entry.name for entry in target.iterdir() if not _is_frame(entry)]
    if foreign:
        raise OutputError(
            f"could not write '{target}': the folder also holds '{foreign[0]}', which is not a "
            "frame; choose another --out."
        )


def _is_frame(path: Path) -> bool:
    return path.is_file() and re.fullmatch(r"[0-9]{5,}\.png", path.name) is not None
