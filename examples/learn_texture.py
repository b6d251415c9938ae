"""Learn a texture that is stationary in space and time, with the Python API.

    python examples/learn_texture.py [updates] [folder]

Learns the rendered ocean, then writes observed and synthesised side by side.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np

import dynpat
from dynpat.datasets import FRAMES_PER_SECOND, ocean
from dynpat.denoising import denoised


def main(updates: int = 300, folder: Path = Path("runs/learn_texture")) -> None:
    # 1. Observed videos: (N, T, H, W, C) grey levels. Yours would come from dynpat.read_videos.
    observed = ocean(frames=32, size=(48, 48), seed=0)[np.newaxis]

    # 2. An energy-based model, a Keras model like any other.
    model = dynpat.TextureModel.from_preset("default", frames=32, size=(48, 48))
    langevin = dynpat.LangevinConfig(**model.langevin_presets["default"])
    settings = model.learn_presets["default"]
    rate = keras.optimizers.schedules.CosineDecay(settings["learning_rate"], updates)
    adam = keras.optimizers.Adam(rate, beta_1=0.5, use_ema=True, ema_momentum=settings["average"])
    model.compile(
        adam, langevin=langevin,
        observed_noise=settings["observed_noise"], renewed=settings["renewed"],
        squared=settings["squared"],
    )

    # 3. Learn by analysis by synthesis: every step is one update.
    history = model.fit(observed, chains=2, steps_per_epoch=updates)
    figures = {name: round(float(values[-1]), 3) for name, values in history.history.items()}
    print("at the end:", figures)

    # 4. The persistent chains are samples; what they would be without their noise.
    chains = denoised(model, model.chains.video[0], noise=model.sigma, views=8)
    synthesised = model.to_grey(chains).numpy()

    # 5. Files: the model, and a GIF of observed | synthesised.
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / "model.keras")
    panels = np.concatenate([observed[0].astype(float), synthesised[0]], axis=2)
    dynpat.write_video(folder / "observed_synthesised.gif", panels, FRAMES_PER_SECOND)
    print("written:", folder / "observed_synthesised.gif")


if __name__ == "__main__":
    main(
        *([int(sys.argv[1])] if len(sys.argv) > 1 else []),
        *([Path(sys.argv[2])] if len(sys.argv) > 2 else []),
    )
