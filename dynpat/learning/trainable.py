"""Learn an energy by analysis by synthesis, with the methods of Keras: `compile` and `fit`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dynpat import seeds
from dynpat.config import LangevinConfig, LearnConfig, check_step_size
from dynpat.learning.chain_store import StoredChains
from dynpat.learning.chains import Chains, HeldChains, modes_of_slots, slots
from dynpat.learning.missing import Fills
from dynpat.learning.schedule import usual_chains, usual_rate
from dynpat.learning.update import update
from dynpat.learning.windows import observed_windows
from dynpat.reference.gaussians import Reference
from dynpat.videos.shelf import HELD_BYTES

BETA_1 = 0.5  # decay of Adam's mean of the gradients, as in the authors' code
COORDINATES = tf.float16  # of observed videos; its error is below 1/50 of the noise they get
AT_ONCE = 64  # number of frames whose coordinates are looked up together


def adam_of(config: LearnConfig, size: Sequence[int]) -> keras.optimizers.Adam:
    """Return Adam for pictures of (H, W), with the averaging and decay of the settings."""
    optimizer = keras.optimizers.Adam(
        usual_rate(config, size), beta_1=BETA_1, beta_2=config.beta_2,
        use_ema=config.average > 0, ema_momentum=config.average,
        weight_decay=config.weight_decay or None,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


class Trainable(keras.Model):
    """What learning adds to an energy: the chains, and the update of the weights.

    A subclass defines `f`, `reference`, `sigma`, `coloured`, `to_model`, `check_video` and its
    arguments.

    Attributes
    ----------
    usual_langevin : LangevinConfig
        The Langevin settings of the model's preset, or the defaults of the class without a preset.
    usual_learning : LearnConfig
        The learning settings of the model's preset, likewise. `compile` and `fit` take them by
        default.
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
        self.batch = 0  # batch size of the last `fit`
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
        """Prepare the model for learning, as `keras.Model.compile` does.

        By default all settings are those of the model's preset. There is no loss to choose:
        learning maximizes the likelihood.

        Parameters
        ----------
        optimizer : Any
            A Keras optimizer or its name; by default Adam with the settings of the preset.
        langevin : LangevinConfig or None
            How the chains move at each update.
        observed_noise : float or None
            The standard deviation of noise on the observed videos, on the model's scale.
        renewed : float or None
            The share of the chains that start again from noise at an update, in [0, 1).
        gap_limit : float or None
            The gap of the energies above which a stuck chain does not count; see `update.pulls`.
        squared : float or None
            The weight of the squares of f in the loss; see `update.update`.
        life : int or None
            The number of updates after which a chain starts again from noise; 0 is never.
        youth : int or None
            The number of updates for which a new chain does not count.
        at_once : int
            How many videos pass the network together, to save memory (0: all); the result is the
            same.
        jit_compile : bool
            Whether XLA compiles the update. On a CPU this makes the Langevin loop 25 times slower.
        **kwargs : Any
            Further arguments of `keras.Model.compile`.

        Raises
        ------
        BadOptionError
            If the step size does not fit the reference distribution, or a setting is out of range.
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

    def start_chains(
        self, videos: int, chains: int, seed: int, store: str = "memory"
    ) -> Chains:
        """Make persistent chains for `videos` observed videos: `chains` for each slot, by `seed`.

        They start from noise of the reference distribution. The `store` is 'memory' or 'disk'.
        """
        a = self._arguments
        shape = (chains, a["frames"], *a["size"], a["channels"])
        groups = self.reference.groups(videos)
        shared, modes = slots(groups, videos), modes_of_slots(groups, videos)
        slot_of = {video: slot for slot, those in enumerate(shared) for video in those}
        moving = self.langevin_config.momentum > 0

        def start(slot: int) -> dict[str, tf.Tensor]:
            own = seeds.of_slot(seed, slot)
            states = {"video": self.reference.draw(shape, own, modes[slot], spread=False)}
            if moving:
                pair = seeds.velocity(seed, slot)
                states["velocity"] = tf.random.stateless_normal(shape, pair)
            return states

        strategy = self.distribute_strategy
        several = strategy.num_replicas_in_sync > 1
        self.chains = (StoredChains if store == "disk" else HeldChains)(
            start, (len(modes), *shape), seed, modes=modes, parts=strategy.num_replicas_in_sync,
            here=len(strategy.extended.worker_devices) if several else 1,
            slot_of=[slot_of[video] for video in range(videos)], moving=moving, life=self.life,
        )
        self.train_function = None  # the compiled update of the old chains must not be reused
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
        """Learn from observed videos; each step is one update by analysis by synthesis.

        Parameters
        ----------
        videos : Any
            The observed videos, (N, T, H, W, C) grey levels 0 … 255. T is at least that of the
            model; an update sees a random time window of a longer video.
        batch_size : int or None
            The number of observed videos per update, by default that of the preset.
        chains : int or None
            The number of persistent chains of each video, by default that of the preset. A call
            with the same number of videos and chains continues the chains.
        epochs, steps_per_epoch : int
            The number of epochs, and of updates in each.
        seed : int
            The seed of mini-batches, chains and noise.
        **kwargs : Any
            Further arguments of `keras.Model.fit`.

        Returns
        -------
        keras.callbacks.History
            The figures of each epoch.

        Raises
        ------
        BadOptionError
            If the axes of the videos are not those of the model.
        """
        videos = np.asarray(videos)
        self.check_video(videos)
        usual = self.usual_learning
        batch = min(batch_size or usual.batch, len(videos))
        chains = chains or usual_chains(usual, len(videos))
        pool = self.chains
        if pool is None or (len(pool.slot_of), pool.shape[1]) != (len(videos), chains):
            self.adapt(videos)
            pool = self.start_chains(len(videos), chains, seed)
        if batch != self.batch:
            self.batch, self.train_function = batch, None  # the compiled update has a fixed size
        seen = videos if self.fills is not None else self._coordinates(videos, pool)
        # Several windows of a video are several samples; missing pixels move in one window only.
        several = videos.shape[1] > self._arguments["frames"] and self.fills is None

        def windows(pipeline: int = 0) -> tf.data.Dataset:
            return observed_windows(
                seen, self._arguments["frames"], batch, seed, int(pool.update),
                chains if several else 1, pipeline * pool.here, pool.here, pool.parts,
            )

        data = windows() if pool.parts == 1 else (
            self.distribute_strategy.distribute_datasets_from_function(
                lambda context: windows(context.input_pipeline_id)
            )
        )
        kwargs = {"verbose": 0, "shuffle": False, "epochs": epochs, **kwargs}
        with pool.watched():
            return super().fit(data, steps_per_epoch=steps_per_epoch, **kwargs)

    def _coordinates(self, videos: np.ndarray, chains: Chains) -> np.ndarray:
        """Return few videos on the scale of a coloured model; many, or other models', as they are.

        It takes long to look up coordinates, and the same windows are learned from again and again.
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
        """Do nothing: an energy is built already; Keras 3.15 would add up videos of all workers."""

    def train_step(self, data: tuple[tf.Tensor, ...]) -> dict[str, tf.Tensor]:
        """Make one update by analysis by synthesis; missing pixels move first, if there are any.

        The `data` are those of `windows.observed_windows`.
        """
        grey_levels, indices, starts, numbers, part = data
        assert self.chains is not None
        noise = self.observed_noise
        if self.fills is None:
            modes = self.chains.modes_of(self.chains.slots(indices))
            each = int(grey_levels.shape[0]) // int(indices.shape[0])
            observed = tf.cast(grey_levels, tf.float32)
            if grey_levels.dtype != COORDINATES:
                observed = self.to_model(observed, tf.repeat(modes, each))
        else:  # `Fills.move` adds the noise
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
        if self.chains.parts > self.chains.here:  # between workers, Keras takes means over an axis
            return {name: value[tf.newaxis] for name, value in figures.items()}
        return figures
