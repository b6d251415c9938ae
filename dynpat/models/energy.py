"""The energy-based model: log p(I) = f(I;θ) − ‖I‖²/(2σ²) + const, f a ConvNet summed at its top."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from dynpat.config import LangevinConfig, LearnConfig, without_former
from dynpat.errors import BadOptionError
from dynpat.learning.trainable import Trainable
from dynpat.models import layers, network
from dynpat.models.new_videos import NewVideos
from dynpat.models.view import View


@keras.saving.register_keras_serializable(package="dynpat")
class EnergyModel(NewVideos, Trainable):
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
    activation, top_activation
        After each layer; after the last one, if it is another.
    centre
        Which mean of the observed videos is subtracted: each 'pixel's over time, each
        'channel's, or one 'scalar'.
    input_scale
        Factor on the video before the first layer.
    sigma
        σ of the reference distribution N(0, σ²), in grey levels.
    widest, bounded, steady
        σ of pixels that move most, if above `sigma`; whether levels outside 0 … 255 cost more; how
        firmly the mean level of a video is held: see `Reference`.
    kernel_initializer
        Of all kernels, as Keras names it.
    top_kernel_initializer
        Of the last layer's, if it is another.
    coloured
        Whether the reference is `ColouredReference` instead of Gaussians: the model's scale is then
        that of its coordinates y, and `sigma` its ρ. `centre` 'channel': all places share one map.
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
    preset
        Name of the preset whose settings `compile` and `sample` take; "" for none.

    Raises
    ------
    BadOptionError
        If an argument is out of range, or the video is too small for the network.
    """

    presets: ClassVar[dict[str, dict[str, Any]]] = {}
    usual_preset: ClassVar[str] = "default"
    langevin_presets: ClassVar[dict[str, dict[str, Any]]] = {
        "gaussian": {"steps": 5, "step_size": 4.8},
        "default": {"steps": 5, "step_size": 0.1, "momentum": 0.7},
        "paper": {"steps": 20, "step_size": 0.3},
    }

    learn_presets: ClassVar[dict[str, dict[str, Any]]] = {
        "gaussian": {
            "learning_rate": 1e-3, "final_learning_rate": 1e-4, "observed_noise": 4.8,
            "renewed": 0.05, "gap_limit": 4.0, "average": 0.98, "weight_decay": 1.5,
            "half_after": 1500, "calibration": 0.15,
        },
        "default": {
            "learning_rate": 0.0, "final_learning_rate": 2e-5, "beta_2": 0.9,
            "observed_noise": 0.1, "life": 12, "youth": 5, "squared": 1.0, "average": 0.98,
            "chains": 0, "calm": 0.1,
        },
        "paper": {"learning_rate": 1e-3, "final_learning_rate": 1e-3},
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
        top_activation: str = "",
        centre: str = "pixel",
        input_scale: float = 1.0,
        sigma: float = 1.0,
        widest: float = 0.0,
        bounded: bool = False,
        steady: float = 0.0,
        kernel_initializer: str | dict[str, Any] = "he_normal",
        top_kernel_initializer: str | dict[str, Any] | None = None,
        coloured: bool = False,
        precision: str = "float32",
        start: str = "reference",
        shown: str = "deviation",
        modes: int = 1,
        seed: int = 0,
        preset: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._arguments = {
            "frames": frames, "size": tuple(size), "channels": channels,
            "filters": tuple(filters), "kernels": network.tuples(kernels),
            "strides": network.tuples(strides),
            "activation": activation, "top_activation": top_activation,
            "centre": centre,
            "input_scale": input_scale, "sigma": sigma,
            "widest": widest, "bounded": bounded, "steady": steady,
            "kernel_initializer": kernel_initializer,
            "top_kernel_initializer": top_kernel_initializer, "coloured": coloured,
            "precision": precision,
            "start": start, "shown": shown, "modes": modes, "seed": seed,
            "preset": preset,
        }
        network.check_arguments(self._arguments)
        self.sigma, self.input_scale = float(sigma), float(input_scale)
        self.coloured = bool(coloured)
        self.reference = network.make_reference(self._arguments)
        self.reach = network.reach_of_shifts(self._arguments)
        self.usual_langevin = LangevinConfig(**self.langevin_presets.get(preset, {}))
        self.usual_learning = LearnConfig(**self.learn_presets.get(preset, {}))
        self.langevin_config = self.usual_langevin
        self.network = [
            network.make_layer(number, *layer, self._arguments)
            for number, layer in enumerate(zip(filters, kernels, strides, strict=True))
        ]
        self.build((None, frames, *size, channels))

    @classmethod
    def from_preset(
        cls, preset: str, *, frames: int, size: tuple[int, int], channels: int = 3, **changes: Any
    ) -> EnergyModel:
        """A model built and ready.

        'paper' is the authors' network, 'default' the measured one, on the coloured reference, and
        'gaussian' the one on Gaussians, on which recovery learns.

        `changes` override single arguments of the constructor.
        """
        if preset not in cls.presets:
            known = ", ".join(sorted(cls.presets)) or "none; use one of its subclasses"
            what = f"{cls.__name__} has no preset {preset!r}"
            raise BadOptionError(f"{what}; choose one of: {known}.")
        values = {**cls._preset(preset, size), "preset": preset, **changes}
        return cls(frames, size, channels, **values)

    @classmethod
    def _preset(cls, preset: str, size: tuple[int, int]) -> dict[str, Any]:
        return cls.presets[preset]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        if self.built:  # type: ignore[has-type]
            return
        self.reference.build(input_shape)
        shape: Any = input_shape
        network.require_rooms(self.network, shape)
        if self.reach:  # shifted by up to so much, a video keeps one size
            sizes = zip(self._arguments["size"], self.reach[1:], strict=True)
            frames = self._arguments["frames"] + self.reach[0]
            shape = (None, frames, *(size + more for size, more in sizes), input_shape[-1])
        for layer in self.network:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.built = True

    # The energy.

    def f(
        self, video: tf.Tensor, seed: tf.Tensor | None = None, modes: tf.Tensor | None = None
    ) -> tf.Tensor:
        """f(I;θ): the network, summed over its top layer. (N, T, H, W, C) float32 → (N,).

        A model on a coloured reference is seen through a grid that is shifted by a number of
        frames and pixels below the product of its strides, at random with a `seed` of (2,)
        integers, else by half of that: what a fixed grid prefers would show in samples. `modes`
        (N,) say in which coordinates each video is; those of the first mode if left out.
        """
        features = self._seen(video, seed, modes)
        with self.standing_still():
            for layer in self.network:
                features = layer(features)
        axes = list(range(1, len(features.shape)))
        return tf.reduce_sum(tf.cast(features, tf.float32), axis=axes)

    def _seen(
        self, video: tf.Tensor, seed: tf.Tensor | None, modes: tf.Tensor | None
    ) -> tf.Tensor:
        """What the first layer gets."""
        if not self.reach:
            if self._arguments["shown"] == "picture":
                video += tf.convert_to_tensor(self.reference.still)
            return self.input_scale * video
        if seed is None:
            before = tf.constant([reach // 2 for reach in self.reach])
        else:
            share = tf.random.stateless_uniform((3,), seed)
            before = tf.cast(share * tf.constant(self.reach, tf.float32), tf.int32)
        paddings = tf.stack([before, tf.constant(self.reach) - before], axis=1)
        paddings = tf.pad(paddings, [[1, 1], [0, 0]])  # none of videos and channels
        sizes = [n if n is None else n + more
                 for n, more in zip(video.shape[1:4], self.reach, strict=True)]
        padded = tf.pad(self.input_scale * self.reference.seen(video, modes), paddings)
        return tf.ensure_shape(padded, (video.shape[0], *sizes, video.shape[-1]))

    def shifted(
        self, seed: tf.Tensor, modes: tf.Tensor | None = None
    ) -> Callable[[tf.Tensor], tf.Tensor]:
        """The energy with f seen through the grid that a seed of (2,) integers shifts, if it is."""
        return View(self, seed, modes) if self.reach else self

    def standing_still(self) -> AbstractContextManager[None]:
        """A context in which weights do not change, so that each is made ready only once."""
        return layers.prepared(self.network)

    def energy(self, video: tf.Tensor, modes: tf.Tensor | None = None) -> tf.Tensor:
        """E(I) = ‖I‖²/(2σ²) − f(I;θ). (N, T, H, W, C) float32 → (N,)."""
        return self.reference.energy(video, modes) - self.f(video, modes=modes)

    def call(self, video: tf.Tensor, modes: tf.Tensor | None = None) -> tf.Tensor:
        self.check_video(video)
        return self.energy(video, modes)

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

    def to_model(self, grey_levels: Any, modes: Any = None) -> tf.Tensor:
        """Grey levels 0–255 → the model's scale, float32; `modes` as in `f`."""
        return self.reference.to_model(tf.cast(grey_levels, tf.float32), modes)

    def to_grey(self, video: Any, modes: Any = None) -> tf.Tensor:
        """The model's scale → grey levels, float32, not clipped: the inverse of `to_model`."""
        return self.reference.to_grey(tf.cast(video, tf.float32), modes)

    def draw_start(self, shape: tuple[int, ...], seed: int, mode: int = 0) -> tf.Tensor:
        """White noise from which to sample, `shape` (N, T, H, W, C), see `start` and `modes`."""
        return self.reference.draw(shape, seed, mode, spread=self.starts_spread)

    @property
    def starts_spread(self) -> bool:
        """Whether chains start with the spread of the observed, see `start`."""
        return bool(self._arguments["start"] == "spread")

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, **self._arguments}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> EnergyModel:
        """A model from what `get_config` gave, now or in an earlier version."""
        return cls(**without_former(config))
