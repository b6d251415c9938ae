"""Take a boat away from a moving sea, and compare what fills its place with the truth.

    python examples/remove_boat.py [updates] [folder]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import dynpat
from dynpat.datasets import FRAMES_PER_SECOND, boat


def main(updates: int = 200, folder: Path = Path("runs/remove_boat")) -> float:
    # 1. A video and its mask: arrays here; files and folders would do as well. True is missing.
    scene = boat(frames=40, size=(64, 96))

    # 2. Learn from what is visible, and fill in the rest.
    result = dynpat.inpaint(
        scene.video, scene.mask, folder / "run", iterations=updates, fps=FRAMES_PER_SECOND,
        formats=("gif", "npy"),
    )
    for path in result.files:
        print("written:", path)

    # 3. Rendered videos know what was behind the boat.
    error = float(np.abs(result.recovered.astype(float) - scene.truth)[scene.mask].mean())
    print(f"mean error where the boat was: {error:.1f} grey levels")
    return error


if __name__ == "__main__":
    main(
        *([int(sys.argv[1])] if len(sys.argv) > 1 else []),
        *([Path(sys.argv[2])] if len(sys.argv) > 2 else []),
    )
