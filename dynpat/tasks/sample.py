"""The task `sample`: make new videos with the model of a run, from noise, its chains or a video."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from dynpat.config import require
from dynpat.devices import memory_watched
from dynpat.errors import BadOptionError
from dynpat.learning.chains import modes_of_slots, slots
from dynpat.models import EnergyModel, periodic
from dynpat.models.sampling import STEPS, ask, sample_videos, sampled_shape, usual_frames
from dynpat.report.page import page_of_videos
from dynpat.reporter import Reporter
from dynpat.runs.folder import Run
from dynpat.runs.naming import filled_folder
from dynpat.runs.plan import Plan
from dynpat.tasks.large import fits_at_once, write_large
from dynpat.tasks.made import of_each, read_made
from dynpat.tasks.result import FORMATS, Result, write_videos
from dynpat.videos import read_video, to_levels

MEMORY = 4 * 10**9
NOISE, CHAINS, REFERENCE = "noise", "chains", "reference"
SHOWN = 4  # the number of videos on their page
MOST_SHOWN = 30_000_000  # the most pixels in all frames of a video; larger ones are shrunk


def sample(
    run: str | Path,
    *,
    out: str | Path | None = None,
    count: int = 1,
    start: str | Path = NOISE,
    state: str = "last",
    frames: int | None = None,
    size: tuple[int, int] | None = None,
    steps: int = STEPS,
    step_size: float | None = None,
    fps: float | None = None,
    seed: int = 0,
    label: str | None = None,
    loop: bool = False,
    tileable: bool = False,
    memory: int = MEMORY,
    resume: bool = False,
    formats: Sequence[str] = FORMATS,
    reporter: Reporter | None = None,
) -> Result:
    """Make new videos with the model of a run.

    Parameters
    ----------
    run : str or Path
        The run folder.
    out : str or Path or None
        The folder for `synthesised_000.*` …; by default a new one in `samples/` of the run.
    count : int
        The number of videos.
    start : str or Path
        What chains start from: 'noise' (draws of the reference), 'chains' (those of learning, in
        turn), or a video file or frame folder, which then turns into what was learned. With
        'reference' the draws themselves are the videos, without the network.
    state : str
        Which saved model to use: the 'last', or the best-scoring, 'best', if one was kept.
    frames : int or None
        The number of frames T, by default that of the observed videos, at most 70.
    size : tuple of int or None
        The height and width (H, W) in pixels, by default those of the observed videos.
    steps : int
        The number of Langevin steps from the start to each video.
    step_size : float or None
        The step size ε, by default that of learning.
    fps : float or None
        The frame rate of the files, by default that of learning.
    seed : int
        The seed of the noise; the same seed makes the same videos.
    label : str or None
        Only make videos like those of this label, which is the folder they were found in.
    loop : bool
        Whether the end of a video continues with its beginning.
    tileable : bool
        Whether opposite edges continue each other (texture models only).
    memory : int
        The bytes that sampling may take. Larger videos are sampled tile by tile, with their chains
        in hidden folders in `out`.
    resume : bool
        Whether to continue such a sampling that was stopped in `out`.
    formats : sequence of str
        The formats of the videos to write.
    reporter : Reporter or None
        What receives progress and notes.

    Returns
    -------
    Result
        The files, and the labels of the videos.

    Raises
    ------
    BadRunError
        If the folder is no run, has no learned model, or there is nothing to continue.
    BadOptionError
        If an option is out of range, or the model cannot make such videos.
    BadVideoError
        If the video to start from cannot be read.
    DivergedError
        If a chain runs away.
    OutputError
        If a file cannot be written.
    """
    reporter = reporter or Reporter()
    opened = Run.open(Path(run))
    config = opened.config()
    plan, inputs = Plan.from_dict(config["plan"]), config["inputs"]
    model = opened.load_model(state)
    moving = plan.langevin if step_size is None else replace(plan.langevin, step_size=step_size)
    if frames is None and start != CHAINS:
        frames = usual_frames(model, int(inputs[0]["shape"][0]))
        frames -= frames % periodic.stride(model, 1) if loop else 0
    shape = sampled_shape(model, frames, size)
    turns = _turns([str(entry.get("label", "")) for entry in inputs], model, start, label)
    starts = None
    if start == REFERENCE:
        require(model.coloured, "--from reference", "be of a model of the preset default",
                plan.preset, "Leave it out")
        steps = 0
    elif start != NOISE:
        starts = _starts(opened, model, start, shape, list(turns)[:count], reporter)
    modes = list(turns)
    if start == CHAINS:  # chains belong to slots
        of_slots = modes_of_slots(model.reference.groups(len(inputs)), len(inputs))
        modes = [of_slots[slot] for slot in turns]
    asked = ask(
        model, moving, frames=frames, size=size, steps=steps, seed=seed, starts=starts,
        modes=modes,
        repeating=(1,) * loop + (2, 3) * tileable,
    )
    rate = fps or float(inputs[0]["fps"])
    shown: list[np.ndarray] = []
    at_once = fits_at_once(model, asked, memory)
    require(not (resume and at_once), "--resume", "have something to go on with",
            f"a video that fits into {memory / 1e9:.3g} GB and is sampled at once", "Leave it out")
    with _folder(out, opened, seed) as folder, memory_watched():
        if at_once:
            videos = sample_videos(model, asked, count, reporter.sampling)
            files = write_videos(folder, _kept(videos, shown), rate, formats, reporter)
        else:
            files = write_large(
                model, asked, count, folder, memory, rate, formats, resume, reporter
            )
            every = math.ceil(math.sqrt(math.prod(shape[:3]) / MOST_SHOWN))
            shown += [read_made(path, every) for path in of_each(folder, "synthesised_*")[:SHOWN]]
        files.append(_report(opened, folder, shown, rate))
    named = [turns[which] for which in islice(cycle(turns), count)]
    return Result(
        opened.folder, tuple(files),
        {"count": count, "steps": steps, "seed": seed, "labels": named},
    )


def _folder(out: str | Path | None, run: Run, seed: int) -> AbstractContextManager[Path]:
    """Give the folder for new videos: `out`, or a new one that no other process gets."""
    return filled_folder(run.samples, f"seed_{seed}") if out is None else nullcontext(Path(out))


def _kept(videos: Iterable[np.ndarray], shown: list[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the videos, and keep the first of them in `shown` as well."""
    for video in videos:
        if len(shown) < SHOWN:
            shown.append(to_levels(video))
        yield video


def _report(run: Run, folder: Path, shown: Sequence[np.ndarray], fps: float) -> Path:
    """Write a page of new videos (T, H, W, C) beside the observed one, into their folder."""
    videos = {f"synthesised {number:03d}": video for number, video in enumerate(shown)}
    if run.observed_file.exists():
        videos = {"observed": read_video(run.observed_file).frames, **videos}
    sentence = f"New videos from the run {run.folder}."
    return page_of_videos(folder.name, [sentence], videos, fps).write(folder / "report.html")


def _turns(
    labels: list[str], model: EnergyModel, start: str | Path, label: str | None
) -> dict[int, list[str]]:
    """Return the modes (for chains: the slots) that take turns, each with its labels.

    `labels` are those of the observed videos, `label` the one that was asked for.
    """
    groups = model.reference.groups(len(labels))
    if start == CHAINS:
        groups = slots(groups, len(labels))
    names_of = {number: sorted({labels[v] for v in group}) for number, group in enumerate(groups)}
    kept = {number: names for number, names in names_of.items() if label is None or label in names}
    if not kept:
        known = ", ".join(sorted({name for name in labels if name})) or "none"
        raise BadOptionError(
            f"No video of the label '{label}' was learned; choose one of: {known}. Labels are the "
            "folders in which videos were found."
        )
    return kept


def _grey_chains(run: Run, model: EnergyModel, which: list[int]) -> np.ndarray:
    """Return the chains of some slots in grey levels, (slots, chains, T, H, W, C)."""
    chains = run.chains(which)
    videos = len(run.config()["inputs"])
    modes = modes_of_slots(model.reference.groups(videos), videos)
    return np.stack([
        model.to_grey(own, np.full(len(own), modes[slot]))
        for own, slot in zip(chains, which, strict=True)
    ])


def _starts(
    run: Run, model: EnergyModel, start: str | Path, shape: tuple[int, int, int, int],
    which: list[int], reporter: Reporter,
) -> list[np.ndarray]:
    """Return the videos (T, H, W, C), in grey levels, that chains start from."""
    if start == CHAINS:
        chains = _grey_chains(run, model, which)
        videos = list(np.swapaxes(chains, 0, 1).reshape(-1, *chains.shape[2:]))
        text = "{}x{} and {} frames".format
        require(videos[0].shape == shape, "the learned chains",
                f"have the size asked for, {text(shape[2], shape[1], shape[0])}",
                text(videos[0].shape[2], videos[0].shape[1], len(videos[0])),
                "Leave out --size and --frames")
        return videos
    frames, height, width, channels = shape
    video = read_video(Path(start), size=(height, width), frames=frames, grey=channels == 1)
    for note in video.notes:
        reporter.say(f"{video.name}: {note}")
    return [video.frames]
