"""Sample videos larger than memory with a coloured model: see `tiling` for models of other kinds.

A step has two parts. The gradient of f is computed tile by tile, through a grid that is shifted as
in a step of the whole video. The gradient of the reference, of which every pixel is a part, comes
group by group of frames from a Fourier transform in a file (`waves`). The long waves that f is not
shown are taken out of each tile that f sees, and of its gradient (`long_waves`); they are measured
when a tile of a gradient, or a group of frames, is written.
All files keep what a step began with until it is done, so that a stopped chain can continue.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from dynpat import langevin, seeds
from dynpat.config import LangevinConfig
from dynpat.models import EnergyModel, footprint, network, periodic
from dynpat.models.long_waves import LongWaves
from dynpat.models.sampling import VIEWS, require_sane
from dynpat.models.tiles import Grid, Tile, make_grid, read_box
from dynpat.models.tiling import TiledChain, draw_normal
from dynpat.models.view import shift_of
from dynpat.models.waves import Waves, groups

VIDEO, VELOCITY, SLOPE, SPARE = "video", "velocity", "slope", "spare"  # what the files hold
FILES = [VIDEO, VELOCITY, SLOPE, SPARE]
STARTED, DRAWN = -2, -1  # the numbers of the noise of the start and of the velocity, beside steps


class _Line(NamedTuple):
    """One axis of a tile in the video: the places of its region, all pads, and its own part."""

    first: int
    last: int
    pads: tuple[int, int]
    inner: slice
    middle: slice


class ColouredTiledChain(TiledChain):
    """The chain of one video of a coloured model, kept in a folder.

    Parameters
    ----------
    model : EnergyModel
        The coloured model to sample.
    shape : tuple of int
        The shape (T, H, W, C) of the chain; multiples of the strides on the axes that are cut.
    memory : int
        The bytes that sampling may take.
    folder : Path
        The folder of the chain's files and its state; a chain that is there continues.
    seed : int
        The seed of all noise, and of the shifts of f's grid.
    mode : int
        The mode of the model that the video is of.
    start : callable or None
        A function that returns a box of the video to start from, (T, H, W, C) grey levels; by
        default the chain starts from a draw of the reference.
    repeating : tuple of int
        The axes (1 time, 2 height, 3 width) on which the video repeats.
    gradient : callable or None
        The result of `slope_function`, if several chains share it.

    Raises
    ------
    BadRunError
        If the folder has a damaged chain, or one of another model, seed or shape.
    BadOptionError
        If even the smallest tiles need more memory.
    OutputError
        If the disk has too little space.
    """

    def __init__(
        self, model: EnergyModel, shape: tuple[int, ...], memory: int, folder: Path, *, seed: int,
        mode: int = 0, start: Callable[[Sequence[slice]], np.ndarray] | None = None,
        repeating: Sequence[int] = (), gradient: Callable[..., tf.Tensor] | None = None,
    ) -> None:
        self.model, self.shape, self.folder, self.seed = model, shape, folder, seed
        self.modes = tf.constant([mode])
        self._gradient = gradient or slope_function(model)
        self.around = _around(model, repeating)
        self.grid = grid_of(model, shape, memory, repeating)
        self._waves: Waves | None = None
        self._long = LongWaves(shape, float(model.get_config()["longest_wave"]), repeating)
        self._hidden: np.ndarray | None = None  # amplitudes of the video, which views do not change
        self._begin(mode, start, [axis in repeating for axis in (1, 2, 3)])

    def last(self, steps: int) -> int:
        return steps + VIEWS if steps else 0

    def advance(self, config: LangevinConfig, steps: int, done: Callable[[], None]) -> None:
        if self.step < steps:
            self.move(config, 1.0, done)
        else:
            self.look(self.step - steps, done)

    def move(
        self, config: LangevinConfig, noise: float, done: Callable[[], None] = lambda: None
    ) -> None:
        if config.momentum and self.step == 0:
            for own in groups(self.shape):
                self._file(VELOCITY)[own] = noise * self._normal(DRAWN, own)
        long_slopes = hidden = np.zeros((), np.float32)
        for box, slope in self._tiles(seeds.step(self.seed, self.step), done):
            self._file(SLOPE)[box] = slope
            long_slopes = long_slopes + self._long.measured(slope, _places(box))
        for own, gradient in self._ready().filtered(lambda own: self._file(VIDEO)[own], -1.0):
            gradient -= self._slopes(own, long_slopes)
            moved = self._moved(own, gradient, config, noise)
            require_sane(float(np.max(np.abs(moved))), self.step + 1)
            self._file(SLOPE)[own] = moved  # whose slopes are not needed any more
            hidden = hidden + self._long.measured(moved, _places(self._box(own)))
        self._hidden = hidden
        changed = {VIDEO: SLOPE, SLOPE: VIDEO}
        self._done(changed | ({VELOCITY: SPARE, SPARE: VELOCITY} if config.momentum else {}))

    def _moved(
        self, own: slice, gradient: np.ndarray, config: LangevinConfig, noise: float
    ) -> np.ndarray:
        """Return frames (T, H, W, C) after a step; the new velocity goes to a file."""
        step, share = np.float32(config.step_size), np.float32(config.momentum)
        normal = np.float32(noise) * self._normal(self.step, own) if noise else np.float32(0)
        frames = np.array(self._file(VIDEO)[own])
        if not config.momentum:
            return np.asarray(frames - 0.5 * step**2 * gradient + step * normal)
        gradient *= np.float32(1 if self.step else 0.5) * step
        velocity = self._file(VELOCITY)[own] - gradient
        frames += 0.5 * step * velocity
        velocity *= share
        velocity += np.sqrt(1 - share**2) * normal
        self._file(SPARE)[own] = velocity
        frames += 0.5 * step * velocity
        return frames

    def look(self, view: int, done: Callable[[], None] = lambda: None) -> None:
        """Add up the gradient of f through another of the grids over which the end is averaged."""
        for box, slope in self._tiles((0, view), done):
            self._file(SPARE)[box] = slope + self._file(SLOPE)[box] if view else slope
        self._done({SLOPE: SPARE, SPARE: SLOPE})

    def video(self, inner: Sequence[slice]) -> np.ndarray:
        rho = np.float32(self.model.sigma)
        long_slopes = self._amplitudes(SLOPE) if self.step else None
        for own, gradient in self._ready().filtered(lambda own: self._file(VIDEO)[own], -1.0):
            if long_slopes is not None:
                gradient -= self._slopes(own, long_slopes) / np.float32(VIEWS)
            clean = self._file(VIDEO)[own] - rho**2 * gradient
            self._file(SPARE)[own] = self.model.to_grey(clean[np.newaxis], self.modes)[0].numpy()
        return self._file(SPARE)[tuple(inner)]

    def _tiles(
        self, seed: tuple[int, int], done: Callable[[], None]
    ) -> Iterator[tuple[tuple[slice, ...], np.ndarray]]:
        """Yield where tiles lie, and ∂f/∂y there with its long waves; `seed` shifts f's grid."""
        before = shift_of(self.model.reach or (), tf.constant(seed, tf.int64)).numpy()
        if self._hidden is None:
            self._hidden = self._amplitudes(VIDEO)
        for tile in self.grid:
            lines = [self._line(tile, axis, int(before[axis])) for axis in range(3)]
            inner, middle = (tuple(getattr(own, name) for own in lines)
                             for name in ("inner", "middle"))
            if all(place.stop > place.start for place in inner):
                pads = tf.constant([(0, 0), *(own.pads for own in lines), (0, 0)])
                part = self._long.without(*self._part(lines), self._hidden)[np.newaxis]
                yield inner, self._gradient(part, pads, self.modes)[0].numpy()[middle]
            done()

    def _line(self, tile: Tile, axis: int, before: int) -> _Line:
        """Where a tile lies on an axis if the grid is shifted by `before` places."""
        own, around = self.shape[axis], self.around[axis]
        start, stop = self.grid.ends(axis, tile.inner[axis].start, tile.inner[axis].stop)
        start, stop = start - before - around, stop - before - around
        first, last = max(start, -around), min(stop, own + around)
        inner = slice(max(tile.inner[axis].start - before - around, 0),
                      min(tile.inner[axis].stop - before - around, own))
        return _Line(first, last, (first - start, stop - last), inner,
                     slice(inner.start - first, inner.stop - first))

    def _part(self, lines: Sequence[_Line]) -> tuple[np.ndarray, list[np.ndarray]]:
        """The region of a tile, (T, H, W, C), which may go around the ends, and its places."""
        places = [np.arange(own.first, own.last) % n
                  for own, n in zip(lines, self.shape, strict=False)]
        return read_box(self._file(VIDEO), places), places

    def _box(self, own: slice) -> tuple[slice, ...]:
        """Where whole frames lie in the video."""
        return own, *(slice(0, n) for n in self.shape[1:3])

    def _amplitudes(self, name: str) -> np.ndarray:
        """The amplitudes of the long waves in a file, which f is not shown."""
        boxes = (self._box(own) for own in groups(self.shape))
        parts = (self._long.measured(self._file(name)[box], _places(box)) for box in boxes)
        return sum(parts, start=np.zeros((), np.float32))

    def _slopes(self, own: slice, long_slopes: np.ndarray) -> np.ndarray:
        """Slopes of frames without their long waves, which have these amplitudes."""
        places = _places(self._box(own))
        return self._long.without(np.array(self._file(SLOPE)[own]), places, long_slopes)

    def _write_start(
        self, mode: int, start: Callable[[Sequence[slice]], np.ndarray] | None
    ) -> None:
        self.state["files"] = FILES
        if start is None:
            drawn = self._ready().filtered(lambda own: self._normal(STARTED, own), 0.5)
            for own, frames in drawn:
                self._file(VIDEO)[own] = frames
            return
        for own in groups(self.shape):
            grey = start(self._box(own))
            self._file(VIDEO)[own] = self.model.to_model(grey[np.newaxis], self.modes)[0]

    def _normal(self, step: int, own: slice) -> np.ndarray:
        """The noise of frames (T, H, W, C) at a step, whatever the tiles are."""
        pairs = (seeds.block(self.seed, step, at) for at in range(own.start, own.stop))
        like = tf.zeros(self.shape[1:])
        return np.stack([draw_normal(like, tf.constant(pair, tf.int64)).numpy() for pair in pairs])

    def _ready(self) -> Waves:
        """The transforms, which are made when they are first needed."""
        if self._waves is None:
            mode = int(self.modes[0])
            self._waves = Waves(self.model.reference, mode, self.shape, self.folder)  # type: ignore[arg-type]
        return self._waves

    def _done(self, changed: dict[str, str]) -> None:
        """Count a step that is done; files change what they hold with it."""
        files = [changed.get(name, name) for name in self.state["files"]]
        self.state |= {"step": self.step + 1, "files": files}
        self._save()

    def _file(self, name: str) -> np.ndarray:
        path = self.folder / f"chain_{self.state['files'].index(name)}.npy"
        if path.exists():
            return np.asarray(np.load(path, mmap_mode="r+", allow_pickle=False))
        return np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=self.shape)

    def _require_files(self) -> None:
        if sorted(self.state["files"]) != sorted(FILES):
            raise ValueError("other files")
        (self.folder / f"chain_{self.state['files'].index(VIDEO)}.npy").stat()
        self._file(VIDEO)

    def _bytes(self) -> int:
        return len(FILES) * 4 * math.prod(self.shape) + Waves.bytes_of(self.shape)


def _places(box: Sequence[slice]) -> list[np.ndarray]:
    """The places of a box on each axis."""
    return [np.arange(own.start, own.stop) for own in box]


def grid_of(
    model: EnergyModel, shape: Sequence[int], memory: int, repeating: Sequence[int] = ()
) -> Grid:
    """Return how what f sees of a chain (T, H, W, C) is cut: the chain, and what is around it.

    Raises
    ------
    BadOptionError
        If even the smallest tiles need more than `memory` bytes.
    """
    edges = zip(shape, _around(model, repeating), model.reach or (0, 0, 0), strict=False)
    grown = (*(n + 2 * own + more for n, own, more in edges), shape[3])
    return make_grid(model, grown, memory, bytes_of=footprint.slope_bytes)


def _around(model: EnergyModel, repeating: Sequence[int]) -> list[int]:
    """How far f sees a repeating video again around itself; elsewhere there are zeros around it."""
    return [periodic.margin(model, axis) if axis in repeating else 0 for axis in (1, 2, 3)]


def slope_function(model: EnergyModel) -> Callable[..., tf.Tensor]:
    """Compile ∂f/∂y of a region (1, T, H, W, C) with zeros around what f sees, of `modes` (1,)."""
    channels = int(model.get_config()["channels"])
    signature = [
        tf.TensorSpec([1, None, None, None, channels]), tf.TensorSpec([5, 2], tf.int32),
        tf.TensorSpec([1], tf.int32),
    ]

    def slope(region: tf.Tensor, pads: tf.Tensor, modes: tf.Tensor) -> tf.Tensor:
        def f(part: tf.Tensor) -> tf.Tensor:
            seen = tf.pad(model.input_scale * model.reference.seen(part, modes), pads)
            features = tf.ensure_shape(seen, [1, None, None, None, channels])
            return network.top_of(model.network, features)

        return langevin.energy_gradient(f, region)

    return tf.function(slope, input_signature=signature, jit_compile=False)
