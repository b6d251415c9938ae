"""The energy-based model: log p(I) = f(I;θ) − ‖I‖²/(2σ²) + const, f a ConvNet summed at its top."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from dynpat import layers, network, synthesis
from dynpat.config import LangevinConfig, check_step_size
from dynpat.errors import BadOptionError
from dynpat.fills import Fills
from dynpat.reference import Reference


@keras.saving.register_keras_serializable(package="dynpat")
class EnergyModel(keras.Model):
    """An energy over videos; `model(video)` is the energy of each video, `model.f` the network.

    A video on the model's scale is in grey levels minus the mean of the observed ones; `to_model`
    and `to_grey` convert. `compile` and `fit` learn by analysis by synthesis.

    Parameters
    ----------
    frames, size, channels
        T, (H, W) and C of the videos to learn.
    filters, kernels, strides
        For each layer: number, (T, H, W) and (T, H, W). A kernel of one integer n covers n frames ×
        all of space and has a stride of one integer; "all" covers everything (fully connected).
    activation, padding
        After each layer; 'same' or 'valid', of the layers that do not cover all of space.
    centre
        Which mean of the observed videos is subtracted: each 'pixel's over time, each
        'channel's, or one 'scalar'.
    input_scale, output_scale
        Factors on the video before the first layer, and on the sum over the last.
    sigma
        σ of the reference distribution N(0, σ²), in grey levels.
    kernel_initializer
        Of all kernels, as Keras names it.
    precision
        'float32', or 'bfloat16' for the products inside layers; all else stays float32.
    start
        Where chains start when the model is sampled: 'reference' noise N(0, σ²), or noise with the
        'spread' of the observed pixels, which reaches models that are flat around zero.
    shown
        What the network sees: the 'deviation' from the mean that is subtracted, or the 'picture'
        in which that mean stands (less one mean of each channel), so that it knows what is where.
    modes
        How many groups of observed videos to tell apart: each keeps a mean and a spread of its own.
    seed
        Of the weights.

    Raises
    ------
    BadOptionError
        If an argument is out of range, or the video is too small for the network.
    """

    presets: ClassVar[dict[str, dict[str, Any]]] = {}
    langevin_presets: ClassVar[dict[str, dict[str, Any]]] = {
        "default": {"steps": 5, "step_size": 2.4},
        "paper": {"steps": 20, "step_size": 0.3},
    }

    learn_presets: ClassVar[dict[str, dict[str, Any]]] = {
        "default": {"learning_rate": 3e-3, "final_learning_rate": 1e-4, "gap_limit": 0.25},
        "paper": {"learning_rate": 1e-3, "final_learning_rate": 1e-3, "gap_limit": 0.0},
    }

    def __init__(
        self,
        frames: int,
        size: tuple[int, int],
        channels: int = 3,
        *,
        filters: tuple[int, ...] = (48, 30),
        kernels: tuple[Any, ...] = ((6, 6, 6), (3, 3, 3)),
        strides: tuple[Any, ...] = ((2, 2, 2), (1, 1, 1)),
        activation: str = "relu",
        padding: str = "same",
        centre: str = "pixel",
        input_scale: float = 1.0,
        output_scale: float = 1.0,
        sigma: float = 1.0,
        kernel_initializer: str | dict[str, Any] = "he_normal",
        precision: str = "float32",
        start: str = "reference",
        shown: str = "deviation",
        modes: int = 1,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._arguments = {
            "frames": frames, "size": tuple(size), "channels": channels,
            "filters": tuple(filters), "kernels": network.tuples(kernels),
            "strides": network.tuples(strides),
            "activation": activation, "padding": padding, "centre": centre,
            "input_scale": input_scale, "output_scale": output_scale, "sigma": sigma,
            "kernel_initializer": kernel_initializer, "precision": precision,
            "start": start, "shown": shown, "modes": modes, "seed": seed,
        }
        network.check_arguments(self._arguments)
        self.sigma, self.input_scale = float(sigma), float(input_scale)
        self.output_scale = float(output_scale)
        self.reference = Reference(centre, self.sigma, modes, name="reference")
        self.network = [
            network.make_layer(number, *layer, self._arguments)
            for number, layer in enumerate(zip(filters, kernels, strides, strict=True))
        ]
        self.chains: synthesis.Chains | None = None
        self.fills: Fills | None = None
        self.langevin_config = LangevinConfig()
        self.gap_limit, self.at_once, self.observed_noise = 0.0, 0, 0.0
        self.build((None, frames, *size, channels))

    @classmethod
    def from_preset(
        cls, preset: str, *, frames: int, size: tuple[int, int], channels: int = 3, **changes: Any
    ) -> EnergyModel:
        """A model built and ready: 'paper' is the authors' network, 'default' the measured one.

        `changes` override single arguments of the constructor.
        """
        if preset not in cls.presets:
            known = ", ".join(sorted(cls.presets)) or "none; use one of its subclasses"
            what = f"{cls.__name__} has no preset {preset!r}"
            raise BadOptionError(f"{what}; choose one of: {known}.")
        return cls(frames, size, channels, **{**cls._preset(preset, size), **changes})

    @classmethod
    def _preset(cls, preset: str, size: tuple[int, int]) -> dict[str, Any]:
        return cls.presets[preset]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        if self.built:  # type: ignore[has-type]
            return
        _, frames, height, width, _ = input_shape
        self.reference.build(input_shape)
        shape: Any = input_shape
        for layer in self.network:
            network.require_room(layer, shape, (frames, height, width), self._arguments["padding"])
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.built = True

    # The energy.

    def f(self, video: tf.Tensor) -> tf.Tensor:
        """f(I;θ): the network, summed over its top layer. (N, T, H, W, C) float32 → (N,)."""
        if self._arguments["shown"] == "picture":
            video += tf.convert_to_tensor(self.reference.still)
        features = self.input_scale * video
        with self.standing_still():
            for layer in self.network:
                features = layer(features)
        axes = list(range(1, len(features.shape)))
        return tf.reduce_sum(tf.cast(features, tf.float32), axis=axes) * self.output_scale

    def standing_still(self) -> AbstractContextManager[None]:
        """A context in which weights do not change, so that each is made ready only once."""
        return layers.prepared(self.network)

    def energy(self, video: tf.Tensor) -> tf.Tensor:
        """E(I) = ‖I‖²/(2σ²) − f(I;θ). (N, T, H, W, C) float32 → (N,)."""
        return self.reference.energy(video) - self.f(video)

    def call(self, video: tf.Tensor) -> tf.Tensor:
        self.check_video(video)
        return self.energy(video)

    def check_video(self, video: tf.Tensor) -> None:
        """Raise `BadOptionError` unless the video's axes are (N, T, H, W, C) of this model."""
        channels = self._arguments["channels"]
        if len(video.shape) != 5 or video.shape[-1] != channels:
            raise BadOptionError(
                f"A video has the axes (N, T, H, W, C) with C = {channels} here; received the "
                f"shape {tuple(video.shape)}. Add the missing axes or convert its colours."
            )

    # The scale.

    def adapt(self, videos: np.ndarray) -> None:
        """Take the scale from observed videos, (N, T, H, W, C) grey levels."""
        self.reference.adapt(videos)

    def to_model(self, grey_levels: Any) -> tf.Tensor:
        """Grey levels 0–255 → the model's scale, float32."""
        return tf.cast(grey_levels, tf.float32) - tf.convert_to_tensor(self.reference.mean)

    def to_grey(self, video: Any) -> tf.Tensor:
        """The model's scale → grey levels, float32, not clipped: exact inverse of `to_model`."""
        return tf.cast(video, tf.float32) + tf.convert_to_tensor(self.reference.mean)

    def draw_start(self, shape: tuple[int, ...], seed: int, mode: int = 0) -> tf.Tensor:
        """White noise from which to sample, `shape` (N, T, H, W, C), see `start` and `modes`."""
        return self.reference.draw(shape, seed, mode, spread=self._arguments["start"] == "spread")

    # Learning.

    def compile(  # type: ignore[override]
        self,
        optimizer: Any = "adam",
        langevin: LangevinConfig | None = None,
        gap_limit: float = 0.0, at_once: int = 0, observed_noise: float = 0.0,
        jit_compile: bool = False,
        **kwargs: Any,
    ) -> None:
        """As `keras.Model.compile`; `langevin` says how the chains move at each update.

        `gap_limit` bounds the energy gap, in units of the observed videos' reference energy
        (`synthesis.loss_of_gap`); 0 is plain maximum likelihood. `at_once` bounds how many videos
        pass the network together (0: all), for memory's sake; the result is the same.
        There is no loss to choose: learning is by maximum likelihood. XLA is off unless asked
        for (on CPU it makes the Langevin loop 25 times slower).
        """
        self.langevin_config = langevin or LangevinConfig()
        self.gap_limit, self.at_once, self.observed_noise = gap_limit, at_once, observed_noise
        check_step_size(self.langevin_config.step_size, self.sigma)
        super().compile(optimizer=optimizer, jit_compile=jit_compile, **kwargs)

    def start_chains(self, videos: int, chains: int, seed: int) -> synthesis.Chains:
        """New persistent chains, `chains` for each of `videos` observed videos."""
        a = self._arguments
        shape = (chains, a["frames"], *a["size"], a["channels"])
        mode_of = {v: m for m, group in enumerate(self.reference.groups(videos)) for v in group}
        starts = [
            self.reference.draw(shape, seed * 10_007 + v, mode_of[v], spread=False)
            for v in range(videos)
        ]
        self.chains = synthesis.Chains(tf.stack(starts), seed)
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
        windows = synthesis.observed_windows(
            videos, self._arguments["frames"], batch, seed, int(self.chains.update),
            chains if several else 1,
        )
        kwargs = {"verbose": 0, "shuffle": False, "epochs": epochs, **kwargs}
        return super().fit(windows, steps_per_epoch=steps_per_epoch, **kwargs)

    def train_step(self, data: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One update of analysis by synthesis; missing pixels move first, where there are some."""
        grey_levels, indices, starts = data
        assert self.chains is not None
        if self.fills is None:
            observed = self.to_model(grey_levels)
        else:
            observed = self.fills.move(
                self, indices, starts, self._arguments["frames"], self.langevin_config,
                tf.cast(self.chains.seed, tf.int64) * 1_000_003 + self.chains.update, self.at_once,
            )
        return synthesis.update(
            self, self.chains, observed, indices, self.langevin_config, self.gap_limit,
            self.at_once, self.observed_noise,
        )

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, **self._arguments}
