"""Memory that is no longer used goes back to the system."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache


def give_back() -> None:
    """Return what has been freed to the system, where the C library can (glibc).

    It keeps freed memory for itself otherwise, in pieces, and what a later step of another kind
    needs would come on top. This takes milliseconds; the memory of a step that is repeated is
    better kept.
    """
    _trim()(0)


@cache
def _trim() -> Callable[[int], object]:
    """Return glibc's `malloc_trim`; where there is none, a function that does nothing."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # macOS, musl; Windows has no such library
        return lambda padding: None
