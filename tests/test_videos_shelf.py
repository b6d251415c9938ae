"""Observed videos that are too much for memory lie in files; nothing else changes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dynpat.datasets import flames
from dynpat.errors import OutputError
from dynpat.videos import read_videos, shelf, write_video


@pytest.mark.parametrize("held", [0, 500, 1000, 10**9])
def test_arrays_in_a_file_are_the_same_and_read_only(
    held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "HELD_BYTES", held)
    some = np.random.default_rng(0)
    given = [
        some.integers(0, 256, (3 + number, 4, 5, 3), np.uint8)[:, ::2] for number in range(9)
    ] + [some.random((2, 3), np.float32)]  # 90 to 330 bytes each
    with shelf.Shelf() as shelved:
        for array in given:
            shelved.put(array)
        kept = shelved.arrays()
    assert len(kept) == len(given)
    for array, same in zip(given, kept, strict=True):
        assert np.array_equal(same, array) and same.dtype == array.dtype
        assert same.flags.writeable == (held == 10**9)


def test_a_thousand_arrays_take_one_open_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "HELD_BYTES", 0)
    before = len(os.listdir("/proc/self/fd"))
    with shelf.Shelf() as shelved:
        for number in range(1000):
            shelved.put(np.full(10, number, np.int32))
        kept = shelved.arrays()
    assert len(os.listdir("/proc/self/fd")) <= before + 1  # the map
    assert all((array == number).all() for number, array in enumerate(kept))


@pytest.mark.parametrize("held", [0, 10**9])
def test_a_stack_is_the_same_in_memory_and_in_a_file(
    held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "HELD_BYTES", held)
    arrays = list(np.random.default_rng(0).random((3, 4, 5), np.float32))
    stack = shelf.stacked(arrays)
    assert np.array_equal(stack, np.stack(arrays)) and stack.flags.writeable == (held > 0)


def test_a_full_disk_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(OutputError, match=r"No space left on device; free .* set TMPDIR"):
        shelf.Shelf().put(np.zeros(shelf.HELD_BYTES // 8 + 1))


@pytest.mark.slow
def test_videos_in_files_are_learned_as_those_in_memory(
    dynpat: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        write_video(tmp_path / "clips" / f"{number}.gif", flames(12 + number, (24, 24), number), 25)

    def learned(name: str) -> list[str]:
        out = tmp_path / name
        done = dynpat("learn", tmp_path / "clips", "--out", out, "--iterations", 3, "--quiet",
                      "--precision", "float32", "--format", "npy")
        assert done.exit_code == 0, done.output
        return [np.load(path).tobytes() for path in sorted((out / "samples").glob("*.npy"))]

    free = learned("free")
    monkeypatch.setattr(shelf, "HELD_BYTES", 30_000)  # more than the first
    videos = read_videos(tmp_path / "clips")
    assert [video.frames.flags.writeable for video in videos] == [False] * 3
    assert learned("shelved") == free and free
