"""Runs of hours and videos of hours: memory stays flat, and only what is needed is decoded."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest import mock

import av
import numpy as np
import pytest

from dynpat.datasets import flames
from dynpat.models import EnergyModel
from dynpat.reporter import Reporter
from dynpat.runs.plan import make_plan
from dynpat.tasks import learn as tasks
from dynpat.videos import decoding, write_video

pytestmark = pytest.mark.slow

SOAK = int(os.environ.get("DYNPAT_SOAK", "120"))  # updates; 5000 before a release
WARM = 0.4  # share of it in which allocators and caches grow to their size
MOST = 1.0  # MB per 100 updates
HOURS, FPS, GROUP = 4, 25, 250


class Meter(Reporter):
    """Notes memory and open files at each update."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[int, float, int]] = []

    def learning(self, update: int, *_: Any) -> None:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        resident = int(status.split("VmRSS:")[1].split()[0]) / 1000
        self.rows.append((update, resident, len(os.listdir("/proc/self/fd"))))


def soaked(folder: Path) -> tuple[list[tuple[int, float, int]], int]:
    """Learn for `SOAK` updates; the meter's rows, and how often the update was traced."""
    traces: list[int] = []
    step = EnergyModel.train_step

    def counted(self: EnergyModel, data: Any) -> Any:
        traces.append(1)
        return step(self, data)

    write_video(folder / "flames.mp4", flames(40, (48, 48)), 25)
    plan = make_plan(
        [folder / "flames.mp4"],
        learn={"iterations": SOAK, "checkpoint_every": 5.0, "preview_every": 10.0},
    )
    meter = Meter()
    with mock.patch.object(EnergyModel, "train_step", counted):
        tasks.learn(plan, folder / "run", formats=("npy",), reporter=meter)
    return meter.rows, len(traces)


@pytest.mark.timeout(max(900, SOAK))  # a second for each update
def test_memory_and_open_files_stay_as_they_are(tmp_path: Path) -> None:
    # In a process of its own: what other tests left behind would be given back meanwhile.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        rows, traces = pool.submit(soaked, tmp_path).result()
    updates, resident, handles = (np.array(column) for column in zip(*rows, strict=True))
    later = slice(int(WARM * len(updates)), None)
    slope = float(np.polyfit(updates[later], resident[later], 1)[0]) * 100
    print(f"{SOAK} updates: {slope:+.2f} MB per 100 updates, {resident[0]:.0f} to "
          f"{resident[-1]:.0f} MB, {set(handles[later].tolist())} open files")
    assert len(updates) == SOAK
    assert traces == 1
    assert slope < MOST or resident[later].max() - resident[later].min() < 20  # a step, no slope
    assert handles[later].max() - handles[later].min() <= 2


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of four hours in 1920×1080: one group of pictures, again and again."""
    path = tmp_path_factory.mktemp("long") / "hours.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        stream.options = {"preset": "ultrafast", "bf": "0", "g": str(GROUP)}
        stream.time_base = Fraction(1, FPS)
        packets = []
        for number in range(GROUP):
            levels = np.full((1080, 1920, 3), 40 + number // 2, np.uint8)
            frame = av.VideoFrame.from_ndarray(levels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            packets += [bytes(packet) for packet in stream.encode(frame)]
        packets += [bytes(packet) for packet in stream.encode(None)]
        for number in range(HOURS * 3600 * FPS):
            packet = av.Packet(packets[number % GROUP])
            packet.stream, packet.time_base = stream, Fraction(1, FPS)
            packet.pts = packet.dts = number
            packet.is_keyframe = number % GROUP == 0
            container.mux(packet)
    return path


def test_four_hours_of_video_start_to_be_learned_at_once(
    hours: Path, dynpat: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[int] = []
    frames = decoding._as_coded

    def counted(*arguments: Any) -> Iterator[Any]:
        for frame in frames(*arguments):
            decoded.append(frame.width)
            yield frame

    monkeypatch.setattr(decoding, "_as_coded", counted)
    began = time.monotonic()
    done = dynpat("learn", hours, "--out", tmp_path / "run", "--size", 24, "--iterations", 1,
                  "--format", "npy")
    print(f"{time.monotonic() - began:.0f} s, {decoded.count(1920)} frames decoded")
    assert done.exit_code == 0, done.output
    assert "Read 70 of about 360000 frames" in done.stderr
    assert 70 <= decoded.count(1920) <= 75  # the others are of what it wrote


@pytest.mark.timeout(1800)  # twice what one slow core took
def test_a_thousand_clips_take_no_more_memory_than_a_hundred(tmp_path: Path) -> None:
    """Of a thousand there are 490 MB, and their own chains would take 3.5 GB."""
    write_video(tmp_path / "clip.mp4", flames(40, (64, 64)), 25)
    peaks = {}
    for count in (100, 1000):
        clips = tmp_path / str(count)
        clips.mkdir()
        for number in range(count):
            shutil.copy(tmp_path / "clip.mp4", clips / f"{number:04}.mp4")
        peaks[count] = peak_of("learn", clips, "--iterations", 3, "--out", clips / "run")
    print({count: f"{peak / 1e6:.0f} MB" for count, peak in peaks.items()})
    # Seen: 114 MB apart; while the first 256 MB were held, 170 here and 516 on another machine.
    assert peaks[1000] < peaks[100] + 400e6


def test_chains_in_files_take_no_memory(tmp_path: Path) -> None:
    """Those of 20 clips, with their velocities, take 849 MB; an update moves those of one clip."""
    for number in range(20):
        write_video(tmp_path / "clips" / f"{number}", flames(24, (64, 64), seed=number), 25)
    peaks = {
        store: peak_of("learn", tmp_path / "clips", "--chains", 18, "--batch", 1, "--iterations", 3,
                       "--chain-store", store, "--out", tmp_path / store)
        for store in ("memory", "disk")
    }
    print({store: f"{peak / 1e6:.0f} MB" for store, peak in peaks.items()})
    assert peaks["disk"] < peaks["memory"] - 0.8 * 849e6


def peak_of(*words: object) -> float:
    """Most memory, without what are pages of files, that a command takes, in bytes."""
    line = [sys.executable, "-m", "dynpat_cli", *map(str, words), "--quiet"]
    with subprocess.Popen(line) as process:
        peak = 0
        while process.poll() is None:
            with suppress(OSError, IndexError):
                status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
                peak = max(peak, int(status.split("RssAnon:")[1].split()[0]))
            time.sleep(0.05)
        assert process.returncode == 0
    return 1000.0 * peak
