"""Damage a film as dust, scratches and lost frames do, find the damage, and repair it.

    python examples/repair_film.py [updates] [folder]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import dynpat
from dynpat.datasets import FRAMES_PER_SECOND, ocean
from dynpat.datasets.damage import damage


def main(updates: int = 50, folder: Path = Path("runs/repair_film")) -> tuple[float, float]:
    # 1. A damaged film, whose truth is known: recipes do one kind of damage after the other.
    truth = ocean(frames=40, size=(64, 64))
    film = truth
    for seed, kind in enumerate(("dust", "scratches", "frozen", "black")):
        film = damage(film, kind, seed).video

    # 2. Find what is damaged, learn from the rest, and fill it in.
    result = dynpat.recover(
        film, out=folder / "run", missing={"detect": "frozen,black,scratches"},
        iterations=updates, fps=FRAMES_PER_SECOND, formats=("gif", "npy"),
    )
    for path in result.files:
        print("written:", path)

    # 3. Compare with the truth, over the whole film.
    before, after = (
        float(np.abs(video.astype(float) - truth).mean()) for video in (film, result.recovered)
    )
    print(f"mean error of the film: {before:.2f} grey levels damaged, {after:.2f} repaired")
    return before, after


if __name__ == "__main__":
    main(
        *([int(sys.argv[1])] if len(sys.argv) > 1 else []),
        *([Path(sys.argv[2])] if len(sys.argv) > 2 else []),
    )
