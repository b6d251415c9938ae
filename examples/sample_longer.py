"""Learn a short video, then sample a longer one from the run, with the Python API.

    python examples/sample_longer.py [updates] [folder]
"""

from __future__ import annotations

import sys
from pathlib import Path

import dynpat
from dynpat.datasets import FRAMES_PER_SECOND, flames


def main(updates: int = 300, folder: Path = Path("runs/sample_longer")) -> None:
    # 1. A video file: 24 frames of rendered flames. Yours is any MP4, AVI, GIF … or frame folder.
    source = folder / "flames.gif"
    dynpat.write_video(source, flames(frames=24, size=(48, 48), seed=0), FRAMES_PER_SECOND)

    # 2. A run: everything that decides its outcome is in its config.json.
    learned = dynpat.learn(source, folder / "run", iterations=updates)
    print("learned:", learned.run)

    # 3. A scene model samples any length: here twice what it learned.
    sampled = dynpat.sample(learned.run, out=folder / "longer", frames=48)
    for path in sampled.files:
        print("written:", path)


if __name__ == "__main__":
    main(
        *([int(sys.argv[1])] if len(sys.argv) > 1 else []),
        *([Path(sys.argv[2])] if len(sys.argv) > 2 else []),
    )
