"""Arrays in an unnamed file, for data that are too large for memory and are read in parts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

import numpy as np

from dynpat.errors import OutputError

HELD_BYTES = 2**28  # the most bytes of observed videos in memory; larger ones all go to a file


class Shelf:
    """Arrays that are kept in memory if they are few, and otherwise all in one file.

    The file lies in the folder for temporary files (`TMPDIR`). It has no name and disappears with
    the last of its arrays, or with the process. The end of the context ends writing.
    """

    def __init__(self) -> None:
        self._held: list[np.ndarray] = []
        self._places: list[tuple[int, np.dtype, tuple[int, ...]]] = []  # of the arrays in the file
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Shelf:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def put(self, array: np.ndarray) -> None:
        """Add one array.

        Raises
        ------
        OutputError
            If the folder for temporary files is full or cannot be written.
        """
        self._held.append(array)
        if sum(own.nbytes for own in self._held) > HELD_BYTES:
            self._write()

    def arrays(self) -> list[np.ndarray]:
        """Return all arrays in the order in which they came; those in a file are read-only.

        Raises
        ------
        OutputError
            If the folder for temporary files is full or cannot be written.
        """
        if self._file is None:
            return self._held
        self._write()
        with _disk():
            # All arrays share one map: a map keeps a file open, and a process may open only 1,024.
            levels = np.asarray(np.memmap(self._file, np.uint8, "r"))
        return [
            np.ndarray(shape, dtype, levels, offset) for offset, dtype, shape in self._places
        ]

    def _write(self) -> None:
        with _disk():
            # The file is written before it is mapped: a full disk is then an error and no signal.
            self._file = self._file or tempfile.TemporaryFile()  # noqa: SIM115 - till __exit__
            for array in self._held:
                self._places.append((self._file.tell(), array.dtype, array.shape))
                self._file.write(np.ascontiguousarray(array).data.cast("B"))
            self._file.flush()
        self._held = []


def stacked(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Stack arrays as `numpy.stack` does; above `HELD_BYTES` the result is read-only in a file.

    Raises
    ------
    OutputError
        If the folder for temporary files is full or cannot be written.
    """
    if sum(array.nbytes for array in arrays) <= HELD_BYTES:
        return np.stack(arrays)
    with Shelf() as shelf:
        for array in arrays:
            shelf.put(array)
        first = shelf.arrays()[0]  # the others follow it in the file
    return np.ndarray((len(arrays), *first.shape), first.dtype, first.base)


@contextmanager
def _disk() -> Iterator[None]:
    """Turn an error of the disk into one sentence."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"could not write to '{tempfile.gettempdir()}', where videos lie that are too much for "
            f"memory: {error.strerror or error}; free some space there or set TMPDIR to another "
            "folder."
        ) from error
