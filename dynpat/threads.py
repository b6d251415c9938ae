"""Do the parts of a computation on all cores, with results in a fixed order."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Found = TypeVar("Found")


def in_order(
    function: Callable[[Item], Found], items: Iterable[Item], most: int | None = None
) -> Iterator[Found]:
    """Yield function(item) for each item, as `map` does; several are computed at the same time.

    NumPy, SciPy and FFmpeg let other threads work while they compute. Only a few results wait at a
    time, for memory's sake: as many as there are cores, or `most` if that is less.
    """
    cores = min(os.cpu_count() or 1, most or sys.maxsize)
    waiting: deque[Future[Found]] = deque()
    with ThreadPoolExecutor(cores) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > cores:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
