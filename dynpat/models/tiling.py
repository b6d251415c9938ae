"""Sample videos larger than memory: the chain lies in files, and a step is made tile by tile.

Each Langevin step reads one file and writes another, so that every tile sees the same old video
around it. Except for rounding, the result is that of a step of the whole video. The state is
written after each step, so that a stopped chain can continue.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dynpat import langevin, seeds
from dynpat.atomic import write_json
from dynpat.config import LangevinConfig
from dynpat.errors import BadRunError, OutputError
from dynpat.kinds import UNFIT
from dynpat.models import EnergyModel
from dynpat.models.sampling import SETTLING, require_sane
from dynpat.models.tiles import Grid, Tile

STATE = "state.json"


class TiledChain:
    """The chain of one video, kept in a folder.

    Parameters
    ----------
    model : EnergyModel
        The model to sample.
    grid : Grid
        How the video is cut into tiles.
    folder : Path
        The folder of the chain's two files and its state; a chain that is there continues.
    seed : int
        The seed of all noise.
    mode : int
        The mode of the model from which the chain starts.
    start : callable or None
        A function that returns a box of the video to start from, (T, H, W, C) grey levels; by
        default the chain starts from noise.
    gradient : callable or None
        The result of `gradient_function`, if several chains share it.

    Raises
    ------
    BadRunError
        If the folder has a damaged chain, or one of another model, seed or shape.
    OutputError
        If the disk has too little space.
    """

    def __init__(
        self, model: EnergyModel, grid: Grid, folder: Path, *, seed: int, mode: int = 0,
        start: Callable[[Sequence[slice]], np.ndarray] | None = None,
        gradient: Callable[..., tf.Tensor] | None = None,
    ) -> None:
        self.model, self.grid, self.folder, self.seed = model, grid, folder, seed
        self.shape = (*grid.shape, int(model.get_config()["channels"]))
        self._gradient = gradient or gradient_function(model)
        self._begin(mode, start, grid.repeating)

    def _begin(
        self, mode: int, start: Callable[[Sequence[slice]], np.ndarray] | None,
        repeating: Sequence[bool],
    ) -> None:
        """Continue what is in the folder, or start anew."""
        identity = {
            "shape": list(self.shape), "seed": self.seed, "mode": mode,
            "weights": _digest(self.model), "repeating": list(repeating),
        }
        if (self.folder / STATE).exists():
            self._restore(identity)
            return
        self.state: dict[str, Any] = {**identity, "step": 0}
        self._require_space()
        self._write_start(mode, start)
        self._save()

    @property
    def step(self) -> int:
        """The number of steps done."""
        return int(self.state["step"])

    def last(self, steps: int) -> int:
        """Return how many steps there are in all, from the start to the video."""
        return steps + SETTLING

    def advance(self, config: LangevinConfig, steps: int, done: Callable[[], None]) -> None:
        """Make the next of `steps` Langevin steps, or of those that remove the noise after them."""
        self.move(config, float(self.step < steps), done)

    def move(
        self, config: LangevinConfig, noise: float, done: Callable[[], None] = lambda: None
    ) -> None:
        """Make one Langevin step, and call `done` after each tile.

        Raises
        ------
        DivergedError
            If the chain runs away; the state before this step is kept.
        """
        shares = tf.nn.softmax(-tf.constant(self.state["energies"], tf.float32))
        levels = tf.constant(self.state["levels"], tf.float32)
        sums = _Sums(self.model)
        for tile in self.grid:
            # The file is opened again, so that pages read before do not count as memory in use.
            region = tile.read(self._open(self.step))
            gradient = self._gradient(region[np.newaxis], shares, levels)[0].numpy()[tile.middle]
            moved = gradient * np.float32(-0.5 * config.step_size**2)
            moved += region[tile.middle]
            del region, gradient  # free the memory before more is taken
            if noise:
                self._add_noise(moved, tile, self.step + 1, noise * config.step_size)
            require_sane(float(np.max([moved.max(), -moved.min()])), self.step + 1)
            self._open(self.step + 1)[tile.inner] = moved
            sums.add(moved)
            del moved
            done()
        self.state |= {"step": self.step + 1, **sums.of_all()}
        self._save()

    def video(self, inner: Sequence[slice]) -> np.ndarray:
        """Return the box `inner` of the video, (T, H, W, C) grey levels, mapped to a file."""
        reached, video = self._open(self.step), self._open(self.step + 1)
        for frame, grey in zip(reached, video, strict=True):
            grey[...] = self.model.to_grey(frame).numpy()
        return video[tuple(inner)]

    def remove(self) -> None:
        """Remove the folder of the chain."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _restore(self, identity: dict[str, Any]) -> None:
        try:
            self.state = json.loads((self.folder / STATE).read_text(encoding="utf-8"))
            other = [name for name, value in identity.items() if self.state[name] != value]
            self._require_files()
        except UNFIT as error:
            raise BadRunError(
                f"The unfinished sample in '{self.folder}' is damaged; delete that folder."
            ) from error
        if other:
            raise BadRunError(
                f"The unfinished sample in '{self.folder}' is of another {' and '.join(other)}; "
                "give the options it was started with, or delete that folder."
            )

    def _require_files(self) -> None:
        """Raise an error if the file of the chain, or a sum over its tiles, is not there."""
        (self.folder / f"chain_{self.step % 2}.npy").stat()
        self._open(self.step)
        for name, count in (("energies", self.model.reference.modes), ("levels", self.shape[-1])):
            if np.asarray(self.state[name], np.float32).shape != (count,):
                raise ValueError(f"{name} of another shape")

    def _write_start(
        self, mode: int, start: Callable[[Sequence[slice]], np.ndarray] | None
    ) -> None:
        sums = _Sums(self.model)
        for tile in self.grid:
            if start is None:
                sides = [own.stop - own.start for own in tile.inner]
                normal = np.zeros((*sides, self.shape[3]), np.float32)
                self._add_noise(normal, tile, 0, 1.0)
                values = self.model.reference.place(
                    tf.constant(normal), tf.constant(mode), spread=self.model.starts_spread
                )
            else:
                values = self.model.to_model(start(tile.inner))
            self._open(0)[tile.inner] = values.numpy()
            sums.add(values.numpy())
        self.state |= sums.of_all()

    def _add_noise(self, values: np.ndarray, tile: Tile, step: int, scale: float) -> None:
        """Add noise to a tile, drawn block by block: it does not depend on how the video is cut."""
        like = tf.zeros((*self.grid.blocks, self.shape[3]))
        for number, place in self.grid.blocks_of(tile):
            drawn = draw_normal(like, tf.constant(seeds.block(self.seed, step, number), tf.int64))
            part = values[place]
            part += np.float32(scale) * drawn.numpy()[tuple(slice(0, n) for n in part.shape[:3])]

    def _open(self, step: int) -> np.ndarray:
        path = self.folder / f"chain_{step % 2}.npy"
        if path.exists():
            return np.load(path, mmap_mode="r+", allow_pickle=False)
        return np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=self.shape)

    def _require_space(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        needed = self._bytes()
        free = shutil.disk_usage(self.folder).free
        if needed > free:
            raise OutputError(
                f"could not write '{self.folder}': the chain takes {needed / 1e9:.1f} GB and "
                f"{free / 1e9:.1f} GB are free; free some space or choose another --out."
            )

    def _bytes(self) -> int:
        """Return how many bytes the files of the chain take."""
        return 2 * 4 * math.prod(self.shape)

    def _save(self) -> None:
        write_json(self.folder / STATE, self.state)


class _Sums:
    """The sums over all tiles that the gradient of a single tile needs."""

    def __init__(self, model: EnergyModel) -> None:
        self.reference = model.reference
        self.energies = np.zeros(self.reference.modes)
        self.total: np.ndarray = np.zeros(int(model.get_config()["channels"]))
        self.pixels = 0

    def add(self, inner: np.ndarray) -> None:
        """Add a tile (T, H, W, C)."""
        if self.reference.modes > 1:
            parts = self.reference.mode_energies(tf.constant(inner[np.newaxis]))
            self.energies += parts[:, 0].numpy()
        self.total = self.total + inner.sum(axis=(0, 1, 2), dtype=np.float64)
        self.pixels += math.prod(inner.shape[:3])

    def of_all(self) -> dict[str, list[float]]:
        """Return the energies of the modes of the reference, and the mean level of each channel."""
        return {
            "energies": self.energies.tolist(), "levels": (self.total / self.pixels).tolist()
        }


draw_normal = tf.function(langevin.standard_normal, jit_compile=False)


def gradient_function(model: EnergyModel) -> Callable[..., tf.Tensor]:
    """Compile ∂E/∂I of a region (1, T, H, W, C); `Reference.energy_of_part` describes the rest."""
    channels = int(model.get_config()["channels"])
    signature = [
        tf.TensorSpec([1, None, None, None, channels]), tf.TensorSpec([model.reference.modes]),
        tf.TensorSpec([channels]),
    ]

    def gradient(region: tf.Tensor, shares: tf.Tensor, levels: tf.Tensor) -> tf.Tensor:
        def energy(part: tf.Tensor) -> tf.Tensor:
            return model.reference.energy_of_part(part, shares, levels) - model.f(part)

        return langevin.energy_gradient(energy, region)

    return tf.function(gradient, input_signature=signature, jit_compile=False)


def _digest(model: EnergyModel) -> str:
    found = hashlib.sha256()
    for weight in model.weights:
        found.update(np.ascontiguousarray(weight.numpy()).tobytes())
    return found.hexdigest()[:16]
