"""Find and read the videos that a run has made, in whatever formats were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dynpat.runs.folder import Run
from dynpat.videos import read_video, to_levels

# Formats by how little they change a video: a folder of PNG frames, an array, GIF, MP4.
KINDS = ("", ".npy", ".gif", ".mp4")
MOST = 3  # the most synthesised or recovered videos on a page


def made_videos(run: Run) -> list[Path]:
    """Return some of the videos that were made, synthesised or recovered."""
    return [
        *of_each(run.samples, "synthesised_*"), *of_each(run.results, "recovered_*")
    ][:MOST]


def of_each(folder: Path, pattern: str) -> list[Path]:
    """Return, for each video whose name fits, the file or folder that changed it least."""
    found: dict[str, Path] = {}
    for path in sorted(folder.glob(pattern)):
        if path.suffix not in KINDS or (path.suffix == "") != path.is_dir():
            continue
        known = found.get(path.stem)
        if known is None or KINDS.index(path.suffix) < KINDS.index(known.suffix):
            found[path.stem] = path
    return [found[stem] for stem in sorted(found)]


def read_made(path: Path, every: int = 1) -> np.ndarray:
    """Read a video that dynpat wrote, (T, H, W, C) uint8, shrunk `every` times on each side."""
    if path.suffix == ".npy":
        return to_levels(np.array(np.load(path, mmap_mode="r")[:, ::every, ::every]))
    if every == 1:
        return read_video(path).frames
    height, width = read_video(path, frames=1).frames.shape[1:3]
    return read_video(path, size=(-(-height // every), -(-width // every))).frames


def read_named(paths: Sequence[Path]) -> dict[str, np.ndarray]:
    """Read videos by their names; missing ones are left out."""
    return {path.stem.replace("_", " "): read_made(path) for path in paths if path.exists()}
