"""The energy-based model: log p(I) = f(I;θ) − ‖I‖²/(2σ²) + const, f a ConvNet summed at its top."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from dynpat.config import LangevinConfig, LearnConfig, without_former
from dynpat.errors import BadOptionError
from dynpat.learning.trainable import Trainable
from dynpat.models import layers, network
from dynpat.models.long_waves import LongWaves
from dynpat.models.new_videos import NewVideos
from dynpat.models.view import View, through_grid


@keras.saving.register_keras_serializable(package="dynpat")
class EnergyModel(NewVideos, Trainable):
    """An energy over videos: `model(video)` is the energy of each video, `model.f` the network.

    Videos on the model's scale are grey levels minus the mean of the observed videos; `to_model`
    and `to_grey` convert. `compile` and `fit` learn the model by analysis by synthesis.

    Parameters
    ----------
    frames, channels : int
        The numbers of frames T and of channels C (1 or 3) of the videos to learn.
    size : tuple of int
        Their height and width (H, W) in pixels.
    filters : tuple of int
        The number of filters of each layer.
    kernels, strides : tuple
        The kernel and the stride (T, H, W) of each layer. A kernel of one integer covers that many
        frames and all of space, and its stride is one integer; "all" covers the whole video.
    activation, top_activation : str
        Keras activations of all layers, and of the last one if it has another ("": the same).
    centre : str
        The observed mean to subtract: of each 'pixel' over time, each 'channel', or one 'scalar'.
    input_scale : float
        A factor on the video before the first layer.
    sigma : float
        The σ of the reference distribution N(0, σ²), in grey levels, in (0, 1000].
    widest, steady : float
        The σ of the pixels that move most, if above `sigma`, and the weight that keeps the mean
        level of a video near the observed one; see `Reference`.
    bounded : bool
        Whether levels outside 0 … 255 have a higher energy.
    kernel_initializer : str or dict
        The Keras initializer of all kernels.
    top_kernel_initializer : str or dict or None
        The initializer of the last kernel, if it has another.
    coloured : bool
        Whether the reference is a `ColouredReference` instead of Gaussians. The model's scale is
        then that of its coordinates, `sigma` is its ρ, and `centre` 'channel' gives all places one
        map.
    colours_follow : bool
        Whether the colours of a coloured reference follow the brightness where each pixel has its
        own map (`dynpat.reference.colours`).
    longest_wave : float
        On a coloured reference, the length in frames and pixels of the longest waves that f is
        shown (`dynpat.models.long_waves`); 0 shows all.
    precision : str
        'float32', or 'bfloat16' for the products inside layers; all else stays float32.
    start : str
        The noise from which chains start: of the 'reference', N(0, σ²), or with the 'spread' of the
        observed pixels, which reaches models that are flat around zero.
    shown : str
        What the network sees: the 'deviation' from the mean, or the whole 'picture' less one mean
        of each channel, from which it learns what is where.
    modes : int
        The number of groups of observed videos; each keeps a mean and a spread of its own.
    seed : int
        The seed of the weights.
    preset : str
        The preset whose settings `compile` and `sample` take; "" is none.

    Raises
    ------
    BadOptionError
        If an argument is out of range, or the video is too small for the network.
    """

    presets: ClassVar[dict[str, dict[str, Any]]] = {}
    unplaced: ClassVar[dict[str, Any]] = {}
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
        colours_follow: bool = False,
        longest_wave: float = 0.0,
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
            "centre": centre, "input_scale": input_scale, "sigma": sigma,
            "widest": widest, "bounded": bounded, "steady": steady,
            "kernel_initializer": kernel_initializer,
            "top_kernel_initializer": top_kernel_initializer, "coloured": coloured,
            "colours_follow": colours_follow, "longest_wave": longest_wave,
            "precision": precision, "start": start, "shown": shown, "modes": modes,
            "seed": seed, "preset": preset,
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
        """Build a model of a preset, for videos of `frames` frames, `size` (H, W) and `channels`.

        The `preset` 'default' is the one measured best, on the coloured reference; 'gaussian' has
        Gaussians as reference and serves recovery; 'paper' is the authors' network. `changes`
        replace single arguments of the constructor.

        Raises
        ------
        BadOptionError
            If there is no such preset, or an argument does not fit.
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
        if self.reach:  # all shifts of the grid must leave videos of one size
            sizes = zip(self._arguments["size"], self.reach[1:], strict=True)
            frames = self._arguments["frames"] + self.reach[0]
            shape = (None, frames, *(size + more for size, more in sizes), input_shape[-1])
        for layer in self.network:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.built = True

    def f(
        self, video: tf.Tensor, seed: tf.Tensor | None = None, modes: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Return f(I;θ), the sum over the top layer of the network: (N, T, H, W, C) float32 → (N,).

        On a coloured reference the network sees `video` through a shifted grid, because samples
        would show what a fixed grid prefers. The shift is below the product of the strides: random
        with a `seed` of shape (2,), else half of that. `modes` (N,) tells the mode of each video,
        by default 0.
        """
        return self.f_of(self.short_waves(video), seed, modes)

    def short_waves(self, video: tf.Tensor, repeating: Sequence[int] = ()) -> tf.Tensor:
        """Return what f is shown of `video`; on axes `repeating` (1 is time …) it goes around."""
        waves = LongWaves(video.shape[1:], self._arguments["longest_wave"], repeating)
        return waves.taken_out(video)

    def f_of(
        self, video: tf.Tensor, seed: tf.Tensor | None = None, modes: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Return `f` by `seed` and `modes` of a `video` from which long waves are out already."""
        if not self.reach:
            if self._arguments["shown"] == "picture":
                video += tf.convert_to_tensor(self.reference.still)
            features = self.input_scale * video
        else:
            seen = self.input_scale * self.reference.seen(video, modes)
            features = through_grid(seen, self.reach, seed)
        return network.top_of(self.network, features)

    def shifted(
        self, seed: tf.Tensor, modes: tf.Tensor | None = None
    ) -> Callable[[tf.Tensor], tf.Tensor]:
        """Return the energy of `modes` with a grid shifted by `seed` (2,), or else the model."""
        return View(self, seed, modes) if self.reach else self

    def standing_still(self) -> AbstractContextManager[None]:
        """Return a context in which weights must not change and are prepared only once."""
        return layers.prepared(self.network)

    def energy(self, video: tf.Tensor, modes: tf.Tensor | None = None) -> tf.Tensor:
        """Return E(I) = ‖I‖²/(2σ²) − f(I;θ), (N,); `video` and `modes` are those of `f`."""
        return self.reference.energy(video, modes) - self.f(video, modes=modes)

    def call(self, video: tf.Tensor, modes: tf.Tensor | None = None) -> tf.Tensor:
        self.check_video(video)
        return self.energy(video, modes)

    def check_video(self, video: tf.Tensor) -> None:
        """Raise `BadOptionError` unless the axes of `video` are (N, T, H, W, C) of this model."""
        channels = self._arguments["channels"]
        if len(video.shape) != 5 or video.shape[-1] != channels:
            raise BadOptionError(
                f"A video has the axes (N, T, H, W, C) with C = {channels} here; received the "
                f"shape {tuple(video.shape)}. Add the missing axes or convert its colours."
            )

    def adapt(self, videos: np.ndarray, missing: np.ndarray | None = None) -> None:
        """Take the scale from `videos`, (N, T, H, W, C) grey levels, where not `missing` (bool)."""
        self.reference.adapt(videos, missing)

    def to_model(self, grey_levels: Any, modes: Any = None) -> tf.Tensor:
        """Convert `grey_levels` 0–255 to the model's scale, float32; `modes` as in `f`."""
        return self.reference.to_model(tf.cast(grey_levels, tf.float32), modes)

    def to_grey(self, video: Any, modes: Any = None) -> tf.Tensor:
        """Convert `video` from the model's scale to grey levels, not clipped; see `to_model`.

        The `modes` (N,) are those of `f`.
        """
        return self.reference.to_grey(tf.cast(video, tf.float32), modes)

    def draw_start(self, shape: tuple[int, ...], seed: int, mode: int = 0) -> tf.Tensor:
        """Draw noise from which chains start: `shape` (N, T, H, W, C), by `seed`, of one `mode`."""
        return self.reference.draw(shape, seed, mode, spread=self.starts_spread)

    @property
    def starts_spread(self) -> bool:
        """Whether chains start from noise with the spread of the observed videos; see `start`."""
        return bool(self._arguments["start"] == "spread")

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, **self._arguments}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> EnergyModel:
        """A model from what `get_config` gave, now or in an earlier version."""
        return cls(**without_former(config))
