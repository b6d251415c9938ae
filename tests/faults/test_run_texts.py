"""Texts of a run folder with an entry that is absurd: a right page or result, or one sentence.

Each case is a function of its number: it changes an entry or two of config.json, metrics.json or
log.jsonl, however deep, and then calls a command that reads them.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

CASES = int(os.environ.get("DYNPAT_FUZZ", "1000")) // 25  # 200 before a release
SCRIPT = "<script>alert(1)</script>"
VALUES: list[Any] = [
    0, -1, 1, 3, 2**40, 2**63, 10**30, -(2**31), 16_000, 0.5, 1e-300, 1e300, float("nan"),
    float("inf"), None, True, False, "", "many", "a" * 100_000, "\0", "\ud800", SCRIPT, "../out",
    "../../../etc/passwd", "/etc/passwd", "http://127.0.0.1:9/x.mp4", [], {}, [[[[]]]], [1, 2],
    [99_999, 99_999], ["x"], {"a": 1},
]  # fmt: skip
NAMES = ("config.json", "metrics.json", "log.jsonl")
SHORT = ("--format", "gif")
LINES: list[tuple[str, ...]] = [
    ("report", "run"), ("report", "run"), ("compare", "run", "run", "--out", "new.html"),
    ("sample", "run", "--steps", "1", "--out", "new", *SHORT),
    ("learn", "--resume", "--out", "run", "--iterations", "5", *SHORT),
    ("learn", "--config", "run", "--out", "new", "--iterations", "1", *SHORT),
    ("learn", "--config", "run", "--dry-run"),
]
OURS = {"run", "new", "new.html", "runs"}  # what commands may make or change


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each entry of nested mappings and lists, but for the outermost."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for name, entry in inner:
        yield (*here, name)
        if isinstance(entry, dict | list):
            yield from places(entry, (*here, name))


def spoil(path: Path, rng: random.Random) -> None:
    """Put absurd values into one or two entries of a file of JSON, or of rows of JSON."""
    rows = path.suffix == ".jsonl"
    text = path.read_text(encoding="utf-8")
    values = [json.loads(line) for line in text.splitlines()] if rows else json.loads(text)
    for _ in range(rng.choice([1, 1, 1, 2])):
        *way, last = rng.choice(list(places(values)))
        entry = values
        for name in way:
            entry = entry[name]
        entry[last] = rng.choice(VALUES)
    lines = [json.dumps(row) + "\n" for row in values] if rows else [json.dumps(values)]
    path.write_bytes("".join(lines).encode("utf-8", "surrogatepass"))


def test_absurd_entries_of_texts(
    learned_once: Path, dynpat: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tally: Counter[str] = Counter()
    for number in range(CASES):
        rng = random.Random(number)
        place = tmp_path / f"{number}" / "place"
        shutil.copytree(learned_once, place / "run")
        monkeypatch.chdir(place)
        name, line = rng.choice(NAMES), rng.choice(LINES)
        spoil(place / "run" / name, rng)
        done = dynpat(*line)  # raises whatever is no exit
        assert "Traceback" not in done.output, (number, done.output)
        if done.exit_code:
            assert done.stderr.rstrip().splitlines()[-1].startswith("Error: "), (number, line)
            assert len(done.stderr) < 3000, number
        page = (place / "run" / "report.html").read_text(encoding="utf-8")
        assert SCRIPT not in page, number
        made = {path.name for path in place.iterdir()} | {path.name for path in tmp_path.iterdir()}
        assert made <= OURS | {str(number)}, (number, made)
        tally["refused" if done.exit_code else "read"] += 1
        monkeypatch.chdir(tmp_path)
        shutil.rmtree(tmp_path / str(number))
    print(dict(tally))
    assert min(tally["read"], tally["refused"]) > CASES // 10
