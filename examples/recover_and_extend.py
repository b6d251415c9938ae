"""Recover a video of which a part was lost, then continue it beyond its end.

    python examples/recover_and_extend.py [updates] [folder]
"""

from __future__ import annotations

import sys
from pathlib import Path

import dynpat
from dynpat.datasets import FRAMES_PER_SECOND, ocean


def main(updates: int = 150, folder: Path = Path("runs/recover_and_extend")) -> None:
    source = folder / "ocean"
    dynpat.write_video(source, ocean(frames=40, size=(64, 64)), FRAMES_PER_SECOND)

    # 1. Hide a square that jumps from frame to frame, so that the truth is known.
    plan = dynpat.make_restoration(
        "recover", source, missing={"occlude": "region:0.16"}, learn={"iterations": updates}
    )
    recovered = dynpat.restore(plan, folder / "recovered", formats=("gif", "png"))
    for name, figures in recovered.metrics["video_0"]["truth"].items():
        print(f"{name:>22}: error {figures['error']:.2f}, motion {figures['motion']:.2f}")

    # 2. Twelve frames more than there are.
    plan = dynpat.make_restoration(
        "extend", source, missing={"after": 12}, learn={"iterations": updates}
    )
    print("written:", *dynpat.restore(plan, folder / "extended", formats=("gif",)).files)


if __name__ == "__main__":
    main(
        *([int(sys.argv[1])] if len(sys.argv) > 1 else []),
        *([Path(sys.argv[2])] if len(sys.argv) > 2 else []),
    )
