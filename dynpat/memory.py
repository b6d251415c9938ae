"""Memory that is no longer used goes back to the system."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

_ARENAS = -8  # the number that glibc's <malloc.h> gives M_ARENA_MAX


def give_back() -> None:
    """Return what has been freed to the system, where the C library can (glibc).

    It keeps freed memory for itself otherwise, in pieces, and what a later step of another kind
    needs would come on top. This takes milliseconds; the memory of a step that is repeated is
    better kept.
    """
    _of_glibc("malloc_trim")(0)


def share_one_heap() -> None:
    """Let threads that begin from now on share one heap (glibc).

    Otherwise each has a heap of its own, and what one has freed is of no use to the others.
    """
    _of_glibc("mallopt")(_ARENAS, 1)


@cache
def _of_glibc(name: str) -> Callable[..., object]:
    """Return a function of glibc; where there is none, one that does nothing."""
    import ctypes  # not with `import dynpat`, which has no use for it

    try:
        return getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):  # macOS, musl; Windows has no such library
        return lambda *given: None
