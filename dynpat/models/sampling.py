"""Make new videos from a learned model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from dynpat import langevin, seeds
from dynpat.config import LangevinConfig, check_step_size, require
from dynpat.denoising import denoised
from dynpat.errors import BadOptionError, DivergedError
from dynpat.models import EnergyModel, SceneModel, TextureModel, periodic

STEPS = 40  # usual number of Langevin steps from noise to a video
VIEWS = 8  # number of shifted grids over which the last step of a coloured model is averaged
SETTLING = 20  # number of last steps without noise, which remove the grain of the chain
MARGIN = (6, 12, 12)  # frames, pixels in height and pixels in width
CHUNK = 20  # number of Langevin steps between two reports of progress
USUAL = 70  # largest number of frames of a sample whose length is not given
LIMIT = 1e4  # grey levels; a chain with larger values has diverged


@dataclass(frozen=True)
class Asked:
    """A request for videos, checked against its model by `ask`."""

    langevin: LangevinConfig
    steps: int
    seed: int
    starts: Sequence[np.ndarray] | None
    modes: Sequence[int]
    repeating: tuple[int, ...]
    chain: tuple[int, int, int, int]
    """The shape (T, H, W, C) of the chains."""
    inner: tuple[slice, ...]
    """Where the video lies in its chain."""

    def seed_of(self, number: int) -> int:
        """Return the seed of one video, which does not depend on how many videos are made."""
        return seeds.of_video(self.seed, number)

    def mode_of(self, number: int) -> int:
        """Return the mode of one video."""
        return self.modes[number % len(self.modes)]

    def start_of(self, number: int) -> np.ndarray | None:
        """Return the video from which the chain of a video starts; None if it starts from noise."""
        return None if self.starts is None else self.starts[number % len(self.starts)]


def usual_frames(model: EnergyModel, observed: int) -> int:
    """Return the length of a sample if none is given: that of the observed, up to a limit."""
    window = int(model.get_config()["frames"])
    free = isinstance(model, SceneModel | TextureModel)
    return max(window, min(observed, USUAL)) if free else window


def sampled_shape(
    model: EnergyModel, frames: int | None, size: tuple[int, int] | None
) -> tuple[int, int, int, int]:
    """Return the shape (T, H, W, C) of a requested video, if the kind of model allows it.

    Raises
    ------
    BadOptionError
        If the model makes only videos of its own length or size.
    """
    config = model.get_config()
    length = config["frames"] if frames is None else frames
    shape = (length, *(config["size"] if size is None else size), config["channels"])
    require(length >= 2, "frames", "be at least 2", length, "Raise --frames")
    require(min(shape[1:3]) >= 1, "size", "be positive", size, "Leave out --size")
    if shape[0] != config["frames"] and not isinstance(model, SceneModel | TextureModel):
        raise BadOptionError(
            f"An action model makes videos of the {config['frames']} frames that it learned; "
            f"{shape[0]} were asked for. Leave out --frames, or learn with --pattern scene."
        )
    if tuple(shape[1:3]) != tuple(config["size"]) and not isinstance(model, TextureModel):
        height, width = config["size"]
        raise BadOptionError(
            f"This model makes videos of the size that it learned, {width}x{height}; "
            f"{shape[2]}x{shape[1]} was asked for. Leave out --size, or learn with --pattern "
            "texture."
        )
    return shape


def ask(
    model: EnergyModel,
    langevin_config: LangevinConfig,
    *,
    frames: int | None = None,
    size: tuple[int, int] | None = None,
    steps: int = STEPS,
    seed: int = 0,
    starts: Sequence[np.ndarray] | None = None,
    modes: Sequence[int] | None = None,
    repeating: tuple[int, ...] = (),
) -> Asked:
    """Check a request for videos against a learned model.

    Parameters
    ----------
    model : EnergyModel
        The learned model.
    langevin_config : LangevinConfig
        The step size, noise and momentum; its number of steps is not used.
    frames : int or None
        The number of frames T, by default as learned.
    size : tuple of int or None
        The height and width (H, W) in pixels, by default as learned.
    steps : int
        The number of Langevin steps of each chain; 0 draws from a coloured reference, without f.
    seed : int
        The seed of the noise.
    starts : sequence of ndarray or None
        The videos (T, H, W, C), in grey levels, from which chains start in turn instead of noise.
    modes : sequence of int or None
        The modes of the model that take turns, by default all.
    repeating : tuple of int
        The axes on which the videos repeat without a seam: 1 is time, 2 height and 3 width.

    Returns
    -------
    Asked
        The checked request.

    Raises
    ------
    BadOptionError
        If an option is out of range, or the model makes only videos of its own length or size.
    """
    require(0 <= seed < 2**31, "seed", "lie in 0 … 2147483647", seed, "Choose another --seed")
    least = 0 if model.coloured else 1
    require(steps >= least, "steps", f"be at least {least}", steps, "Raise --steps")
    check_step_size(langevin_config.step_size, model.sigma)
    shape = sampled_shape(model, frames, size)
    chain, inner = chain_shape(model, shape, repeating)
    turns = range(model.get_config()["modes"]) if modes is None else modes
    return Asked(langevin_config, steps, seed, starts, turns, repeating, chain, inner)


def sample_videos(
    model: EnergyModel,
    asked: Asked,
    count: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[np.ndarray]:
    """Make new videos one after the other, each from a new chain.

    Parameters
    ----------
    model : EnergyModel
        The learned model.
    asked : Asked
        The request, checked by `ask`.
    count : int
        The number of videos.
    progress : callable
        A function that is called with the number of steps done and their total.

    Yields
    ------
    ndarray
        A video, (T, H, W, C) float32 grey levels.

    Raises
    ------
    DivergedError
        If a chain runs away.
    """
    require(count >= 1, "count", "be at least 1", count, "Raise --count")
    model.reference.ready_for((1, *asked.chain))
    energy = periodic.Repeating(model, asked.repeating) if asked.repeating else model
    steps, moving = asked.steps, asked.langevin
    for number in range(count):
        seed, start = asked.seed_of(number), asked.start_of(number)
        mode = asked.mode_of(number)
        modes = tf.constant([mode])
        if start is None:
            video = model.draw_start((1, *asked.chain), seed, mode=mode)
        else:
            whole = mirrored(start, asked.inner, asked.chain)[np.newaxis]
            video = model.to_model(whole, modes)
        done = 0
        while done < steps:
            now = min(CHUNK, steps - done)
            video = langevin.sample(
                energy, video, now, moving.step_size, seeds.part(seed, done),
                momentum=moving.momentum, modes=modes,
            )
            done += now
            require_sane(float(tf.reduce_max(tf.abs(video))), done)
            progress(number * steps + done, count * steps)
        settled = settle(energy, video, moving, modes, learned=steps > 0)
        yield model.to_grey(settled, modes)[0][asked.inner].numpy()


def margin_of(model: EnergyModel) -> tuple[int, int, int]:
    """Return how far chains extend on each side beyond the videos that are cut out of them.

    At the ends of a chain the network sees padding instead of video, and samples are pale there.
    """
    free = isinstance(model, TextureModel) and model.get_config()["centre"] != "pixel"
    frames = MARGIN[0] if isinstance(model, SceneModel | TextureModel) else 0
    return (frames, *(MARGIN[1:] if free else (0, 0)))


def chain_shape(
    model: EnergyModel, shape: tuple[int, int, int, int], repeating: tuple[int, ...]
) -> tuple[tuple[int, int, int, int], tuple[slice, ...]]:
    """Return the shape of the chain from which a video of `shape` is cut, and where the video lies.

    Raises
    ------
    BadOptionError
        If a video of that shape cannot repeat on those axes.
    """
    for axis in repeating:
        every, length = periodic.stride(model, axis), shape[axis - 1]
        name = ("--frames", "the height of --size", "the width of --size")[axis - 1]
        require(length % every == 0, name, f"be a multiple of {every} to repeat without a seam",
                length, f"Use {max(every, length // every * every)}")
    margin = [0 if axis in repeating else own for axis, own in enumerate(margin_of(model), start=1)]
    frames, height, width = (n + 2 * m for n, m in zip(shape, margin, strict=False))
    inner = tuple(slice(m, m + n) for n, m in zip(shape, margin, strict=False))
    return (frames, height, width, shape[3]), inner


def mirrored(
    video: np.ndarray, inner: Sequence[slice], shape: Sequence[int],
    box: Sequence[slice] = (slice(None),) * 3,
) -> np.ndarray:
    """Put a video (T, H, W, C) at the place `inner` of a larger `shape`, and mirror it around.

    Only the `box` of the larger video is returned.
    """
    indices = [
        np.pad(np.arange(length), (place.start, wanted - place.stop), mode="reflect")[part]
        for length, wanted, place, part in zip(video.shape, shape, inner, box, strict=False)
    ]
    return np.asarray(video[np.ix_(*indices)])


def settle(
    energy: langevin.Energy, video: tf.Tensor, config: LangevinConfig,
    modes: tf.Tensor | None = None, *, learned: bool = True,
) -> tf.Tensor:
    """Remove the noise of a chain: by its denoised mean, or by a few steps down the energy.

    Coloured models take the denoised mean. With `learned` false, f is left out, and the videos are
    those of the reference alone.
    """
    model: Any = getattr(energy, "model", energy)  # a repeating energy has its model inside
    if not learned:
        return video - model.sigma**2 * model.reference.filtered(video, -1.0, modes)
    if getattr(model, "coloured", False):
        return denoised(energy, video, model.sigma, VIEWS, modes)
    return langevin.sample(energy, video, SETTLING, config.step_size, seed=0, noise=0.0)


def require_sane(largest: float, step: int) -> None:
    """Stop a chain that has run away.

    Raises
    ------
    DivergedError
        If the `largest` value after `step` steps is one that no video has.
    """
    if not largest < LIMIT:  # this is also true for NaN
        raise DivergedError(
            f"A chain ran away after {step} Langevin steps (values up to {largest:.3g}); lower "
            "--step-size, or learn the model longer."
        )
