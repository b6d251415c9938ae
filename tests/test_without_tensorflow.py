"""What needs no TensorFlow does not load it, and no command lets its log come out."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from dynpat_cli.main import COMMANDS

Process = Callable[..., subprocess.CompletedProcess[str]]

# Whoever only asks for TensorFlow or Keras ends the process.
FORBIDDEN = """
import sys

class Forbidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("tensorflow", "keras"):
            sys.exit(f"{name} was imported")

sys.meta_path.insert(0, Forbidden())
"""
COMMAND = """
import sys
from dynpat.quality import metrics
from dynpat_cli.main import main

metrics.PATCHES, metrics.PROJECTIONS = 400, 16  # quick figures
main(prog_name="dynpat")
"""
ARRAYS = """
import dynpat
from dynpat.datasets import flames
from dynpat.quality import metrics

metrics.PATCHES, metrics.PROJECTIONS = 400, 16  # quick figures
observed, other = flames(10, (24, 24), seed=0), flames(10, (24, 24), seed=1)
print(sorted(dynpat.evaluate(observed, [other, other])["baselines"]))
"""
# What TensorFlow's C++ and Python write: a level, the date and a source file; or a warning.
LOG = re.compile(
    r"^([IWEF]\d{4} \d|\d{4}-\d\d-\d\d .*: [IWEF] |WARNING: All log|WARNING:tensorflow)"
    r"|oneDNN|cudart|absl|Warning:", re.MULTILINE,
)
TASKS = {
    "learn": ("VIDEO", "--out", "OUT", "--iterations", 1),
    "sample": ("RUN", "--out", "OUT", "--steps", 2),
    "evaluate": ("VIDEO", "VIDEO"),
    "recover": ("VIDEO", "--out", "OUT", "--iterations", 1, "--box", "5,5,4,4"),
    "inpaint": ("VIDEO", "--out", "OUT", "--iterations", 1, "--box", "5,5,4,4"),
    "extend": ("VIDEO", "--out", "OUT", "--iterations", 1, "--frames", 2),
    "demo": ("--out", "OUT", "--iterations", 1),
}
OFTEN = ("sample", "evaluate")  # the others share their way of loading TensorFlow
WITHOUT_QUIET = {
    "compare": ("RUN", "RUN", "--out", "PAGE"), "report": ("RUN",), "doctor": ("--json",),
}


@pytest.fixture
def call(
    new_process: Process, flames_file: Path, learned: Path, tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command in a process of its own: `call(("report", "RUN"), before=…)`."""
    places = {
        "VIDEO": flames_file, "FOLDER": flames_file.parent, "RUN": learned,
        "OUT": tmp_path / "out", "PAGE": tmp_path / "page.html",
    }

    def run(words: tuple[object, ...], before: str = "") -> subprocess.CompletedProcess[str]:
        return new_process("-c", before + COMMAND, *(places.get(str(w), w) for w in words))

    return run


@pytest.mark.parametrize("words", [
    ("--help",), ("--version",), *((command, "--help") for command in COMMANDS),
    ("evaluate", "VIDEO", "VIDEO"),
    ("evaluate", "VIDEO", "FOLDER", "--report", "PAGE", "--json"),
    ("report", "RUN"),
    ("compare", "RUN", "RUN", "--out", "PAGE"),
], ids=lambda words: " ".join(map(str, words)))  # fmt: skip
def test_these_commands_do_without(
    call: Callable[..., subprocess.CompletedProcess[str]], words: tuple[object, ...]
) -> None:
    done = call(words, before=FORBIDDEN)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_what_is_forbidden_is_seen(
    call: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = call(("sample", "RUN"), before=FORBIDDEN)
    assert done.returncode == 1 and "was imported" in done.stderr


def test_arrays_are_judged_without(new_process: Process) -> None:
    done = new_process("-c", FORBIDDEN + ARRAYS)
    assert (done.returncode, done.stderr) == (0, "")
    assert "linear system" in done.stdout


@pytest.mark.parametrize("quiet", [False, True], ids=["loud", "quiet"])
@pytest.mark.parametrize("command", [
    task if task in OFTEN else pytest.param(task, marks=pytest.mark.slow) for task in TASKS
])
def test_no_log_comes_out(
    call: Callable[..., subprocess.CompletedProcess[str]], command: str, quiet: bool
) -> None:
    done = call((command, *TASKS[command], *(["--quiet"] if quiet else [])))
    assert done.returncode == 0, done.stderr
    assert LOG.search(done.stderr) is None, done.stderr
    if quiet:
        assert done.stderr == ""


@pytest.mark.parametrize("command", WITHOUT_QUIET)
def test_nor_of_those_that_say_nothing(
    call: Callable[..., subprocess.CompletedProcess[str]], command: str
) -> None:
    done = call((command, *WITHOUT_QUIET[command]))
    assert (done.returncode, done.stderr) == (0, "")


def test_every_command_is_tried() -> None:
    assert {*TASKS, *WITHOUT_QUIET} == set(COMMANDS)


@pytest.mark.parametrize("line", [
    "I0000 00:00:1795726993.460377   20345 cudart_stub.cc:31] Could not find cuda drivers.",
    "2026-11-26 21:02:24.123456: I tensorflow/core/platform/cpu_feature_guard.cc:182] This",
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "WARNING:tensorflow:5 out of the last 5 calls triggered tf.function retracing.",
])  # fmt: skip
def test_a_log_is_known_by_its_lines(line: str) -> None:
    assert LOG.search(f"Preview: run/preview.gif\n{line}\n")
