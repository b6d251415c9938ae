"""Learning of an energy as Keras does it: `compile` and `fit`, by analysis by synthesis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dynpat import seeds
from dynpat.config import LangevinConfig, LearnConfig, check_step_size
from dynpat.learning.chains import Chains, modes_of_slots, slots
from dynpat.learning.missing import Fills
from dynpat.learning.schedule import usual_chains, usual_rate
from dynpat.learning.update import update
from dynpat.learning.windows import observed_windows
from dynpat.reference.gaussians import Reference
from dynpat.videos.shelf import HELD_BYTES

BETA_1 = 0.5  # Adam's first-moment decay, as in the authors' code
COORDINATES = tf.float16  # of observed videos: exact to a fiftieth of the noise that they get
AT_ONCE = 64  # frames whose coordinates are looked up together


def adam_of(config: LearnConfig, size: Sequence[int]) -> keras.optimizers.Adam:
    """Adam for pictures of (H, W), with the running mean of the weights and decay of the settings.
    """
    optimizer = keras.optimizers.Adam(
        usual_rate(config, size), beta_1=BETA_1, beta_2=config.beta_2,
        use_ema=config.average > 0, ema_momentum=config.average,
        weight_decay=config.weight_decay or None,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


class Trainable(keras.Model):
    """What learning adds to an energy: chains, and what an update does.

    A subclass gives `f`, `reference`, `sigma`, `coloured`, `to_model`, `check_video`
    and its arguments.

    Attributes
    ----------
    usual_langevin, usual_learning
        The settings of the preset that the model was made from; those of the configurations' own
        defaults if it was made from none. `compile` takes them where it is not told others.
    """

    reference: Reference
    sigma: float
    coloured: bool
    _arguments: dict[str, Any]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.chains: Chains | None = None
        self.fills: Fills | None = None
        self.usual_langevin, self.usual_learning = LangevinConfig(), LearnConfig()
        self.langevin_config = self.usual_langevin
        self.observed_noise, self.renewed, self.gap_limit, self.squared = 0.0, 0.0, 0.0, 0.0
        self.life, self.youth = 0, 0
        self.batch = 0  # of the last `fit`
        self.at_once = 0

    def compile(  # type: ignore[override]
        self,
        optimizer: Any = None,
        langevin: LangevinConfig | None = None,
        observed_noise: float | None = None,
        renewed: float | None = None,
        gap_limit: float | None = None,
        squared: float | None = None,
        life: int | None = None,
        youth: int | None = None,
        at_once: int = 0,
        jit_compile: bool = False,
        **kwargs: Any,
    ) -> None:
        """As `keras.Model.compile`, with the settings of the model's preset by default.

        There is no loss to choose: learning is by maximum likelihood.

        Parameters
        ----------
        optimizer
            A Keras optimizer or its name; the preset's Adam (`adam_of`) if left out.
        langevin
            How the chains move at each update.
        observed_noise
            Standard deviation of the noise on the observed videos, on the model's scale.
        renewed
            Share of the chains that start again from noise at an update.
        gap_limit
            Gap of the energies from which on a stuck chain no longer counts, see `update.pulls`.
        squared
            Weight of the squares of f in the loss, see `update.update`.
        life, youth
            Updates after which a chain starts again from noise, and before it counts.
        at_once
            How many videos pass the network together, for memory's sake (0: all); the result is
            the same.
        jit_compile
            Whether XLA compiles the update. On CPU it makes the Langevin loop 25 times slower.

        Raises
        ------
        BadOptionError
            If the step size does not fit the reference distribution.
        """
        usual = self.usual_learning

        def chosen(name: str, value: float | None) -> float:
            return float(getattr(usual, name) if value is None else value)

        self.langevin_config = langevin or self.usual_langevin
        self.observed_noise = chosen("observed_noise", observed_noise)
        self.renewed, self.gap_limit = chosen("renewed", renewed), chosen("gap_limit", gap_limit)
        self.squared, self.at_once = chosen("squared", squared), at_once
        self.life, self.youth = int(chosen("life", life)), int(chosen("youth", youth))
        check_step_size(self.langevin_config.step_size, self.sigma)
        super().compile(
            optimizer=optimizer or adam_of(usual, self._arguments["size"]),
            jit_compile=jit_compile, **kwargs,
        )

    def start_chains(self, videos: int, chains: int, seed: int) -> Chains:
        """New persistent chains, `chains` for each slot of `videos` observed videos."""
        a = self._arguments
        shape = (chains, a["frames"], *a["size"], a["channels"])
        groups = self.reference.groups(videos)
        shared, modes = slots(groups, videos), modes_of_slots(groups, videos)
        slot_of = {video: slot for slot, those in enumerate(shared) for video in those}
        starts = [
            self.reference.draw(shape, seeds.of_slot(seed, slot), mode, spread=False)
            for slot, mode in enumerate(modes)
        ]
        strategy = self.distribute_strategy
        several = strategy.num_replicas_in_sync > 1
        self.chains = Chains(
            tf.stack(starts), seed, modes, strategy.num_replicas_in_sync,
            len(strategy.extended.worker_devices) if several else 1,
            [slot_of[video] for video in range(videos)], self.langevin_config.momentum > 0,
            self.life,
        )
        self.train_function = None  # a trace of the old chains must not be reused
        return self.chains

    def fit(  # type: ignore[override]
        self,
        videos: Any,
        *,
        batch_size: int | None = None,
        chains: int | None = None,
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
            Observed videos per update, persistent chains of each, seed of all that is drawn. What
            is left out is as in the model's preset. Calling again with the same number of videos
            and chains goes on with the same chains.
        """
        videos = np.asarray(videos)
        self.check_video(videos)
        usual = self.usual_learning
        batch = min(batch_size or usual.batch, len(videos))
        chains = chains or usual_chains(usual, len(videos))
        held = self.chains
        if held is None or (len(held.slot_of), int(held.video.shape[1])) != (len(videos), chains):
            self.adapt(videos)
            held = self.start_chains(len(videos), chains, seed)
        if batch != self.batch:
            self.batch, self.train_function = batch, None  # sizes are parts of a trace
        seen = videos if self.fills is not None else self._coordinates(videos, held)
        # Several windows are as many samples; missing pixels move in one of each video.
        several = videos.shape[1] > self._arguments["frames"] and self.fills is None

        def windows(pipeline: int = 0) -> tf.data.Dataset:
            return observed_windows(
                seen, self._arguments["frames"], batch, seed, int(held.update),
                chains if several else 1, pipeline * held.here, held.here, held.parts,
            )

        data = windows() if held.parts == 1 else (
            self.distribute_strategy.distribute_datasets_from_function(
                lambda context: windows(context.input_pipeline_id)
            )
        )
        kwargs = {"verbose": 0, "shuffle": False, "epochs": epochs, **kwargs}
        return super().fit(data, steps_per_epoch=steps_per_epoch, **kwargs)

    def _coordinates(self, videos: np.ndarray, chains: Chains) -> np.ndarray:
        """Videos on the scale of a coloured model, if they are few; else as they are.

        To look coordinates up is dear, and the same windows are learned from again and again.
        """
        if not self.coloured or videos.nbytes > HELD_BYTES:
            return videos
        found = np.empty(videos.shape, COORDINATES.as_numpy_dtype)
        for number, video in enumerate(videos):
            modes = tf.constant([chains.modes[chains.slot_of[number]]])
            for first in range(0, len(video), AT_ONCE):
                part = slice(first, first + AT_ONCE)
                found[number, part] = self.to_model(video[np.newaxis, part], modes)[0]
        return found

    def _maybe_symbolic_build(self, *_: Any, **__: Any) -> None:
        """Nothing: an energy is built already. Keras (3.15) would add up videos of all workers."""

    def train_step(self, data: tuple[tf.Tensor, ...]) -> dict[str, tf.Tensor]:
        """One update of analysis by synthesis; missing pixels move first, where there are some."""
        grey_levels, indices, starts, numbers, part = data
        assert self.chains is not None
        noise = self.observed_noise
        if self.fills is None:
            modes = self.chains.modes_of(self.chains.slots(indices))
            each = int(grey_levels.shape[0]) // int(indices.shape[0])
            observed = tf.cast(grey_levels, tf.float32)
            if grey_levels.dtype != COORDINATES:
                observed = self.to_model(observed, tf.repeat(modes, each))
        else:  # its pixels have their noise already
            noise = 0.0
            observed = self.fills.move(
                self, indices, starts, self._arguments["frames"], self.langevin_config,
                seeds.chains(tf.cast(self.chains.seed, tf.int64), self.chains.update), self.at_once,
                self.observed_noise,
            )
        figures = update(
            self, self.chains, observed, self.chains.slots(indices), self.langevin_config,
            self.at_once, noise, self.renewed, self.gap_limit, self.youth, part, numbers,
            self.squared,
        )
        if self.chains.parts > self.chains.here:  # Keras takes means over an axis between workers
            return {name: value[tf.newaxis] for name, value in figures.items()}
        return figures
