"""What several tests need: tiny videos, one tiny learned run, and ways to call the commands."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import numpy as np
import pytest
from click.testing import CliRunner, Result
from making_videos import ramp
from quickly import QUICK, hasten

from dynpat.datasets import FRAMES_PER_SECOND, flames
from dynpat.quality import metrics
from dynpat.videos import write_video

TINY = {"iterations": 4, "chains": 2}
FRAMES, SIZE = 12, (24, 24)
OF_USERS = {name: getattr(metrics, name) for name in QUICK["dynpat.quality.metrics"]}
LONGEST = 900  # seconds of a slow test; of the others see setup.cfg
UNTIL = float(os.environ.get("DYNPAT_TESTS_UNTIL", "inf"))  # when .ci/run has no time left
LOOKS, PAUSE = 6000, 0.1  # how often a test looks for an event, and the seconds between
# Examples are the same on every machine, and none fails because it took long.
hypothesis.settings.register_profile("dynpat", deadline=None, derandomize=True)
hypothesis.settings.load_profile("dynpat")


def pytest_configure(config: pytest.Config) -> None:
    """Warnings are errors in CI, whose versions are known; those of today may warn of anything."""
    if not os.environ.get("CI"):
        config.getini("filterwarnings").remove("error")


def is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Last come the slow variants of faults, which are left out first where time is short.
    items.sort(key=lambda item: "/faults/" in item.nodeid and is_slow(item))
    for item in items:
        if is_slow(item) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(LONGEST))


def pytest_runtest_setup() -> None:
    """Kernels drawn without a seed are those of every run; CI skips what has not begun in time."""
    if time.time() > UNTIL:
        pytest.skip("the time that CI has is up")
    import keras  # not before dynpat, which chooses how TensorFlow computes

    keras.utils.set_random_seed(0)


@pytest.fixture(scope="session")
def flames_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MP4 file of 12 frames of 24×24 pixels at 25 frames per second."""
    path = tmp_path_factory.mktemp("videos") / "flames.mp4"
    write_video(path, flames(FRAMES, SIZE), FRAMES_PER_SECOND)
    return path


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 frames at 25 frames per second, whose levels tell their numbers; see `making_videos`."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_video(path, ramp(30), 25)
    return path


@pytest.fixture(scope="session", autouse=True)
def quick_results() -> Iterator[None]:
    """Let finished runs leave samples and estimates of a few steps, judged by few patches."""
    with pytest.MonkeyPatch.context() as patch:
        hasten(patch.setattr)
        yield


@pytest.fixture
def thorough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures of as many patches as users get."""
    for name, value in OF_USERS.items():
        monkeypatch.setattr(metrics, name, value)


@pytest.fixture(scope="session")
def learned_once(
    flames_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A finished run of four updates; not to be changed, see `learned`."""
    from dynpat.runs.plan import make_plan
    from dynpat.tasks import learn as tasks

    plan = make_plan([flames_file], precision="float32", learn=TINY)
    return tasks.learn(plan, tmp_path_factory.mktemp("run") / "flames").run


@pytest.fixture(scope="session")
def page(learned_once: Path) -> str:
    """The report of that run, as HTML."""
    return (learned_once / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def learned_gaussian(flames_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `learned_once`, with the preset gaussian."""
    from dynpat.runs.plan import make_plan
    from dynpat.tasks import learn as tasks

    plan = make_plan([flames_file], preset="gaussian", precision="float32", learn=TINY)
    return tasks.learn(plan, tmp_path_factory.mktemp("run") / "flames").run


@pytest.fixture
def learned(learned_once: Path, tmp_path: Path) -> Path:
    """A copy of the finished run, to be changed at will."""
    return Path(shutil.copytree(learned_once, tmp_path / "learned"))


@pytest.fixture
def dynpat() -> Callable[..., Result]:
    """Call the command line inside this process: `dynpat("learn", path, "--quiet")`."""
    from dynpat_cli.main import main

    def call(*arguments: object) -> Result:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        unexpected = result.exception
        if unexpected is not None and not isinstance(unexpected, SystemExit):
            raise unexpected
        return result

    return call


@pytest.fixture
def refused(dynpat: Callable[..., Result]) -> Callable[..., str]:
    """Call the command line and give its one error sentence; it must exit as `code` says."""

    def call(*arguments: object, code: int = 2) -> str:
        result = dynpat(*arguments)
        assert result.exit_code == code, result.output
        assert result.stdout == ""
        lines = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
        assert len(lines) == 1 and result.stderr.rstrip().endswith(lines[0])
        assert lines[0].endswith("."), lines[0]
        return lines[0]

    return call


@pytest.fixture
def script() -> Callable[[str], ModuleType]:
    """Load a script of this repository as a module: `script("examples/remove_boat.py")`."""

    def load(path: str) -> ModuleType:
        file = Path(__file__).parent.parent / path
        spec = importlib.util.spec_from_file_location(file.stem, file)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool], subprocess.Popen[str]], None]:
    """Look again and again until something has happened while a process still runs."""

    def call(happened: Callable[[], bool], process: subprocess.Popen[str]) -> None:
        for _ in range(LOOKS):
            if happened():
                return
            assert process.poll() is None, process.communicate()
            time.sleep(PAUSE)
        raise AssertionError("It did not happen.")

    return call


@pytest.fixture
def new_process() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python anew: `new_process("-m", "dynpat_cli", …)`; its output as text."""

    def call(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *map(str, arguments)], capture_output=True, text=True,
            encoding="utf-8", env={**os.environ, "PYTHONIOENCODING": "utf-8"},
            **options,
        )

    return call


@pytest.fixture
def state_of() -> Callable[[Path], dict[str, np.ndarray]]:
    """All that learning goes on from, by name: weights, optimizer, chains and counters.

    What a clock decides (the seconds that learning took) and how often it was saved is left out.
    Chains in files stand for the numbers of these.
    """
    import tensorflow as tf

    from dynpat.learning.chain_store import chains_in

    def state(run: Path) -> dict[str, np.ndarray]:
        reader = tf.train.load_checkpoint(str(run / "checkpoints"))
        names = reader.get_variable_to_shape_map()
        own = ("elapsed", "save_counter", "_CHECKPOINTABLE_OBJECT_GRAPH", "written", "highest")
        kept = [name for name in names if not any(word in name for word in own)]
        found = {name: reader.get_tensor(name) for name in kept}
        latest = tf.train.latest_checkpoint(str(run / "checkpoints"))
        return {**found, "chains of the first video": chains_in(latest, [0])}

    return state
