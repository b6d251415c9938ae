"""Learn a texture that is stationary in space and time, with the Python API.

    python examples/learn_texture.py [updates] [folder]

Learns the rendered ocean, then writes observed and synthesised side by side.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import dynpat
from dynpat.datasets import FRAMES_PER_SECOND, ocean


def main(updates: int = 300, folder: Path = Path("runs/learn_texture")) -> None:
    # 1. Observed videos: (N, T, H, W, C) grey levels. Yours would come from dynpat.read_videos.
    observed = ocean(frames=32, size=(48, 48), seed=0)[np.newaxis]

    # 2. An energy-based model, a Keras model like any other; its preset has the settings.
    model = dynpat.TextureModel.from_preset("default", frames=32, size=observed.shape[2:4])
    model.compile()

    # 3. Learn by analysis by synthesis: every step is one update.
    history = model.fit(observed, chains=2, steps_per_epoch=updates)
    figures = {name: round(float(values[-1]), 3) for name, values in history.history.items()}
    print("at the end:", figures)

    # 4. New videos, from noise.
    synthesised = model.sample(count=1, frames=32, seed=0)

    # 5. Files: the model, and a GIF of observed | synthesised.
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / "model.keras")
    panels = np.concatenate([observed[0], synthesised[0]], axis=2)
    dynpat.write_video(folder / "observed_synthesised.gif", panels, FRAMES_PER_SECOND)
    print("written:", folder / "observed_synthesised.gif")


if __name__ == "__main__":
    main(
        *([int(sys.argv[1])] if len(sys.argv) > 1 else []),
        *([Path(sys.argv[2])] if len(sys.argv) > 2 else []),
    )
