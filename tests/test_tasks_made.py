"""Pages show what a run made, in whatever formats it was written."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from dynpat.datasets import flames
from dynpat.runs.folder import Run
from dynpat.tasks import made
from dynpat.tasks.compare import compare_runs
from dynpat.tasks.report import write_report
from dynpat.videos import read_video, write_video

VIDEO = flames(6, (16, 24))


def test_of_each_video_the_most_exact_file_is_taken(tmp_path: Path) -> None:
    for name in ("a_000.gif", "a_000.mp4", "a_001.mp4", "a_002.npy", "a_002.gif", "b_000.gif"):
        write_video(tmp_path / name, VIDEO, 25)
    write_video(tmp_path / "a_001", VIDEO, 25)
    (tmp_path / "a_003.txt").touch()
    found = made.of_each(tmp_path, "a_*")
    assert [path.name for path in found] == ["a_000.gif", "a_001", "a_002.npy"]


@pytest.mark.parametrize("name", ["a", "a.npy"])
def test_exact_files_are_read_as_they_are(tmp_path: Path, name: str) -> None:
    write_video(tmp_path / name, VIDEO, 25)
    np.testing.assert_array_equal(made.read_made(tmp_path / name), VIDEO)
    assert made.read_made(tmp_path / name, every=2).shape == (6, 8, 12, 3)


@pytest.mark.parametrize("kind", ["mp4", "npy", "png"])
def test_the_page_and_comparisons_do_not_depend_on_the_format(
    learned: Path, tmp_path: Path, kind: str
) -> None:
    """A run as `learn --format` would have left it, without GIFs among its samples."""
    other = Path(shutil.copytree(learned, tmp_path / "other"))
    for gif in sorted((other / "samples").glob("*.gif")):
        frames = read_video(gif).frames
        write_video(gif.with_suffix("" if kind == "png" else f".{kind}"), frames, 25)
        gif.unlink()
        if kind != "mp4":
            gif.with_suffix(".mp4").unlink(missing_ok=True)
    page = write_report(Run.open(other)).read_text(encoding="utf-8")
    assert "synthesised 000" in page
    both = compare_runs([learned, other], tmp_path / "both.html").read_text(encoding="utf-8")
    assert "1: learned" in both and "2: other" in both
