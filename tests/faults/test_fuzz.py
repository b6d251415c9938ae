"""Bad input by the thousand: a right result or one sentence, never a crash, a hang or a flood."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import fuzz
import pytest

# 5000 before a release
FILES = int(os.environ.get("DYNPAT_FUZZ", "1000"))
RUNS = FILES // 20
FEW = 60  # of the files, in every run of the tests
SILENT = 300.0  # seconds without a line: the process hangs, however slow the machine
MOST = 3_000_000_000  # bytes at the peak
ENDS = [f"{kind} {end}" for kind in ("video", "mask") for end in ("read", "refused")]


def outcomes(folder: Path, first: int, last: int) -> list[tuple[int, str]]:
    """What came of each case; a process that died or hung loses its case, a new one goes on."""
    found: list[tuple[int, str]] = []
    while first < last:
        command = [sys.executable, fuzz.__file__, str(folder), str(first), str(last)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            begun = _follow(process, first, found)
        if begun < last and (not found or found[-1][0] != begun):
            found.append((begun, f"LOST: ended with {process.returncode}"))
        first = begun + 1
    return found


def _follow(process: subprocess.Popen[str], first: int, found: list[tuple[int, str]]) -> int:
    """Take down what a process says until its end; returns the last case that it began."""
    lines: queue.Queue[str] = queue.Queue()
    pump = threading.Thread(target=_pump, args=(process.stdout, lines), daemon=True)
    pump.start()
    begun = first
    while True:
        try:
            line = lines.get(timeout=SILENT)
        except queue.Empty:
            process.kill()
            line = ""
        if not line:
            pump.join()
            return begun
        row = json.loads(line)
        begun = row["case"]
        if "outcome" in row:
            large = " LOST: large" if row["peak"] > MOST else ""
            found.append((begun, row["outcome"] + large))


def _pump(stream: object, lines: queue.Queue[str]) -> None:
    for line in stream:  # type: ignore[attr-defined]
        lines.put(line)
    lines.put("")


def require_none_lost(
    found: list[tuple[int, str]], count: int, expected: Iterable[str]
) -> None:
    """All of `count` cases ended, none lost, and there is one of each of the `expected` ends."""
    tally = Counter(outcome.split(":")[0] for _, outcome in found)
    print(f"{len(found)} cases:", dict(sorted(tally.items())))
    lost = [(case, outcome) for case, outcome in found if "LOST" in outcome]
    assert not lost, lost[:20]
    assert len(found) == count
    assert set(expected) <= set(tally)


def test_a_few_broken_files(tmp_path: Path) -> None:
    fuzz.make_corpus(tmp_path / "corpus")
    require_none_lost(outcomes(tmp_path, 100_000, 100_000 + FEW), FEW, ENDS)


@pytest.mark.slow
def test_broken_videos_masks_and_settings(tmp_path: Path) -> None:
    fuzz.make_corpus(tmp_path / "corpus")
    require_none_lost(outcomes(tmp_path, 0, FILES), FILES, ENDS)


@pytest.mark.slow
def test_broken_run_folders(learned: Path, tmp_path: Path) -> None:
    learned.rename(tmp_path / "run")
    require_none_lost(outcomes(tmp_path, 0, RUNS), RUNS, ["run refused"])
