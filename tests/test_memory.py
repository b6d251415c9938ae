"""Freed memory goes back to the system."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys

import pytest

from dynpat import memory

SCRIPT = """
from pathlib import Path
from dynpat.memory import give_back

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))

blocks = [bytes(1000) + b"x" for _ in range(200_000)]
keep = blocks[-1]  # at the top of the heap: without help nothing below it goes back
del blocks
before = resident()
give_back()
print(before - resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps freed memory")
def test_freed_memory_goes_back() -> None:
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=120
    )
    assert int(told.stdout) > 100_000  # kB, of 200 MB


HEAPS = """
import threading
from pathlib import Path
from dynpat.memory import share_one_heap

if {shared}:
    share_one_heap()
turns = [threading.Barrier(5) for _ in range(2)]

def allocate():
    mine = [b"x" * n for n in range(600, 5000)]
    for turn in turns:
        turn.wait()

threads = [threading.Thread(target=allocate) for _ in range(4)]
for thread in threads:
    thread.start()
turns[0].wait()
lines = Path("/proc/self/smaps").read_text().splitlines()
# A heap of a thread is 64 MB of addresses of which it uses the beginning.
heaps = [line for line in lines
         if " rw-p " in line and int(line.split("-")[0], 16) % 2**26 == 0]
turns[1].wait()
print(len(heaps))
"""


def heaps(shared: bool) -> int:
    told = subprocess.run([sys.executable, "-c", HEAPS.format(shared=shared)],
                          capture_output=True, text=True, check=True, timeout=120)
    return int(told.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has several heaps")
def test_threads_share_one_heap() -> None:
    assert heaps(shared=True) < heaps(shared=False)


def test_nothing_happens_where_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    memory._of_glibc.cache_clear()
    try:
        memory.give_back()
        memory.share_one_heap()
        assert [memory._of_glibc(name)(0) for name in ("malloc_trim", "mallopt")] == [None, None]
    finally:
        memory._of_glibc.cache_clear()  # or later tests would go on without
