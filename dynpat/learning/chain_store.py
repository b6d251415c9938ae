"""Chains that are too large for memory: each lies in a file, and moves from file to file.

Every move of a chain writes a new file, and no file is ever written twice. So a checkpoint needs
only the number of the file that each chain was in: it is small, is written at once, and going back
to it is exact. Files that neither a kept checkpoint nor the present needs are removed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dynpat.atomic import write_error
from dynpat.errors import BadRunError
from dynpat.learning.chains import Chains, Start

FOLDER = "chains"  # below that of the checkpoints
IN_CHECKPOINT = "chains/{}/.ATTRIBUTES/VARIABLE_VALUE"  # 'video' in memory, 'written' in files
DATA, INDEX = ".data-00000-of-00001", ".index"  # the two files that TensorFlow writes of each
OWN = re.compile(r"(\d+)-(\d+)-(\d+)\.")  # beginning of a name: slot, chain, number
DAMAGED = (tf.errors.DataLossError, tf.errors.NotFoundError, tf.errors.OutOfRangeError)


class StoredChains(Chains):
    """Chains in files, for learning in one process.

    Attributes
    ----------
    written : tf.Variable
        The number of the file in which each chain lies, (slots, chains) int64.
    highest : tf.Variable
        The highest number that a file of each chain ever had, (slots, chains) int64. After the
        return to a checkpoint it is above `written`.
    """

    def __init__(self, start: Start, shape: Sequence[int], seed: int, **settings: Any) -> None:
        super().__init__(shape, seed, **settings)
        self._start = start
        self._folder: Path | None = None
        self._kept: set[str] = set()
        none = tf.zeros(self.shape[:2], tf.int64)
        self.written = tf.Variable(none, trainable=False, name="written")
        self.highest = tf.Variable(none, trainable=False, name="highest")

    @property
    def folder(self) -> Path:
        """The folder of the files."""
        assert self._folder is not None  # `open` comes first
        return self._folder

    def open(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(self._folder, error.strerror) from error

    def begin(self) -> None:
        slots, chains = self.shape[:2]
        own = tf.range(chains, dtype=tf.int64)
        with self.watched():
            for slot in range(slots):  # one after the other: all at once may exceed memory
                places = tf.stack([tf.fill([chains], tf.constant(slot, tf.int64)), own], axis=-1)
                states = {name: state[tf.newaxis] for name, state in self._start(slot).items()}
                self._write(places[tf.newaxis], states)

    def restored(self) -> None:
        highest = self.highest.numpy()
        for _, (slot, chain, number) in self._files():
            if slot < self.shape[0] and chain < self.shape[1]:
                highest[slot, chain] = max(highest[slot, chain], number)
        self.highest.assign(highest)
        size = math.prod(self.shape[2:]) * 4 * (1 + self.moving)
        for name in _names(self.written.numpy()):
            data, index = (self.folder / (name + ending) for ending in (DATA, INDEX))
            if not index.exists() or not data.exists() or data.stat().st_size != size:
                raise ValueError(f"{data} is not whole")

    def keep(self, checkpoints: Sequence[str]) -> None:
        self._kept = {name for path in checkpoints for name in _names(_written(path))}
        self.tidy()

    def tidy(self) -> None:
        needed = self._kept.union(_names(self.written.numpy()))
        for path, numbers in self._files():
            if _name(*numbers) not in needed:
                path.unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[Path, tuple[int, int, int]]]:
        """Yield the files of chains, whole or not, each with its slot, chain and number."""
        for path in self.folder.iterdir():
            if found := OWN.match(path.name):
                slot, chain, number = map(int, found.groups())
                yield path, (slot, chain, number)

    def first(self) -> tf.Tensor:
        with self.watched():
            return self._read("video", tf.zeros([1, 1, 2], tf.int64))[0, 0]

    def _read(self, state: str, places: tf.Tensor) -> tf.Tensor:
        paths = self._paths(places, tf.gather_nd(self.written, places))
        found = [
            tf.raw_ops.RestoreV2(
                prefix=path, tensor_names=[state], shape_and_slices=[""], dtypes=[tf.float32]
            )[0]
            for path in tf.unstack(paths)
        ]
        return tf.reshape(tf.stack(found), [*places.shape[:2], *self.shape[2:]])

    def _write(self, places: tf.Tensor, states: Mapping[str, tf.Tensor]) -> None:
        numbers = tf.gather_nd(self.highest, places) + 1
        count = places.shape[0] * places.shape[1]
        rows = [tf.unstack(tf.reshape(of, [-1, *self.shape[2:]]), count) for of in states.values()]
        saved = [
            tf.raw_ops.SaveV2(
                prefix=path, tensor_names=list(states), shape_and_slices=[""] * len(states),
                tensors=values,
            )
            for path, *values in zip(
                tf.unstack(self._paths(places, numbers)), *rows, strict=True
            )
        ]
        # Nothing else asks for the files, and a graph leaves out what nobody asks for.
        with tf.control_dependencies([] if tf.executing_eagerly() else saved):
            self.highest.scatter_nd_update(places, numbers)
            self.written.scatter_nd_update(places, numbers)

    def _paths(self, places: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
        """Return the paths (B·K,), without ending, of the files of chains."""
        parts = [*tf.unstack(tf.reshape(places, [-1, 2]), axis=-1), tf.reshape(numbers, [-1])]
        name = tf.strings.join([tf.strings.as_string(part) for part in parts], "-")
        return tf.ensure_shape(
            tf.strings.join([f"{self.folder}/", name]), (places.shape[0] * places.shape[1],)
        )

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Turn errors of the files into one sentence.

        Raises
        ------
        BadRunError
            If a file is damaged or gone.
        OutputError
            If a file cannot be written.
        """
        try:
            yield
        except tf.errors.OpError as error:
            if str(self.folder) not in error.message:
                raise
            if isinstance(error, DAMAGED):
                raise BadRunError(
                    f"A file in '{self.folder}', which holds the chains of learning, is damaged or "
                    "gone; bring it back, or start a new run."
                ) from error
            raise write_error(self.folder, error.message) from error


def chains_in(checkpoint: str, slots: Sequence[int]) -> np.ndarray:
    """Return the chains of some slots at a checkpoint, (slots, chains, T, H, W, C).

    The errors are those of `tf.train.load_checkpoint`.
    """
    reader = tf.train.load_checkpoint(checkpoint)
    if not reader.has_tensor(IN_CHECKPOINT.format("written")):
        return np.asarray(reader.get_tensor(IN_CHECKPOINT.format("video")))[list(slots)]
    folder, numbers = Path(checkpoint).parent / FOLDER, _written(checkpoint)
    return np.stack([
        [
            tf.train.load_checkpoint(str(folder / _name(slot, chain, number))).get_tensor("video")
            for chain, number in enumerate(numbers[slot])
        ]
        for slot in slots
    ])


def _written(checkpoint: str) -> np.ndarray:
    reader = tf.train.load_checkpoint(checkpoint)
    return np.asarray(reader.get_tensor(IN_CHECKPOINT.format("written")))


def _names(written: np.ndarray) -> Iterator[str]:
    for (slot, chain), number in np.ndenumerate(written):
        yield _name(slot, chain, number)


def _name(slot: int, chain: int, number: int) -> str:
    return f"{slot}-{chain}-{number}"
