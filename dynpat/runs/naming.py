"""Names of new folders, which no two processes get both."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from dynpat.atomic import write_error


def run_name(source: str | Path) -> str:
    """Return the name of a run on a video file or folder; `.` and `..` have a name too."""
    return Path(os.path.abspath(source)).stem or "videos"


def new_folder(parent: Path, name: str) -> Path:
    """Make the first of `parent/name`, `parent/name-2` … that does not exist, and return it.

    The system makes a folder only once, so that two processes never get the same one.

    Raises
    ------
    OutputError
        If it cannot be made.
    """
    for number in count(1):
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            if isinstance(error, FileExistsError) and os.path.lexists(folder):
                continue
            raise write_error(folder, error.strerror) from error
        break
    return folder


@contextmanager
def filled_folder(parent: Path, name: str) -> Iterator[Path]:
    """Give a new folder as `new_folder` does; one that a failure leaves empty is removed.

    Raises
    ------
    OutputError
        If it cannot be made.
    """
    folder = new_folder(parent, name)
    try:
        yield folder
    finally:
        with suppress(OSError):  # a folder with something in it stays
            folder.rmdir()
