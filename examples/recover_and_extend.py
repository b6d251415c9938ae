"""Recover a video of which a part was lost, then continue it beyond its end.

    python examples/recover_and_extend.py [updates] [folder]
"""

from __future__ import annotations

import sys
from pathlib import Path

import dynpat
from dynpat.datasets import FRAMES_PER_SECOND, ocean


def main(updates: int = 150, folder: Path = Path("runs/recover_and_extend")) -> None:
    video = ocean(frames=40, size=(64, 64))

    # 1. Hide a square that jumps from frame to frame, so that the truth is known.
    recovered = dynpat.recover(
        video, out=folder / "recovered", missing={"occlude": "region:0.16"}, iterations=updates,
        fps=FRAMES_PER_SECOND, formats=("gif", "png"),
    )
    for name, figures in recovered.metrics["video_0"]["truth"].items():
        print(f"{name:>22}: error {figures['error']:.2f}, motion {figures['motion']:.2f}")

    # 2. Twelve frames more than there are.
    extended = dynpat.extend(
        video, folder / "extended", after=12, iterations=updates, fps=FRAMES_PER_SECOND,
        formats=("gif",),
    )
    print("written:", *extended.files)


if __name__ == "__main__":
    main(
        *([int(sys.argv[1])] if len(sys.argv) > 1 else []),
        *([Path(sys.argv[2])] if len(sys.argv) > 2 else []),
    )
