"""Every command, as its own process: nothing goes over a network, and a seed fixes every result."""

from __future__ import annotations

import io
import os
import resource
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
import quickly

from dynpat.datasets import FRAMES_PER_SECOND, boat, flames
from dynpat.videos import write_video

pytestmark = pytest.mark.slow

NO_SOCKETS = """
import pathlib, socket
log = pathlib.Path({log!r})
def refuse(self, *arguments):
    if self.family != socket.AF_UNIX:
        log.write_text(repr(arguments))
        raise OSError("no network here")
for name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, name, refuse)
def lookup(*arguments, **options):
    log.write_text(repr(arguments))
    raise OSError("no network here")
socket.getaddrinfo = socket.gethostbyname = lookup
"""
COMMAND = sys.executable, quickly.__file__
SHORT = ("--iterations", "4", "--chains", "1", "--precision", "float32")
FILL = (*SHORT, "--window", "8", "--format", "npy")


def commands(place: Path) -> Iterator[tuple[str, ...]]:
    """Each command of the command line, with small work; later ones use what earlier ones made."""
    fire, sea = str(place / "fire.mp4"), str(place / "boat")
    yield "learn", fire, "--out", str(place / "run"), *SHORT, "--format", "npy,gif"
    yield "learn", fire, "--out", str(place / "run2"), *SHORT, "--seed", "1", "--format", "npy,gif"
    new = ("--out", str(place / "new"), "--steps", "4", "--format", "npy,gif")
    yield "sample", str(place / "run"), *new
    yield "recover", fire, "--occlude", "region:0.1", "--out", str(place / "recovered"), *FILL
    yield "inpaint", sea, "--mask", str(place / "mask.npy"), "--out", str(place / "clean"), *FILL
    yield "extend", fire, "--frames", "4", "--out", str(place / "longer"), *FILL
    made = str(place / "new" / "synthesised_000.gif")
    yield "evaluate", fire, made, "--report", str(place / "how.html"), "--json"
    yield "report", str(place / "run")
    yield "compare", str(place / "run"), str(place / "run2"), "--out", str(place / "both.html")
    yield "demo", "--iterations", "1", "--out", str(place / "demo"), "--format", "npy"
    yield ("doctor",)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write_video(tmp_path / "fire.mp4", flames(12, (24, 24)), FRAMES_PER_SECOND)
    scene = boat(12, (32, 40))
    write_video(tmp_path / "boat", scene.video, FRAMES_PER_SECOND)
    np.save(tmp_path / "mask.npy", scene.mask)
    return tmp_path


def called(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *arguments]
    return subprocess.run(command, capture_output=True, text=True, **options)  # type: ignore[call-overload,no-any-return]


@pytest.mark.timeout(1800)  # twenty processes
def test_a_seed_fixes_the_results_of_every_command_and_none_uses_a_network(place: Path) -> None:
    """Bit-equal in float32: arrays, pictures, weights and figures of one seed, run for run.

    The demo is left out, which may choose another precision.

    The first time each command runs where every look at a network is noted and refused.
    """
    (place / "site").mkdir()
    log = place / "asked.txt"
    (place / "site" / "sitecustomize.py").write_text(NO_SOCKETS.format(log=str(log)))
    alone = {**os.environ, "PYTHONPATH": str(place / "site")}
    check = "import socket; socket.create_connection(('127.0.0.1', 9))"
    assert subprocess.run([sys.executable, "-c", check], env=alone).returncode
    assert log.exists()
    log.unlink()
    found, seen, figures = [], set(), []
    for number, environment in enumerate((alone, dict(os.environ))):
        own = place / str(number)
        own.mkdir()
        for name in ("fire.mp4", "boat", "mask.npy"):
            (own / name).symlink_to(place / name)
        for arguments in commands(own):
            if number == 0 or arguments[0] not in ("demo", "doctor", "report", "compare"):
                done = called(*arguments, env=environment)
                assert done.returncode == 0, (arguments, done.stderr)
                assert not log.exists(), (arguments, log.read_text())
                seen.add(arguments[0])
                if arguments[0] == "evaluate":
                    figures.append(done.stdout.replace(str(own), ""))
        found.append(fixed_by_a_seed(own))
    assert figures[0] == figures[1] and '"videos"' in figures[0]
    from dynpat_cli.main import COMMANDS

    assert seen == set(COMMANDS)
    assert set(found[0]) == set(found[1]) and len(found[0]) > 40
    for name, value in found[0].items():
        np.testing.assert_array_equal(value, found[1][name], name)
    assert not np.array_equal(
        np.load(place / "0/run/samples/synthesised_000.npy"),
        np.load(place / "0/run2/samples/synthesised_000.npy"),
    )


def fixed_by_a_seed(place: Path) -> dict[str, np.ndarray]:
    """Return, by name, all arrays, the bytes of new GIFs, and the weights of models."""
    found: dict[str, np.ndarray] = {}
    for path in sorted(path for path in place.rglob("*") if "demo" not in path.parts):
        name = str(path.relative_to(place))
        if path.suffix == ".npy":
            found[name] = np.load(path)
        elif path.suffix == ".gif" and path.stem.endswith("_000"):
            found[name] = np.frombuffer(path.read_bytes(), np.uint8)
        elif path.name == "model.keras":
            with zipfile.ZipFile(path) as archive:
                content = io.BytesIO(archive.read("model.weights.h5"))
            with h5py.File(content, "r") as weights:
                weights.visititems(lambda key, item, name=name: found.update(
                    {f"{name} {key}": item[()]} if isinstance(item, h5py.Dataset) else {}
                ))
    return found


def require_one_sentence(
    done: subprocess.CompletedProcess[str], *words: str, code: int = 1
) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("Error:")]
    assert all(word in line for word in words), line


def test_files_that_may_not_grow(place: Path) -> None:
    """What a full disk does: one sentence, and nothing half-written is left."""

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = called("learn", str(place / "fire.mp4"), "--out", str(place / "run"), *SHORT,
                  preexec_fn=limited)
    require_one_sentence(done, "could not write", "choose another --out")
    left = [path.name for path in (place / "run").rglob("*") if ".tmp-" in path.name]
    assert not left
    again = called("learn", "--resume", "--out", str(place / "run"))
    assert again.returncode in (0, 1) and "Traceback" not in again.stderr


def test_an_input_that_vanishes(place: Path) -> None:
    run = str(place / "run")
    assert called("learn", str(place / "fire.mp4"), "--out", run, *SHORT).returncode == 0
    (place / "fire.mp4").unlink()
    done = called("learn", "--resume", "--out", run, "--iterations", "8")
    require_one_sentence(done, "fire.mp4", "is not there", code=2)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "> /dev/full 2> /dev/full"])
def test_closed_and_full_outputs(place: Path, closed: str) -> None:
    """The work is done whoever listens; it is not done twice, and it does not hang."""
    out = place / "run"
    command = (f"{' '.join(COMMAND)} learn {place / 'fire.mp4'} --out {out} --json "
               f"{' '.join(SHORT)} {closed}")
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert "Traceback" not in done.stderr, done.stderr
    assert (out / "model.keras").exists()


def test_sigterm_saves_and_a_resumed_run_ends_as_if_undisturbed(
    place: Path, state_of: Callable[[Path], dict[str, np.ndarray]], wait_until: Callable[..., None]
) -> None:
    steps = ("--iterations", "24", "--chains", "1", "--precision", "float32", "--format", "npy")
    straight = called("learn", str(place / "fire.mp4"), "--out", str(place / "a"), *steps)
    assert straight.returncode == 0
    process = subprocess.Popen(
        [*COMMAND, "learn", str(place / "fire.mp4"), "--out", str(place / "b"), *steps],
        stderr=subprocess.PIPE, text=True,
    )
    log = place / "b" / "log.jsonl"
    wait_until(lambda: log.exists() and log.read_text().count("\n") > 3, process)
    process.send_signal(signal.SIGTERM)
    _, text = process.communicate()
    assert "--resume" in text
    done = called("learn", "--resume", "--out", str(place / "b"), "--format", "npy")
    assert done.returncode == 0, done.stderr
    ends = [state_of(place / name) for name in ("a", "b")]
    for name, value in ends[0].items():
        np.testing.assert_array_equal(value, ends[1][name], name)


def test_a_clock_that_jumps_does_not_end_learning(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Budgets are counted by a clock that cannot be set."""
    from dynpat.runs.plan import make_plan
    from dynpat.tasks import learn as tasks

    jumps = iter(range(10**9, 0, -10**6))
    monkeypatch.setattr(time, "time", lambda: float(next(jumps)))
    plan = make_plan([place / "fire.mp4"], precision="float32",
                           learn={"iterations": 5, "chains": 1, "time_budget": 500.0})
    result = tasks.learn(plan, place / "run", formats=("npy",))
    assert result.finished and result.metrics["update"] == 5
