"""Every command, whatever befalls it: one sentence or none, whole files, and it can go on."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import calling
import numpy as np
import pytest
from calling import Fault, called
from thoroughness import THOROUGH

from dynpat.datasets import FRAMES_PER_SECOND, boat, flames
from dynpat.videos import read_video, write_video

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SHORT = ("--iterations", "4", "--chains", "1", "--precision", "float32", "--format", "npy,gif,mp4")
FILL = (*SHORT, "--window", "8")
LEARNING = ("learn", "recover", "inpaint", "extend")
LINES: dict[str, tuple[str, ...]] = {
    "learn": ("learn", "fire.mp4", "--out", "new", *SHORT),
    "recover": ("recover", "fire.mp4", "--occlude", "region:0.1", "--out", "new", *FILL),
    "inpaint": ("inpaint", "boat.mp4", "--mask", "mask.npy", "--out", "new", *FILL),
    "extend": ("extend", "fire.mp4", "--frames", "4", "--out", "new", *FILL),
    "sample": ("sample", "run", "--out", "new", "--steps", "4", "--format", "npy,gif,mp4,png"),
    "evaluate": ("evaluate", "fire.mp4", "boat.mp4", "--no-baselines", "--report", "new/how.html"),
    "report": ("report", "run"),
}
# `learn` meets with as much in test_commands.py; inpaint and extend go the way of recover.
TRIED = tuple(LINES) if THOROUGH else ("recover", "sample", "evaluate", "report")
SIGNALS = {
    "SIGTERM": Fault(signal.SIGTERM), "Ctrl-C twice later": Fault(signal.SIGINT, number=2, count=6),
}
FULL = (0, 3_000)  # bytes
if THOROUGH:
    SIGNALS |= {
        "SIGTERM later": Fault(signal.SIGTERM, count=4), "Ctrl-C": Fault(signal.SIGINT),
        "Ctrl-C later": Fault(signal.SIGINT, count=4),
        "Ctrl-C twice": Fault(signal.SIGINT, number=2),
    }  # fmt: skip
    FULL += (300, 20_000, 100_000, 1_000_000)


@pytest.fixture
def place(tmp_path: Path, learned_once: Path) -> Iterator[Path]:
    write_video(tmp_path / "fire.mp4", flames(12, (24, 24)), FRAMES_PER_SECOND)
    scene = boat(12, (32, 40))
    write_video(tmp_path / "boat.mp4", scene.video, FRAMES_PER_SECOND)
    np.save(tmp_path / "mask.npy", scene.mask)
    shutil.copytree(learned_once, tmp_path / "run")
    yield tmp_path


def require_tidy(
    place: Path, done: calling.Done, codes: tuple[int, ...], silent: bool = False
) -> None:
    """It ended by itself without a traceback, and whatever it left is whole.

    A failure is one sentence, unless it was interrupted or may be `silent`.
    """
    assert done.code in codes, (done.code, done.stderr[-800:])
    assert "Traceback" not in done.stderr, done.stderr
    if done.code in (1, 2) and "Aborted!" not in done.stderr and not silent:
        (line,) = [line for line in done.stderr.splitlines() if line.startswith("Error:")]
        assert len(line) > 30
    for path in place.rglob("*"):
        assert ".tmp-" not in path.name and ".old-" not in path.name, path
        if path.suffix in (".gif", ".mp4") and path.is_file():
            assert len(read_video(path).frames) > 1
        elif path.suffix == ".npy":
            assert np.isfinite(np.load(path)).all(), path
        elif path.suffix == ".html" and path.is_file():
            assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")


def require_goes_on(place: Path, name: str) -> None:
    """The same command, or --resume where there is a run, ends as if nothing had been."""
    line: tuple[str, ...] = LINES[name]
    if name in LEARNING and (place / "new" / "config.json").exists():
        line = (name, "--resume", "--out", "new", "--format", "npy")
    done = called(place, *line)
    assert done.code == 0, (line, done.stderr[-800:])


@pytest.mark.parametrize("what", SIGNALS)
@pytest.mark.parametrize("name", TRIED)
def test_signals(name: str, what: str, place: Path) -> None:
    done = called(place, *LINES[name], fault=SIGNALS[what])
    require_tidy(place, done, (0, 1, 128 + signal.SIGTERM))
    require_goes_on(place, name)


@pytest.mark.parametrize("largest", FULL)
@pytest.mark.parametrize("name", TRIED)
def test_a_disk_that_is_full(name: str, largest: int, place: Path) -> None:
    done = called(place, *LINES[name], fault=Fault(largest=largest))
    # Standard error is a file, too: with no room at all nothing can be said.
    require_tidy(place, done, (0, 1), silent=largest == 0)
    if done.code and largest:
        assert "could not write" in done.stderr, done.stderr
    if name in LEARNING and (place / "new" / "log.jsonl").exists() and not list(
        (place / "new").glob("checkpoints/*.index")
    ):
        shutil.rmtree(place / "new")  # nothing was learned that could be gone on with
    require_goes_on(place, name)


@pytest.mark.parametrize("name", TRIED)
def test_an_input_that_vanishes(name: str, place: Path) -> None:
    """While the command works it has read its input; without it, it says which."""
    line = LINES[name]
    gone = place / (line[1] if name != "sample" else "run/model.keras")
    keep = place / "kept"
    if gone.is_file():
        shutil.copy(gone, keep)
        done = called(place, *line, fault=Fault(gone=str(gone)))
        require_tidy(place, done, (0, 1, 2))
        shutil.rmtree(place / "new", ignore_errors=True)
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink(missing_ok=True)
    done = called(place, *line)
    require_tidy(place, done, (2,))
    assert gone.name in done.stderr or "run" in done.stderr
    assert not (place / "new").exists()


@pytest.mark.parametrize("unread", [(1,), (2,), (1, 2)], ids=["stdout", "stderr", "both"])
@pytest.mark.parametrize("name", TRIED)
def test_nobody_reads(name: str, unread: tuple[int, ...], place: Path) -> None:
    """As in `dynpat … | head -0`: the work is done all the same."""
    more = () if name in ("report", "evaluate") else ("--json",)
    done = called(place, *LINES[name], *more, fault=Fault(unread=unread))
    require_tidy(place, done, (0, 1), silent=True)
    made = place / ("run/report.html" if name == "report" else "new")
    assert made.exists()
    if name in LEARNING:
        assert (place / "new" / "report.html").exists()


@pytest.mark.parametrize("name", TRIED)
def test_folders_that_cannot_be_written(name: str, place: Path) -> None:
    """Under /proc nobody may make a file, whoever runs the tests."""
    if name == "report":
        (place / "run" / "report.html").unlink()
        (place / "run" / "report.html").mkdir()
        done = called(place, *LINES[name])
    else:
        done = called(place, *(part.replace("new", "/proc/new") for part in LINES[name]))
    require_tidy(place, done, (1, 2))
    assert "could not write" in done.stderr, done.stderr


@pytest.mark.parametrize("name", TRIED)
def test_a_clock_that_jumps(name: str, place: Path) -> None:
    require_tidy(place, called(place, *LINES[name], fault=Fault(jumps=True)), (0,))


@pytest.mark.parametrize("name", TRIED)
def test_two_processes_on_one_folder(name: str, place: Path) -> None:
    """One of them works there, or both one after the other; nothing is mixed or half-written."""
    texts = [[place / f"{one}{number}.txt" for one in "oe"] for number in range(2)]
    both = [calling.start(place, LINES[name], Fault(), own) for own in texts]
    # Both have to end first: while one works still, its unfinished files are no litter.
    ends = [calling.ended(process, own) for process, own in zip(both, texts, strict=True)]
    for done in ends:
        require_tidy(place, done, (0, 2) if name in LEARNING else (0,))
    codes = sorted(done.code for done in ends)
    assert codes[0] == 0
    if name in LEARNING:
        assert codes == [0, 2]
        assert len((place / "new" / "log.jsonl").read_text().splitlines()) == 4
