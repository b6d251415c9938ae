"""What the learned energy says of missing pixels: their mean, its uncertainty, and one sample.

The Langevin chain on the missing pixels, with the visible ones held, draws them from
p(missing | visible; θ). The mean over late states is the estimate of least error; a single state
keeps the texture and the motion that averaging takes away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from dynpat import langevin, seeds
from dynpat.config import LangevinConfig, RecoverConfig
from dynpat.models import EnergyModel
from dynpat.models.sampling import SETTLING
from dynpat.restoration.first_guess import Guess

BURN_IN = 40  # Langevin steps before the first state that counts
SAMPLES = 20  # states of the chain that are averaged
BETWEEN = 8  # Langevin steps between two of them

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Estimate:
    """Grey levels (T, H, W, C), float32; visible pixels are as they were.

    Attributes
    ----------
    mean
        Of least error.
    spread
        Standard deviation over late states of the chain: how uncertain the model is. 0 where
        visible.
    sample
        One state, without the chain's own grain.
    weight
        Of the model in `mean`, 0 … 1; the rest is the guess that learning began with.
    """

    mean: np.ndarray
    spread: np.ndarray
    sample: np.ndarray
    weight: float


def estimate(
    model: EnergyModel, video: np.ndarray, fill: np.ndarray, missing: np.ndarray, guess: Guess,
    moving: LangevinConfig, config: RecoverConfig, seed: int, grain: float = 0.0,
    progress: Progress = lambda done, total: None,
) -> Estimate:
    """Estimate the missing pixels of one video with a learned model.

    Parameters
    ----------
    model
        Learned.
    video
        (T, H, W, C) grey levels; what stands at missing pixels does not matter.
    fill
        The same with the state of learning's chain at missing pixels.
    missing
        (T, H, W) bool.
    guess
        What learning began with; the mean is a mix of it and of the model's, weighted by what
        both are worth on known pixels that were hidden for it.
    moving, config, seed
        The chain's step size, whether the mean is weighed, and the seed of the noise.
    grain
        Standard deviation of the noise on the observed videos that the model has learned; the
        visible pixels have it while the chain moves.
    """
    steps = BURN_IN + SAMPLES * BETWEEN
    total = 2 * steps if config.weighed else steps

    def run(start: np.ndarray, hidden: np.ndarray, done: int, own: int) -> Estimate:
        return _posterior(
            model, start, hidden, moving, own, grain, lambda n: progress(done + n, total)
        )

    found = run(fill, missing, 0, seed)
    weight = 1.0
    if config.weighed:
        hidden, cheap = guess.hidden, guess.without
        start = np.where(hidden[..., np.newaxis], cheap, fill)
        chain = run(start, missing | hidden, steps, seeds.judging(seed))
        weight = _weight(video[hidden], cheap[hidden], chain.mean[hidden])
    mean = guess.filled + weight * (found.mean - guess.filled)
    parts = ((mean, video), (found.spread, np.zeros_like(mean)), (found.sample, video))
    mean, spread, sample = (
        np.where(missing[..., np.newaxis], part, known).astype(np.float32) for part, known in parts
    )
    return Estimate(mean, spread, sample, weight)


def _weight(truth: np.ndarray, cheap: np.ndarray, ours: np.ndarray) -> float:
    """w in 0 … 1 of least squares for truth ≈ cheap + w·(ours − cheap)."""
    difference = ours.astype(np.float64) - cheap
    power = float(np.sum(difference**2))
    if power == 0:
        return 0.5
    return float(np.clip(np.sum(difference * (truth - cheap)) / power, 0, 1))


def _posterior(
    model: EnergyModel, start: np.ndarray, missing: np.ndarray, moving: LangevinConfig,
    seed: int, grain: float, progress: Callable[[int], None],
) -> Estimate:
    """Mean, spread and a state of the chain that starts from `start` (T, H, W, C)."""
    held = tf.constant(~missing[np.newaxis, ..., np.newaxis])
    video = known = model.to_model(start[np.newaxis])

    def move(video: tf.Tensor, steps: int, number: int, noise: float) -> tf.Tensor:
        own = seeds.part(seed, number)
        normal = tf.random.stateless_normal(video.shape, seeds.visible(own))
        video = tf.where(held, known + grain * noise * normal, video)
        return langevin.sample(model, video, steps, moving.step_size, own, held=held, noise=noise)

    video = move(video, BURN_IN, 0, 1.0)
    mean, square = np.zeros(start.shape), np.zeros(start.shape)
    for number in range(1, SAMPLES + 1):
        video = move(video, BETWEEN, number, 1.0)
        state = np.asarray(model.to_grey(video)[0], np.float64)
        mean += state / SAMPLES
        square += state**2 / SAMPLES
        progress(BURN_IN + number * BETWEEN)
    sample = np.asarray(model.to_grey(move(video, SETTLING, 0, 0.0))[0])
    spread = np.sqrt(np.maximum(square - mean**2, 0))
    return Estimate(mean, spread, np.clip(sample, 0, 255), 1.0)
