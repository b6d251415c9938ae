"""The command line as users meet it: help, results, and one clear sentence for each mistake."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from dynpat.datasets import flames
from dynpat.videos import read_video, write_video

Call = Callable[..., Result]
SHORT = ("--iterations", 3, "--chains", 1, "--precision", "float32")


def strict(text: str) -> Any:
    """JSON without the NaN and Infinity that Python writes and others do not read."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


# Help.


@pytest.mark.parametrize("arguments", [["--help"], ["learn", "--help"], ["sample", "--help"],
                                       ["demo", "-h"], ["doctor", "-h"], ["--version"]])
def test_help_loads_nothing_heavy(new_process: Call, arguments: list[str]) -> None:
    script = (
        "import sys; from dynpat_cli.main import main\n"
        f"try: main({arguments!r})\n"
        "finally: print([m for m in ('tensorflow', 'keras', 'av', 'jinja2') if m in sys.modules])"
    )
    done = new_process("-c", script)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_names_every_command_and_option(dynpat: Call) -> None:
    text = dynpat("--help").stdout
    assert all(name in text for name in ("learn", "sample", "demo", "doctor"))
    learn = dynpat("learn", "--help").stdout
    for name in ("out", "size", "frames", "fps", "start", "grey", "chains", "iterations",
                 "time-budget", "langevin-steps", "step-size", "sigma", "learning-rate", "preset",
                 "precision", "seed", "resume", "format", "quiet", "json", "dry-run"):
        assert f"--{name}" in learn


def test_installed_command_runs(new_process: Call) -> None:
    done = new_process("-m", "dynpat_cli", "--version")
    assert done.returncode == 0 and done.stdout.startswith("dynpat, version ")


# What the commands leave and say.


def test_learn_leaves_a_whole_run_folder(
    dynpat: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "söme videos"
    write_video(folder / "flame in the wind.mp4", flames(10, (20, 28)), 25)
    monkeypatch.chdir(tmp_path)
    result = dynpat("learn", folder.name, *SHORT, "--format", "gif,npy")
    assert result.exit_code == 0 and result.stdout == ""
    run = tmp_path / "runs" / folder.name
    assert f"Preview, refreshed while learning: runs/{folder.name}/preview.gif" in result.stderr
    assert f"Next: dynpat sample 'runs/{folder.name}' --count 2" in result.stderr
    left = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert {"config.json", "log.jsonl", "model.keras", "preview.gif", "report.html",
            "samples/synthesised_000.gif", "samples/synthesised_000.npy"} <= left
    assert not [name for name in left if "tmp" in name]
    sampled = np.load(run / "samples/synthesised_000.npy")
    assert sampled.shape == (10, 20, 28, 3) and sampled.dtype == np.float32
    # A second run goes beside the first.
    dynpat("learn", folder.name, *SHORT, "--quiet", "--format", "npy")
    assert (tmp_path / "runs" / f"{folder.name}-2" / "model.keras").is_file()


def test_files_of_a_run_are_strict_json(learned: Path) -> None:
    config = strict((learned / "config.json").read_text(encoding="utf-8"))
    assert config["plan"]["learn"]["iterations"] == 4
    assert config["plan"]["learn"]["time_budget"] is None
    assert config["inputs"][0]["shape"] == [12, 24, 24, 3]
    rows = [strict(line) for line in (learned / "log.jsonl").read_text().splitlines()]
    assert [row["update"] for row in rows] == [1, 2, 3, 4]
    assert {"energy_gap", "gradient_norm", "step_seconds"} <= set(rows[0])


def test_json_is_alone_on_stdout(dynpat: Call, flames_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    result = dynpat("learn", flames_file, "--out", out, *SHORT, "--json", "--format", "gif")
    values = strict(result.stdout)
    assert values["run"] == str(out) and values["metrics"]["update"] == 3
    assert all(Path(name).exists() for name in values["files"])
    assert str(out / "samples" / "synthesised_000.gif") in values["files"]


def test_quiet_says_nothing(dynpat: Call, learned_once: Path, tmp_path: Path) -> None:
    result = dynpat("sample", learned_once, "--steps", 2, "--quiet", "--out", tmp_path / "new")
    assert result.exit_code == 0 and result.output == ""


def test_changes_of_the_input_are_said(dynpat: Call, tmp_path: Path) -> None:
    for name, frames in (("long", 80), ("short", 76)):
        write_video(tmp_path / "in" / f"{name}.gif", flames(12, (24, 24))[np.arange(frames) % 12],
                    25)
    result = dynpat("learn", tmp_path / "in", "--out", tmp_path / "run", "--size", "20x16",
                    "--iterations", 1, "--chains", 1, "--precision", "float32", "--format", "npy")
    assert result.exit_code == 0, result.output
    assert "long: " in result.stderr and "short: " in result.stderr
    assert "24x24" in result.stderr and "20x16" in result.stderr
    assert "70" in result.stderr


def test_sample_makes_what_was_asked_for(
    new_process: Call, learned: Path, tmp_path: Path
) -> None:
    done = new_process("-m", "dynpat_cli", "sample", learned, "--frames", 100, "--count", 2,
                       "--steps", 3, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr and "Warning" not in done.stderr
    files = [Path(name) for name in strict(done.stdout)["files"]]
    made, (page,) = files[:-1], files[-1:]
    assert page.name == "report.html" and page.is_file()
    names = sorted(path.name for path in made)
    assert names == [f"synthesised_{n:03d}.{kind}" for n in range(2) for kind in ("gif", "mp4")]
    for path in made:
        video = read_video(path)
        assert video.frames.shape == (100, 24, 24, 3) and video.fps == pytest.approx(25)


def test_sample_is_a_function_of_the_seed(dynpat: Call, learned: Path, tmp_path: Path) -> None:
    def sampled(folder: str, *options: object) -> np.ndarray:
        dynpat("sample", learned, "--out", tmp_path / folder, "--steps", 2, "--format", "npy",
               *options)
        return np.load(tmp_path / folder / "synthesised_000.npy")

    first = sampled("a", "--seed", 1)
    np.testing.assert_array_equal(first, sampled("b", "--seed", 1, "--count", 2))
    assert not np.array_equal(first, sampled("c", "--seed", 2))
    # Without --out nothing is overwritten.
    for _ in range(2):
        assert dynpat("sample", learned, "--steps", 1, "--format", "npy").exit_code == 0
    assert {path.name for path in (learned / "samples").iterdir() if path.is_dir()} == {
        "seed_0", "seed_0-2"}


def test_dry_run_estimates_and_writes_nothing(
    dynpat: Call, flames_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = dynpat("learn", flames_file, "--dry-run", "--iterations", 10)
    values = strict(result.stdout)
    assert values["updates"] == 10 and values["plan"]["pattern"] == "scene"
    assert values["seconds"] == pytest.approx(10 * values["seconds_per_update"])
    assert values["memory_bytes"] > 100e6
    assert list(tmp_path.iterdir()) == []


def test_memory_bounds_what_passes_the_network_at_once(
    dynpat: Call, flames_file: Path, tmp_path: Path
) -> None:
    free = strict(dynpat("learn", flames_file, "--dry-run", "--iterations", 3).stdout)
    assert free["videos_at_once"] == 4 and free["plan"]["learn"]["memory"] is None
    bound = strict(
        dynpat("learn", flames_file, "--dry-run", "--iterations", 3, "--memory", "1.5GB").stdout
    )
    assert bound["plan"]["learn"]["memory"] == 1_500_000_000
    for text, expected in (
        ("1MB", "0.001GB is too little"), ("much", "not an amount of memory"),
        ("1e400", "not an amount of memory"),
    ):
        refused = dynpat("learn", flames_file, "--memory", text, "--out", tmp_path / "run")
        assert refused.exit_code == 2 and expected in refused.stderr
    endless = dynpat("learn", flames_file, "--time-budget", "9" * 400, "--out", tmp_path / "run")
    assert endless.exit_code == 2 and "is not a time" in endless.stderr
    assert not (tmp_path / "run").exists()


def test_doctor_tells_what_works(dynpat: Call) -> None:
    findings = strict(dynpat("doctor", "--json").stdout)
    names = {finding["name"]: finding for finding in findings}
    assert names["tensorflow"]["works"] is True and names[".mp4 files"]["works"] is True
    assert all(finding["remedy"] for finding in findings if not finding["works"])
    text = dynpat("doctor")
    assert text.exit_code == 0 and "ok  tensorflow: " in text.stdout


def test_demo_learns_and_goes_on(dynpat: Call, tmp_path: Path) -> None:
    out = tmp_path / "demo"
    result = dynpat("demo", "--out", out, "--iterations", 2, "--format", "gif", "--json")
    assert result.exit_code == 0, result.output
    assert (out / "report.html").is_file() and (out / "input" / "flames").is_dir()
    assert strict(result.stdout)["run"] == str(out)


# Where stderr is no terminal.


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """A clock that stands still until its only entry is changed."""
    import dynpat_cli.progress as progress

    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    yield now


def test_progress_in_a_file_is_a_line_now_and_then(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    from dynpat_cli.progress import reporting

    with reporting("Learning", quiet=False) as reporter:
        for update in range(1, 101):
            figures = {"energy_gap": 0.5, "motion": 1.0}
            reporter.learning(update, update / 100, figures, Path("runs/a/preview.gif"))
            clock[0] += 1.0
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert lines[0] == "Preview, refreshed while learning: runs/a/preview.gif"
    assert lines[1] == "In a browser: dynpat report --serve runs/a"
    assert len(lines) == 2 + 3 and "update 32" in lines[2] and "1:08 left" in lines[2]
    assert captured.out == "" and "\x1b" not in captured.err


def test_sampling_has_its_own_pace(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    from dynpat_cli.progress import reporting
    with reporting("Learning", quiet=False) as reporter:
        reporter.sampling(90, 100)  # what went on before is no part of it
        for clock[0] in range(1001, 1035):
            reporter.sampling(int(clock[0]) - 1000, 100)
    assert "1:09 left  step 31" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", [
    "ascii", *(pytest.param(name, marks=pytest.mark.slow) for name in ("cp437", "latin-1")),
])
def test_a_terminal_without_a_dash_gets_plain_characters(
    tmp_path: Path, encoding: str
) -> None:
    write_video(tmp_path / "a.gif", flames(12, (24, 24)), 25)
    done = subprocess.run(
        [sys.executable, "-m", "dynpat_cli", "evaluate", tmp_path / "a.gif", tmp_path / "a.gif",
         "--no-baselines"],
        capture_output=True, env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
    )
    assert done.returncode == 0, done.stderr
    assert b"patches" in done.stdout and b"Traceback" not in done.stderr
    done.stdout.decode(encoding)


def test_sigterm_ends_a_command_tidily_and_is_forgotten_after_it(
    dynpat: Call, learned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def struck(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    before, page = signal.getsignal(signal.SIGTERM), (learned / "report.html").read_bytes()
    monkeypatch.setattr(os, "replace", struck)
    assert dynpat("report", learned).exit_code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == before
    assert (learned / "report.html").read_bytes() == page
    assert not [path for path in learned.iterdir() if ".tmp-" in path.name]


def test_a_reader_that_goes_away_does_not_end_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    from dynpat_cli.progress import ScreenReporter

    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Gone())
    reporter = ScreenReporter("Learning")
    reporter.say("A sentence.")
    reporter.say("Another one.")
    assert reporter.console.quiet


def test_more_chains_than_memory_are_one_sentence(
    refused: Callable[..., str], flames_file: Path, tmp_path: Path
) -> None:
    said = refused("learn", flames_file, "--out", tmp_path / "run", "--chains", 10**9,
                   "--iterations", 1, "--precision", "float32", code=1)
    assert "Out of memory; use a smaller --size" in said
    assert not (tmp_path / "run").exists()
