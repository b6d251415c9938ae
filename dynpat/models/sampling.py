"""New videos from a learned model."""

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

STEPS = 40  # Langevin steps from noise to a video
VIEWS = 8  # shifts of f's grid over which the last step of a coloured model is averaged
SETTLING = 20  # last steps without noise: they take away the chain's own grain
MARGIN = (6, 12, 12)  # frames, pixels high and wide
CHUNK = 20  # Langevin steps between two reports of progress
USUAL = 70  # frames at most of a sample whose length nobody gives
LIMIT = 1e4  # grey levels; no chain that is well goes so far


@dataclass(frozen=True)
class Asked:
    """Videos that are asked for, checked against their model by `ask`."""

    langevin: LangevinConfig
    steps: int
    seed: int
    starts: Sequence[np.ndarray] | None
    modes: Sequence[int]
    repeating: tuple[int, ...]
    chain: tuple[int, int, int, int]
    """(T, H, W, C) of the chains."""
    inner: tuple[slice, ...]
    """Where in its chain a video lies."""

    def seed_of(self, number: int) -> int:
        """Video number n of a seed is always the same, however many there are."""
        return seeds.of_video(self.seed, number)

    def mode_of(self, number: int) -> int:
        return self.modes[number % len(self.modes)]

    def start_of(self, number: int) -> np.ndarray | None:
        """The video that it starts from, if not from noise."""
        return None if self.starts is None else self.starts[number % len(self.starts)]


def usual_frames(model: EnergyModel, observed: int) -> int:
    """How long a sample is if nobody says: as the observed video, unless that is very long."""
    window = int(model.get_config()["frames"])
    free = isinstance(model, SceneModel | TextureModel)
    return max(window, min(observed, USUAL)) if free else window


def sampled_shape(
    model: EnergyModel, frames: int | None, size: tuple[int, int] | None
) -> tuple[int, int, int, int]:
    """(T, H, W, C) of what is asked for, which the kind of model must allow.

    Raises
    ------
    BadOptionError
        If the model is bound to its length or size.
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
    """Check what is asked of a learned model.

    Parameters
    ----------
    langevin_config
        Step size and noise; the number of steps is `steps`.
    frames, size
        T, (H, W); default as learned.
    steps
        Langevin steps of each chain; 0: draws of a coloured reference, without f.
    starts
        Videos (T, H, W, C), grey levels, from which chains start in turn, instead of noise.
    modes
        The model's modes that take turns, all if left out.
    repeating
        Axes on which the videos repeat without a seam: 1 is time, 2 and 3 are height and width.

    Raises
    ------
    BadOptionError
        An option is out of range, or the model is bound to another length or size.
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
    """New videos one after the other, from fresh chains.

    Parameters
    ----------
    progress
        Called with the steps done and the total.

    Yields
    ------
    (T, H, W, C) float32 grey levels

    Raises
    ------
    DivergedError
        A chain ran away.
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
    """How much longer, higher and wider chains are than the videos cut out of them, on each side.

    At its ends a network looks at padding instead of video, and what is sampled there is pale.
    """
    free = isinstance(model, TextureModel) and model.get_config()["centre"] != "pixel"
    frames = MARGIN[0] if isinstance(model, SceneModel | TextureModel) else 0
    return (frames, *(MARGIN[1:] if free else (0, 0)))


def chain_shape(
    model: EnergyModel, shape: tuple[int, int, int, int], repeating: tuple[int, ...]
) -> tuple[tuple[int, int, int, int], tuple[slice, ...]]:
    """(T, H, W, C) of the chain from which a video of `shape` is cut, and where the video lies.

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
    """A video (T, H, W, C) that lies in the place `inner` of a larger `shape`, mirrored around it.

    Only the `box` of the larger one is made.
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
    """A few steps down the energy without noise; on a coloured reference, the mean without it.

    What is not `learned` is left out: videos are then those of the reference alone.
    """
    model: Any = getattr(energy, "model", energy)  # of a video that repeats, or itself
    if not learned:
        return video - model.sigma**2 * model.reference.filtered(video, -1.0, modes)
    if getattr(model, "coloured", False):
        return denoised(energy, video, model.sigma, VIEWS, modes)
    return langevin.sample(energy, video, SETTLING, config.step_size, seed=0, noise=0.0)


def require_sane(largest: float, step: int) -> None:
    """Stop a chain whose `largest` value, after so many steps, is none that a video can have."""
    if not largest < LIMIT:  # also true for a NaN
        raise DivergedError(
            f"A chain ran away after {step} Langevin steps (values up to {largest:.3g}); lower "
            "--step-size, or learn the model longer."
        )
