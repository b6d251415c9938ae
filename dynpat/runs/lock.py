"""One process at a time works in a run folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from dynpat.errors import BadRunError

LOCK = ".lock"
HOLDER = ".holder"  # with the number of the process


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """While open, no other process can open it for the same folder.

    A process that is killed leaves nothing that holds: the system lets go of its lock.

    Raises
    ------
    BadRunError
        If another process works there.
    """
    lock, holder = FileLock(folder / LOCK), folder / HOLDER
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        who = "another process"
        with suppress(OSError):
            who = f"process {holder.read_text(encoding='ascii')}"
        raise BadRunError(
            f"'{folder}' is in use by {who}; wait until it ends, or stop it."
        ) from error
    try:
        with suppress(OSError):  # only a full disk; learning will say so
            holder.write_text(str(os.getpid()), encoding="ascii")
        yield
    finally:
        for path in (holder, folder / LOCK):
            with suppress(OSError):
                path.unlink()
        lock.release()
