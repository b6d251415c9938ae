"""Samples larger than memory: made tile by tile, one after the other, and gone on with later."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from dynpat.config import require
from dynpat.devices import memory_watched
from dynpat.errors import BadRunError
from dynpat.models import EnergyModel, footprint
from dynpat.models.sampling import SETTLING, Asked, mirrored
from dynpat.models.tiles import cuttable, make_grid, round_up
from dynpat.models.tiling import TiledChain, gradient_function
from dynpat.reporter import Reporter
from dynpat.runs.lock import held
from dynpat.tasks.result import write_videos

UNFINISHED = ".unfinished_"


def fits_at_once(model: EnergyModel, asked: Asked, memory: int) -> bool:
    """Whether a video is sampled whole: it fits, or cannot be cut (an action's; they are small)."""
    return footprint.sampling_bytes(model, asked.chain) <= memory or not cuttable(model)


def write_large(
    model: EnergyModel, asked: Asked, count: int, folder: Path, memory: int, fps: float,
    formats: Sequence[str], resume: bool, reporter: Reporter,
) -> list[Path]:
    """Sample and write videos one after the other; `resume` goes on after a stop.

    Returns
    -------
    list of pathlib.Path
        The files of all of them.

    Raises
    ------
    DynpatError
        One clear sentence.
    """
    require(count >= 1, "count", "be at least 1", count, "Raise --count")
    require(not model.coloured, "--memory", "hold the whole video of a coloured model", memory,
            "Raise it, or lower --size or --frames")
    folder.mkdir(parents=True, exist_ok=True)
    places = [folder / f"{UNFINISHED}{number:03d}" for number in range(count)]
    with held(folder), memory_watched():
        done = _finished(folder, places, resume)
        reporter.say(
            f"Sampled in parts, within {memory / 1e9:.3g} GB. If it is stopped, the same "
            f"command with --out {folder} --resume goes on."
        )
        videos = sample_tiled(model, asked, places, memory, len(done), reporter.sampling)
        files = write_videos(folder, videos, fps, formats, reporter, first=len(done))
    return [path for found in done for path in found] + files


def sample_tiled(
    model: EnergyModel,
    asked: Asked,
    folders: Sequence[Path],
    memory: int,
    first: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[np.ndarray]:
    """As `sampling.sample_videos`, within `memory` bytes, with chains in files.

    Parameters
    ----------
    folders
        Of the chains, one for each video.
    first
        Number of the first video to make.
    progress
        Called with the tiles done and the total.

    Yields
    ------
    (T, H, W, C) float32 grey levels, a mapped file that is gone at the next one
    """
    *edges, channels = asked.chain
    # Whole strides: padding at the ends is then the same for each region as for the whole.
    grown = (*(round_up(model, axis, n) for axis, n in enumerate(edges, start=1)), channels)
    grid = make_grid(model, grown, memory, asked.repeating)
    gradient = gradient_function(model)
    last = asked.steps + SETTLING
    for number, folder in list(enumerate(folders))[first:]:
        start = asked.start_of(number)
        chain = TiledChain(
            model, grid, folder, seed=asked.seed_of(number), mode=asked.mode_of(number),
            start=None if start is None else partial(mirrored, start, asked.inner, grown),
            gradient=gradient,
        )
        counted = (number * last + chain.step) * len(grid)

        def done() -> None:
            nonlocal counted
            counted += 1
            progress(counted, len(folders) * last * len(grid))

        while chain.step < last:
            chain.move(asked.langevin, float(chain.step < asked.steps), done)
        yield chain.video(asked.inner)
        chain.remove()


def _finished(folder: Path, places: list[Path], resume: bool) -> list[list[Path]]:
    """The files of each video that is finished already.

    Raises
    ------
    BadRunError
        There is something to go on with and nobody asked for it, or the other way round.
    """
    unfinished = sorted(folder.glob(f"{UNFINISHED}*"))
    if bool(unfinished) != resume:
        raise BadRunError(
            f"'{folder}' holds an unfinished sample; go on with --resume, or delete "
            f"'{unfinished[0]}'." if unfinished else
            f"'{folder}' holds no unfinished sample to go on with; leave out --resume."
        )
    if not resume:
        return []
    if unfinished[0] not in places:
        raise BadRunError(
            f"The unfinished sample in '{unfinished[0]}' is number "
            f"{unfinished[0].name.removeprefix(UNFINISHED)} of those counted from 0, and --count "
            f"is {len(places)}; give the --count it was started with."
        )
    return [
        sorted(folder.glob(f"synthesised_{own:03d}*"))
        for own in range(places.index(unfinished[0]))
    ]
