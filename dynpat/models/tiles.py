"""Cut a video into tiles that pass the network one after the other.

The energy is a sum of terms that each see only a few pixels. To compute ∂E/∂I of a tile exactly, it
is enough to know the tile and a rim around it, as wide as the network sees.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dynpat.errors import BadOptionError
from dynpat.models import EnergyModel, footprint, periodic

BLOCK = (32, 64, 64)  # about the frames, height and width of the blocks in which noise is drawn


def read_box(video: np.ndarray, places: Sequence[np.ndarray]) -> np.ndarray:
    """Return a copy of `video` at `places` of each axis, which is fast if they are one box."""
    # Places that go around an end of the video are not one box.
    if any(line[-1] - line[0] != len(line) - 1 for line in places):
        return video[np.ix_(*places)]
    return np.array(video[tuple(slice(line[0], line[-1] + 1) for line in places)])


@dataclass(frozen=True)
class Tile:
    """A box of a video; each attribute has an entry for each axis (T, H, W)."""

    inner: tuple[slice, ...]
    """Where the tile lies in the video."""
    region: tuple[np.ndarray, ...]
    """Where the values of the tile and its rim lie in the video."""
    middle: tuple[slice, ...]
    """Where the tile lies in its region."""

    def read(self, video: np.ndarray) -> np.ndarray:
        """Return a copy of the region, which is fast in a mapped file if the region is one box."""
        return read_box(video, self.region)


@dataclass(frozen=True)
class Grid:
    """A video (T, H, W) cut into tiles that are made of whole blocks.

    The attributes have an entry for each axis: `parts` is the number of tiles, `blocks` the length
    of a block, `rims` how far the network sees, and `repeating` whether the video goes on at its
    other end.
    """

    shape: tuple[int, ...]
    parts: tuple[int, ...]
    blocks: tuple[int, ...]
    rims: tuple[int, ...]
    repeating: tuple[bool, ...]

    def edges(self, axis: int) -> list[tuple[int, int]]:
        """Return where tiles begin and end on an axis; the last tiles may be shorter or missing."""
        length, block = self.shape[axis], self.blocks[axis]
        whole = -(-length // (self.parts[axis] * block)) * block
        return [(start, min(start + whole, length)) for start in range(0, length, whole)]

    def ends(self, axis: int, start: int, stop: int) -> tuple[int, int]:
        """Return where the region of a tile begins and ends on an axis."""
        if self.repeating[axis]:
            return start - self.rims[axis], stop + self.rims[axis]
        return max(start - self.rims[axis], 0), min(stop + self.rims[axis], self.shape[axis])

    def largest(self) -> tuple[int, ...]:
        """Return the shape (T, H, W) of the largest region."""
        spans = [[self.ends(axis, *edge) for edge in self.edges(axis)] for axis in range(3)]
        return tuple(max(stop - start for start, stop in found) for found in spans)

    def work(self) -> int:
        """Return how many values of one channel pass the network."""
        spans = [[self.ends(axis, *edge) for edge in self.edges(axis)] for axis in range(3)]
        return math.prod(sum(stop - start for start, stop in found) for found in spans)

    def __len__(self) -> int:
        return math.prod(len(self.edges(axis)) for axis in range(3))

    def __iter__(self) -> Iterator[Tile]:
        for corner in itertools.product(*(self.edges(axis) for axis in range(3))):
            regions = [self.ends(axis, *edge) for axis, edge in enumerate(corner)]
            yield Tile(
                tuple(slice(*edge) for edge in corner),
                tuple(np.arange(*ends) % n for ends, n in zip(regions, self.shape, strict=True)),
                tuple(slice(edge[0] - ends[0], edge[1] - ends[0])
                      for edge, ends in zip(corner, regions, strict=True)),
            )

    def blocks_of(self, tile: Tile) -> Iterator[tuple[int, tuple[slice, ...]]]:
        """Yield the number of each block of a tile in the video, and where it lies in the tile."""
        counts = [-(-n // block) for n, block in zip(self.shape, self.blocks, strict=True)]
        axes = [
            [(at // block, slice(at - own.start, min(at + block, own.stop) - own.start))
             for at in range(own.start, own.stop, block)]
            for own, block in zip(tile.inner, self.blocks, strict=True)
        ]
        for where in itertools.product(*axes):
            number = 0
            for (index, _), count in zip(where, counts, strict=True):
                number = number * count + index
            yield number, tuple(place for _, place in where)


def cuttable(model: EnergyModel) -> tuple[int, ...]:
    """Return the axes (1 time, 2 height, 3 width) on which the network is the same everywhere."""
    return tuple(axis for axis in (1, 2, 3) if periodic.alike(model, axis))


def round_up(model: EnergyModel, axis: int, length: int) -> int:
    """Round a length up to whole strides of the network, on an axis that can be cut."""
    every = periodic.stride(model, axis) if periodic.alike(model, axis) else 1
    return -(-length // every) * every


def make_grid(
    model: EnergyModel, shape: tuple[int, ...], memory: int, repeating: tuple[int, ...] = (),
    bytes_of: Callable[[EnergyModel, tuple[int, ...]], int] = footprint.sampling_bytes,
) -> Grid:
    """Return the grid of least work for a video (T, H, W, C) whose steps fit into `memory` bytes.

    A step of a tile takes what `bytes_of` says of its shape.

    Raises
    ------
    BadOptionError
        If even the smallest tiles need more memory.
    """
    axes = cuttable(model)
    strides = [periodic.stride(model, axis) if axis in axes else shape[axis - 1]
               for axis in (1, 2, 3)]
    rims = tuple(periodic.margin(model, axis) if axis in axes else 0 for axis in (1, 2, 3))
    blocks = tuple(s * max(1, round(b / s)) for s, b in zip(strides, BLOCK, strict=True))
    counts = [range(1, 1 + -(-n // block)) for n, block in zip(shape, blocks, strict=False)]
    around = tuple(axis in repeating for axis in (1, 2, 3))
    grids = [Grid(shape[:3], parts, blocks, rims, around) for parts in itertools.product(*counts)]

    def needed(grid: Grid) -> int:
        return bytes_of(model, (*grid.largest(), shape[3]))

    fitting = [grid for grid in grids if needed(grid) <= memory]
    if not fitting:
        least = min(needed(grid) for grid in grids)
        raise BadOptionError(
            f"--memory {memory / 1e9:.3g}GB is too little: {least / 1e9:.2g} GB are needed for the "
            "smallest part of a video. Raise it, or lower --size or --frames."
        )
    return min(fitting, key=lambda grid: (grid.work(), math.prod(grid.parts)))
