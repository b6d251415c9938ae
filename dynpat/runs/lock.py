"""The lock of a run folder: only one process at a time works in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from dynpat.errors import BadRunError

LOCK = ".lock"
HOLDER = ".holder"  # a file with the number of the process


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Lock a folder, so that no other process can lock it inside this context.

    If a process is killed, the system releases its lock.

    Raises
    ------
    BadRunError
        If another process has locked the folder.
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
        with suppress(OSError):  # the disk is full, and learning will say so
            holder.write_text(str(os.getpid()), encoding="ascii")
        yield
    finally:
        for path in (holder, folder / LOCK):
            with suppress(OSError):
                path.unlink()
        lock.release()
