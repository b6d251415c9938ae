"""Read the videos with missing pixels that `recover`, `inpaint` and `extend` work on."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from dynpat import seeds
from dynpat.errors import BadMaskError, BadOptionError
from dynpat.masks import (
    box_mask,
    detect_damage,
    draw_mask,
    grow_mask,
    read_mask,
    shrink_mask,
)
from dynpat.options import Missing
from dynpat.reporter import Reporter
from dynpat.restoration.crop import Crop, crop_around
from dynpat.restoration.first_guess import LARGEST
from dynpat.runs.observed import read_observed
from dynpat.runs.plan import Plan
from dynpat.tasks.cost import FEWEST_PIXELS, USUAL_PIXELS, require_guessable
from dynpat.videos import Video, read_video
from dynpat.videos.model import size_text
from dynpat.videos.opening import frame_numbers


@dataclass(frozen=True)
class Incomplete:
    """Videos of one size and length, and which of their pixels are missing.

    Attributes
    ----------
    videos : list of Video
        The videos at the working size; grey levels at missing pixels are not used.
    missing : ndarray
        True where a pixel is missing, (N, T, H, W) bool.
    truth : ndarray or None
        The complete videos, (N, T, H, W, C) uint8, if they are known.
    crop : Crop or None
        The place of the single working video in a larger one, if it is a part of one.
    """

    videos: list[Video]
    missing: np.ndarray
    truth: np.ndarray | None = None
    crop: Crop | None = None

    @property
    def frames(self) -> np.ndarray:
        """The videos, (N, T, H, W, C) uint8, black where pixels are missing."""
        known = np.stack([video.frames for video in self.videos])
        return np.where(self.missing[..., np.newaxis], np.uint8(0), known)


@dataclass(frozen=True)
class Given:
    """Videos and a mask that are in memory and need not be read from files.

    Attributes
    ----------
    videos : list of Video or None
        All videos that the plan names, of one size and length.
    mask : ndarray or None
        The mask of each of them, (H, W) or (T, H, W).
    """

    videos: list[Video] | None = None
    mask: np.ndarray | None = None


def read_incomplete(plan: Plan, reporter: Reporter, given: Given = Given()) -> Incomplete:
    """Read what a plan of `recover`, `inpaint` or `extend` names, unless it is `given`.

    Raises
    ------
    BadVideoError
        If a video cannot be read, or videos do not fit each other.
    BadMaskError
        If a mask cannot be read, or does not fit its video.
    BadOptionError
        If memory does not suffice.
    """
    read = {"recover": _to_recover, "inpaint": _to_inpaint, "extend": _to_extend}[plan.task]
    work = read(plan, reporter, given)
    length, height, width, _ = shape = work.videos[0].frames.shape
    what = f"{length} frames of {size_text(height, width)} pixels"
    require_guessable(math.prod(shape), what, plan.learn.memory)
    return work


def _to_recover(plan: Plan, reporter: Reporter, given: Given) -> Incomplete:
    complete = len(plan.missing.complete)
    videos = given.videos or read_observed(plan, reporter, USUAL_PIXELS)
    frames = np.stack([video.frames for video in videos])
    damaged = len(videos) - complete
    if damaged < 1:
        raise BadOptionError("Every video is given as --complete; name one to recover as well.")
    source = frames.shape[2:4] if given.videos else _source_size(videos[0].source)
    missing = np.zeros(frames.shape[:4], bool)
    wanted = plan.missing
    notes: list[str] = []
    for number in range(damaged):
        if wanted.mask or wanted.box or wanted.occlude:
            missing[number] = _mask(plan, frames.shape[1:4], source, number, given)
    if source != frames.shape[2:4] and wanted.recover.apart and (wanted.mask or wanted.box):
        apart = [_read_apart(plan, videos[number], number, missing[number], source, given)
                 for number in range(damaged)]
        videos = [*apart, *videos[damaged:]]
        frames = np.stack([video.frames for video in videos])
    if wanted.detect:
        for number in range(damaged):
            notes += _add_found(missing[number], videos[number], wanted, reporter)
    _require_found(missing, wanted.detect, notes)
    truth = frames if wanted.occlude else None
    if wanted.truth:
        if damaged > 1 or complete:
            raise BadOptionError("--truth is for a single video; leave it out, or recover one.")
        height, width = frames.shape[2:4]
        reading = replace(plan.reading, size=(height, width), frames=frames.shape[1])
        known = read_video(wanted.truth, **asdict(reading))
        truth = known.frames[np.newaxis]
    return Incomplete(videos, missing, truth)


def _read_apart(
    plan: Plan, video: Video, number: int, missing: np.ndarray, source: tuple[int, int],
    given: Given,
) -> Video:
    """Read video `number` again: what is missing has no influence on the rest when it shrinks.

    `missing` (T, H, W) is its mask at the working size, and `source` the size in its file.
    """
    length, height, width = missing.shape
    # A box is in pixels of the file; a mask may be of either size.
    other = source if plan.missing.box else (height, width)
    of_file = _mask(plan, (length, *source), other, number, given)

    def hidden(frame: int) -> np.ndarray:
        whole = shrink_mask(missing[frame : frame + 1], source)[0]
        return np.asarray(of_file[frame] | whole)

    reading = replace(plan.reading, size=(height, width), frames=length)
    return replace(
        video, frames=read_video(video.source, hidden=hidden, **asdict(reading)).frames
    )


def _add_found(
    missing: np.ndarray, video: Video, wanted: Missing, reporter: Reporter
) -> tuple[str, ...]:
    """Add the damage that is found to the `missing` pixels (T, H, W); return the notes about it."""
    found = detect_damage(video.frames, wanted.detect, missing)
    missing |= grow_mask(found.mask, wanted.dilate)
    for sentence in (*found.sentences, *(f"{note}." for note in found.notes)):
        reporter.say(f"{video.name}: {sentence}")
    return found.notes


def _require_found(missing: np.ndarray, kinds: tuple[str, ...], notes: list[str]) -> None:
    """Raise an error if no pixel of any video is missing, or all of one are, (N, T, H, W)."""
    if not missing.any():
        because = "".join(f" ({note})" for note in notes[:1])
        raise BadMaskError(
            f"--detect {','.join(kinds)} found no such damage{because}; if you see some, show it "
            "by --mask or --box."
        )
    if missing.all(axis=(1, 2, 3)).any():
        raise BadMaskError(
            f"--detect {','.join(kinds)} and --mask leave nothing visible; grow the mask by fewer "
            "pixels, or give a smaller one."
        )


def _to_inpaint(plan: Plan, reporter: Reporter, given: Given) -> Incomplete:
    reading = asdict(replace(plan.reading, size=None))
    whole = given.videos[0] if given.videos else read_video(plan.videos[0], **reading)
    for note in whole.notes:
        reporter.say(f"{whole.name}: {note}")
    mask = _mask(plan, whole.frames.shape[:3], whole.frames.shape[1:3], 0, given)
    how, (length, *_, channels) = plan.missing.recover, whole.frames.shape
    pixels = min(how.pixels, max(FEWEST_PIXELS, LARGEST // (length * channels)))
    crop = crop_around(whole.frames, mask, plan.reading.size, pixels, how.apart)
    reporter.say(crop.note + _chosen_by(plan, crop, pixels))
    video = replace(whole, frames=crop.working_frames)
    return Incomplete([video], crop.working_mask[np.newaxis], crop=crop)


def _chosen_by(plan: Plan, crop: Crop, pixels: int) -> str:
    """Say why the working size is smaller than the part, and how to change it."""
    if plan.reading.size is not None or crop.working_frames.shape[1:3] == crop.size:
        return ""
    if pixels < plan.missing.recover.pixels:
        return " More do not fit into memory with so many frames; --frames or --size changes that."
    if plan.learn.time_budget is None:
        return " --size sets another size."
    return " A new run works on more with a larger --time-budget; --size sets another size."


def _to_extend(plan: Plan, reporter: Reporter, given: Given) -> Incomplete:
    """Mark new frames as missing; until they are learned, the last known frame stands there."""
    video = (given.videos or read_observed(plan, reporter, USUAL_PIXELS))[0]
    known = len(video.frames)
    if between := plan.missing.between:
        numbers = np.arange(known) * (between + 1)
        total, rate = int(numbers[-1]) + 1, video.fps * (between + 1)
    else:
        numbers, rate = plan.missing.before + np.arange(known), video.fps
        total = plan.missing.before + known + plan.missing.after
    frames = np.zeros((total, *video.frames.shape[1:]), np.uint8)
    frames[numbers] = video.frames
    missing = np.ones(frames.shape[:3], bool)
    missing[numbers] = False
    return Incomplete([replace(video, frames=frames, fps=rate)], missing[np.newaxis])


def _mask(
    plan: Plan, shape: tuple[int, ...], source: tuple[int, int], number: int, given: Given
) -> np.ndarray:
    """Return the mask of video `number`, (T, H, W)."""
    wanted = plan.missing
    video_shape = (shape[0], shape[1], shape[2])
    if wanted.occlude:
        return draw_mask(wanted.occlude, video_shape, seeds.mask(plan.learn.seed, number))
    if wanted.box:
        return box_mask(wanted.box, video_shape, source)
    mask = wanted.mask if given.mask is None else given.mask
    if mask is None:
        raise BadMaskError(
            "Nothing says which pixels are missing; give --mask with a file or folder, or --box."
        )
    start, rate = plan.reading.start, plan.reading.fps
    numbers: list[int] = []
    if rate and not given.videos:  # the mask may have a frame for each frame of the file
        numbers = frame_numbers(Path(plan.videos[number]), rate, start, shape[0])
    return read_mask(
        mask, video_shape, source_size=source, start=start, numbers=numbers,
        invert=wanted.invert, dilate=wanted.dilate,
    )


def _source_size(source: Path) -> tuple[int, int]:
    """Return the size (H, W) of a video in its file."""
    first = read_video(source, frames=1)
    return (first.frames.shape[1], first.frames.shape[2])
