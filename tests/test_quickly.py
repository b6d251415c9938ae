"""What makes the tests end in time: smaller results, and a time after which CI begins no more."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from quickly import QUICK, hasten

TRIVIAL = Path(__file__).parent / "test_runs_log.py"


def test_what_is_hastened_is_there_and_becomes_less() -> None:
    put: list[tuple[str, str]] = []

    def note(module: object, name: str, value: object) -> None:
        assert getattr(module, name) is not None
        put.append((module.__name__, name))  # type: ignore[attr-defined]

    hasten(note)
    assert put == [(module, name) for module, values in QUICK.items() for name in values]
    for module, values in QUICK.items():  # as the fixture `quick_results` has left it
        assert {name: getattr(import_module(module), name) for name in values} == values


@pytest.mark.parametrize(("until", "word"), [("0", "skipped"), ("1e30", "passed")])
def test_what_begins_after_the_time_of_ci_is_skipped(until: str, word: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", str(TRIVIAL)],
        env={**os.environ, "DYNPAT_TESTS_UNTIL": until}, capture_output=True, text=True,
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1].split()[1] == word, done.stdout
    assert ("the time that CI has is up" in done.stdout) is (word == "skipped")
