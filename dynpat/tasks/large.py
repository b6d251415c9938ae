"""Make samples larger than memory tile by tile, one after the other, and continue after a stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from dynpat.config import require
from dynpat.errors import BadRunError
from dynpat.models import EnergyModel, footprint
from dynpat.models.sampling import Asked, mirrored
from dynpat.models.tiles import cuttable, make_grid, round_up
from dynpat.models.tiling import TiledChain, gradient_function
from dynpat.models.tiling_coloured import ColouredTiledChain, slope_function
from dynpat.reporter import Reporter
from dynpat.runs.lock import held
from dynpat.tasks.result import write_videos

UNFINISHED = ".unfinished_"


def fits_at_once(model: EnergyModel, asked: Asked, memory: int) -> bool:
    """Return whether a video is sampled whole: because it fits, or because it cannot be cut."""
    return footprint.sampling_bytes(model, asked.chain) <= memory or not cuttable(model)


def write_large(
    model: EnergyModel, asked: Asked, count: int, folder: Path, memory: int, fps: float,
    formats: Sequence[str], resume: bool, reporter: Reporter,
) -> list[Path]:
    """Sample and write videos one after the other; `resume` continues after a stop.

    Returns
    -------
    list of Path
        The files of all videos.

    Raises
    ------
    BadRunError
        If the folder has something to continue without `resume`, or nothing with it.
    BadOptionError
        If even the smallest tiles need more memory.
    DivergedError
        If a chain runs away.
    OutputError
        If a file cannot be written.
    """
    require(count >= 1, "count", "be at least 1", count, "Raise --count")
    folder.mkdir(parents=True, exist_ok=True)
    places = [folder / f"{UNFINISHED}{number:03d}" for number in range(count)]
    with held(folder):
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
    """Make videos as `sampling.sample_videos` does, in `memory` bytes, with chains in files.

    Parameters
    ----------
    model : EnergyModel
        The learned model.
    asked : Asked
        The checked request.
    folders : sequence of Path
        The folders of the chains, one for each video.
    memory : int
        The bytes that sampling may take.
    first : int
        The number of the first video to make.
    progress : callable
        A function that is called with the number of tiles done and their total.

    Yields
    ------
    ndarray
        A video, (T, H, W, C) float32 grey levels, mapped to a file that the next video replaces.
    """
    begin = _beginning(model, asked, memory)
    for number, folder in list(enumerate(folders))[first:]:
        chain = begin(number, folder)
        last, tiles = chain.last(asked.steps), len(chain.grid)
        done = _counter(progress, (number * last + chain.step) * tiles, len(folders) * last * tiles)
        while chain.step < last:
            chain.advance(asked.langevin, asked.steps, done)
        yield chain.video(asked.inner)
        chain.remove()


def _counter(progress: Callable[[int, int], None], counted: int, total: int) -> Callable[[], None]:
    """Return what reports one more tile at each call."""

    def done() -> None:
        nonlocal counted
        counted += 1
        progress(counted, total)

    return done


def _beginning(
    model: EnergyModel, asked: Asked, memory: int
) -> Callable[[int, Path], TiledChain]:
    """Return what begins, or continues, the chain of a video, by its number, in a folder."""
    *edges, channels = asked.chain
    # With whole strides, padding at the ends is the same for each region as for the whole video.
    grown = (*(round_up(model, axis, n) for axis, n in enumerate(edges, start=1)), channels)
    make: Callable[..., TiledChain]
    if model.coloured:
        make = partial(
            ColouredTiledChain, model, grown, memory, repeating=asked.repeating,
            gradient=slope_function(model),
        )
    else:
        grid = make_grid(model, grown, memory, asked.repeating)
        make = partial(TiledChain, model, grid, gradient=gradient_function(model))

    def begin(number: int, folder: Path) -> TiledChain:
        start = asked.start_of(number)
        return make(
            folder=folder, seed=asked.seed_of(number), mode=asked.mode_of(number),
            start=None if start is None else partial(mirrored, start, asked.inner, grown),
        )

    return begin


def _finished(folder: Path, places: list[Path], resume: bool) -> list[list[Path]]:
    """Return the files of each video that is finished already.

    Raises
    ------
    BadRunError
        If there is something to continue without `resume`, or nothing with it.
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
