"""Learning of an energy as Keras does it: `compile` and `fit`, by analysis by synthesis."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dynpat import synthesis
from dynpat.chains import Chains
from dynpat.config import LangevinConfig, check_step_size
from dynpat.fills import Fills
from dynpat.reference import Reference
from dynpat.windows import observed_windows


class Trainable(keras.Model):
    """What learning adds to an energy: chains, and what an update does.

    A subclass gives `f`, `reference`, `sigma`, `to_model`, `check_video` and its arguments.
    """

    reference: Reference
    sigma: float
    _arguments: dict[str, Any]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.chains: Chains | None = None
        self.fills: Fills | None = None
        self.langevin_config = LangevinConfig()
        self.observed_noise, self.renewed, self.gap_limit = 0.0, 0.0, 0.0
        self.at_once = 0

    def compile(  # type: ignore[override]
        self,
        optimizer: Any = "adam",
        langevin: LangevinConfig | None = None,
        observed_noise: float = 0.0,
        renewed: float = 0.0,
        gap_limit: float = 0.0,
        at_once: int = 0,
        jit_compile: bool = False,
        **kwargs: Any,
    ) -> None:
        """As `keras.Model.compile`; `langevin` says how the chains move at each update.

        `observed_noise` is the standard
        deviation of noise on the observed, in grey levels; `renewed` the share of chains that start
        again from noise at an update; `gap_limit` is from where on a stuck chain no longer counts
        (`synthesis.pulls`). `at_once` bounds how many videos pass the network together
        (0: all), for memory's sake; the result is the same.
        There is no loss to choose: learning is by maximum likelihood. XLA is off unless asked
        for (on CPU it makes the Langevin loop 25 times slower).
        """
        self.langevin_config = langevin or LangevinConfig()
        self.observed_noise, self.renewed, self.gap_limit = observed_noise, renewed, gap_limit
        self.at_once = at_once
        check_step_size(self.langevin_config.step_size, self.sigma)
        super().compile(optimizer=optimizer, jit_compile=jit_compile, **kwargs)

    def start_chains(self, videos: int, chains: int, seed: int) -> Chains:
        """New persistent chains, `chains` for each of `videos` observed videos."""
        a = self._arguments
        shape = (chains, a["frames"], *a["size"], a["channels"])
        mode_of = {v: m for m, group in enumerate(self.reference.groups(videos)) for v in group}
        starts = [
            self.reference.draw(shape, seed * 10_007 + v, mode_of[v], spread=False)
            for v in range(videos)
        ]
        self.chains = Chains(
            tf.stack(starts), seed, [mode_of[video] for video in range(videos)]
        )
        self.train_function = None  # a trace of the old chains must not be reused
        return self.chains

    def fit(  # type: ignore[override]
        self,
        videos: Any,
        *,
        batch_size: int = 4,
        chains: int = 3,
        epochs: int = 1,
        steps_per_epoch: int = 1,
        seed: int = 0,
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """As `keras.Model.fit`: each step is one update of analysis by synthesis.

        Parameters
        ----------
        videos
            Observed videos, (N, T, H, W, C) grey levels with T at least the model's frames (a
            random time window is learned at each update).
        batch_size, chains, seed
            Observed videos per update, persistent chains of each, seed of all that is drawn.
            Calling again with the same number of videos and chains goes on with the same chains.
        """
        videos = np.asarray(videos)
        self.check_video(videos)
        batch = min(batch_size, len(videos))
        if self.chains is None or tuple(self.chains.video.shape[:2]) != (len(videos), chains):
            self.adapt(videos)
            self.start_chains(len(videos), chains, seed)
        assert self.chains is not None
        # Several windows are as many samples; missing pixels move in one of each video.
        several = videos.shape[1] > self._arguments["frames"] and self.fills is None
        windows = observed_windows(
            videos, self._arguments["frames"], batch, seed, int(self.chains.update),
            chains if several else 1,
        )
        kwargs = {"verbose": 0, "shuffle": False, "epochs": epochs, **kwargs}
        return super().fit(windows, steps_per_epoch=steps_per_epoch, **kwargs)

    def train_step(self, data: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One update of analysis by synthesis; missing pixels move first, where there are some."""
        grey_levels, indices, starts = data
        assert self.chains is not None
        noise = self.observed_noise
        if self.fills is None:
            observed = self.to_model(grey_levels)
        else:  # its pixels have their noise already
            noise = 0.0
            observed = self.fills.move(
                self, indices, starts, self._arguments["frames"], self.langevin_config,
                tf.cast(self.chains.seed, tf.int64) * 1_000_003 + self.chains.update, self.at_once,
                self.observed_noise,
            )
        return synthesis.update(
            self, self.chains, observed, indices, self.langevin_config, self.at_once,
            noise, self.renewed, self.gap_limit,
        )
