"""Learning that is stopped, killed or out of space, and goes on."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from dynpat.datasets import ocean
from dynpat.errors import OutputError
from dynpat.reporter import Reporter
from dynpat.runs.folder import Run
from dynpat.runs.plan import Plan, make_plan
from dynpat.tasks import learn as tasks
from dynpat.tasks.resume import resume
from dynpat.videos import write_video

Call = Callable[..., Result]
State = Callable[[Path], dict[str, np.ndarray]]
UPDATES = 6


def short_plan(video: Path, **changes: Any) -> Plan:
    """A plan of six updates in float32, in which bit-equality is promised."""
    learn = {"iterations": UPDATES, "chains": 2, **changes.pop("learn", {})}
    return make_plan([video], precision="float32", learn=learn, **changes)


def require_equal_runs(one: Path, other: Path, state_of: State) -> None:
    """Same weights, chains and counters to the last bit, and each update logged once."""
    states = state_of(one), state_of(other)
    assert set(states[0]) == set(states[1]) and any("chains" in name for name in states[0])
    for name, value in states[0].items():
        np.testing.assert_array_equal(value, states[1][name], err_msg=name)
    models = Run.open(one).load_model(), Run.open(other).load_model()
    for mine, its in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(mine, its)
    for run in (one, other):
        rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
        assert [row["update"] for row in rows] == list(range(1, UPDATES + 1))
    assert _energies(one) == _energies(other)


def _energies(run: Path) -> list[float]:
    lines = (run / "log.jsonl").read_text().splitlines()
    return [json.loads(line)["energy_gap"] for line in lines]


@pytest.fixture(scope="module")
def undisturbed(
    flames_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The run of `short_plan` that nothing disturbed."""
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    return tasks.learn(short_plan(flames_file), out, formats=("npy",)).run


# Stop and go on.


class Signals(Reporter):
    """Sends this process a signal after an update, as Ctrl-C or `kill` would."""

    def __init__(self, number: int, at: int) -> None:
        self.number, self.at = number, at

    def learning(
        self, update: int, fraction: float, figures: dict[str, float], preview: Path
    ) -> None:
        if update == self.at:
            os.kill(os.getpid(), self.number)


def test_stopped_run_goes_on_bit_equal(
    dynpat: Call, flames_file: Path, undisturbed: Path, tmp_path: Path, state_of: State
) -> None:
    out = tmp_path / "stopped"
    ctrl_c = Signals(signal.SIGINT, at=3)
    stopped = tasks.learn(short_plan(flames_file), out, formats=(), reporter=ctrl_c)
    assert not stopped.finished and stopped.metrics["update"] == 3
    assert Run.open(out).load_model() is not None
    assert dynpat("learn", "--resume", "--out", out, "--format", "npy").exit_code == 0
    require_equal_runs(out, undisturbed, state_of)
    for name in ("synthesised_000.npy", "synthesised_001.npy"):
        ours, theirs = (np.load(run / "samples" / name) for run in (out, undisturbed))
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.slow
def test_stop_with_windows_and_batches_of_several_videos(
    tmp_path: Path, state_of: State
) -> None:
    videos = tmp_path / "videos"
    for number in range(3):
        write_video(videos / f"{number}.gif", ocean(14, (16, 16), number), 25)
    plan = short_plan(videos, window=8, grey=True, learn={"batch": 2, "chains": 1})
    whole = tasks.learn(plan, tmp_path / "whole", formats=("npy",)).run
    part = tasks.learn(plan, tmp_path / "part", reporter=Signals(signal.SIGTERM, 2)).run
    assert resume(part, formats=("npy",)).finished
    require_equal_runs(part, whole, state_of)


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from dynpat.tasks import learn as tasks
from test_tasks_learn import Signals, short_plan
plan = short_plan(Path({video!r}), learn={{"checkpoint_every": {every}}})
tasks.learn(plan, {out!r}, reporter=Signals(9, at=4))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("every", "kept"), [(0.0, 3), (1e9, 0)])
def test_killed_run_goes_on_bit_equal(
    new_process: Call, flames_file: Path, undisturbed: Path, tmp_path: Path, state_of: State,
    every: float, kept: int,
) -> None:
    out = tmp_path / "killed"
    script = KILLED.format(
        tests=str(Path(__file__).parent), video=str(flames_file), every=every, out=str(out)
    )
    killed = new_process("-W", "ignore", "-c", script)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    # The log is ahead of the checkpoint: what came after it is learned and logged again.
    assert len((out / "log.jsonl").read_text().splitlines()) == 4
    assert (out / "checkpoints" / f"ckpt-{kept}.index").is_file()
    assert not (out / "model.keras").exists()
    resume(out, formats=("npy",))
    require_equal_runs(out, undisturbed, state_of)


@pytest.mark.slow
def test_interrupt_from_outside_says_how_to_go_on(
    flames_file: Path, tmp_path: Path, wait_until: Call
) -> None:
    out = tmp_path / "a run"
    process = subprocess.Popen(
        [sys.executable, "-m", "dynpat_cli", "learn", str(flames_file), "--out", str(out),
         "--iterations", "100000", "--chains", "1", "--precision", "float32", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    )
    log = out / "log.jsonl"
    try:
        wait_until(lambda: log.exists() and log.read_text().count("\n") > 2, process)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate()
    finally:
        process.kill()
    assert process.returncode == 0, stderr
    assert stderr.splitlines()[-1] == (
        f"Stopped and saved; go on with: dynpat learn --resume --out {shlex.quote(str(out))}"
    )
    assert json.loads(stdout)["finished"] is False
    assert all(name not in stderr for name in ("Traceback", "Warning", "Error"))
    assert (out / "model.keras").is_file() and (out / "report.html").is_file()


# What a resumed run may be given.


@pytest.mark.slow
def test_resume_beyond_the_end(dynpat: Call, learned: Path) -> None:
    again = dynpat("learn", "--resume", "--out", learned, "--format", "npy")
    assert again.exit_code == 0
    assert "reached its limit at update 4; to learn on, raise --iterations" in again.stderr
    on = dynpat("learn", "--resume", "--out", learned, "--iterations", 6, "--format", "npy")
    assert on.exit_code == 0 and "reached its limit" not in on.stderr
    rows = [json.loads(line) for line in (learned / "log.jsonl").read_text().splitlines()]
    assert [row["update"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert Run.open(learned).plan().learn.iterations == 6


def test_resume_refuses_other_settings(
    refused: Callable[..., str], dynpat: Call, learned: Path, flames_file: Path
) -> None:
    assert "name its folder by --out" in refused("learn", "--resume")
    resume = ("learn", "--resume", "--out", learned)
    for options in (["--sigma", 2], ["--chains", 3], ["--size", "20"], ["--grey"],
                    ["--pattern", "texture"], ["--langevin-steps", 99], ["--seed", 1]):
        sentence = refused(*resume, *options)
        assert f"{options[0]} cannot be changed on --resume" in sentence
    assert "VIDEOS cannot be changed" in refused(*resume, "other.mp4")
    # The same command once more with --resume says what the run says already.
    same = ("--chains", 2, "--precision", "float32", "--seed", 0, "--format", "npy", "--quiet")
    assert dynpat(*resume, flames_file, *same).exit_code == 0


def test_dry_run_of_a_resumed_run(dynpat: Call, learned: Path) -> None:
    before = (learned / "config.json").read_bytes()
    result = dynpat("learn", "--resume", "--out", learned, "--iterations", 50, "--dry-run")
    assert json.loads(result.stdout)["updates"] == 50
    assert (learned / "config.json").read_bytes() == before


# Disk and memory that run out.

FULL = """
import resource, sys
from pathlib import Path
from dynpat.tasks import learn as tasks
from dynpat.errors import DynpatError
from dynpat.runs.plan import make_plan
from dynpat.runs.folder import Run
from dynpat.tasks.sample import sample
run = Run.open(Path(sys.argv[2]))
model = run.load_model()
plan = make_plan(sys.argv[1], precision="float32", learn={"iterations": 1, "chains": 1})
new = run.folder.parent / "new"
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
for limit, task in [
    (100_000, lambda: run.save_model(model)),
    (500, lambda: sample(run.folder, steps=1, formats=("gif",))),
    (500, lambda: sample(run.folder, steps=1, formats=("npy",))),
    (0, lambda: tasks.learn(plan, new)),
    (10_000, lambda: tasks.learn(plan, new)),
]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        task()
    except DynpatError as error:
        print(type(error).__name__, error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file sizes are Unix'")
def test_full_disk_is_one_sentence_and_leaves_whole_files(
    new_process: Call, flames_file: Path, learned: Path
) -> None:
    before = (learned / "model.keras").read_bytes()
    done = new_process("-W", "ignore", "-c", FULL, flames_file, learned)
    assert done.returncode == 0, done.stderr
    names = ("model.keras", "_000.gif", "_000.npy", "config.json", "preview.gif")
    for line, name in zip(done.stdout.splitlines(), names, strict=True):
        assert line.startswith("OutputError could not write") and f"{name}'" in line, line
        assert line.endswith("; free some space or choose another --out.") and "Op:" not in line
    assert (learned / "model.keras").read_bytes() == before
    assert not [path for path in learned.rglob("*") if "tmp" in path.name]


def test_log_that_cannot_be_written_ends_the_run(
    flames_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A folder of that name cannot be appended to, for root as well.
    monkeypatch.setattr(Run, "log_file", property(lambda run: run.folder / "checkpoints"))
    with pytest.raises(OutputError, match=r"could not write .*checkpoints"):
        tasks.learn(short_plan(flames_file), tmp_path / "run")


def test_memory_that_runs_out_is_one_sentence(
    flames_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    def exhausted(*_: Any, **__: Any) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    monkeypatch.setattr("dynpat.tasks.common.learn_model", exhausted)
    with pytest.raises(OutputError, match="Out of memory; use a smaller --size"):
        tasks.learn(short_plan(flames_file), tmp_path / "run")
