"""Two processes never work in one run folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dynpat.errors import BadRunError
from dynpat.runs.lock import held

HOLD = """
import sys
from pathlib import Path
from dynpat.runs.lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path: Path) -> subprocess.Popen[str]:
    """A process that holds the folder until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_another_process_is_named(other: subprocess.Popen[str], tmp_path: Path) -> None:
    with pytest.raises(BadRunError, match=f"in use by process {other.pid}"), held(tmp_path):
        pass
    other.communicate("")
    with held(tmp_path):
        pass


def test_a_killed_process_holds_nothing(other: subprocess.Popen[str], tmp_path: Path) -> None:
    other.kill()
    other.communicate()
    with held(tmp_path):
        assert (tmp_path / ".holder").read_text() == str(os.getpid())
    assert not list(tmp_path.iterdir())


def test_a_run_in_use_is_not_resumed(refused: Callable[..., str], learned: Path) -> None:
    with held(learned):
        said = refused("learn", "--resume", "--out", learned)
    assert f"in use by process {os.getpid()}" in said
