"""The posterior of missing pixels under the learned energy: mean, uncertainty and one sample.

A Langevin chain on the missing pixels, while the visible ones stay, draws them from p(missing |
visible; θ). The mean over late states, mixed with the first guess, has the smallest error. A sample
has the texture and the motion that averaging removes: a draw around that mean, or, where none can
be made, a single state of the chain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from dynpat import langevin, seeds
from dynpat.config import LangevinConfig, RecoverConfig
from dynpat.models import EnergyModel
from dynpat.models.sampling import SETTLING, require_sane
from dynpat.models.tiles import cuttable
from dynpat.restoration.first_guess import Guess, weights_of
from dynpat.restoration.stretches import move_each, stretches

BURN_IN = 40  # Langevin steps before the first state that counts
SAMPLES = 20  # states of the chain that are averaged
BETWEEN = 8  # Langevin steps between two of them

Progress = Callable[[int, int], None]
Draw = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Estimate:
    """The estimates of one video, float32 grey levels (T, H, W, C); visible pixels are unchanged.

    Attributes
    ----------
    mean : ndarray
        The estimate with the smallest error.
    spread : ndarray
        The standard deviation over late states of the chain, which is the uncertainty; 0 where
        pixels are visible.
    sample : ndarray
        A draw around the mean, or one state of the chain, without its own grain.
    weight : float
        The weight of the model in `mean`, from 0 to 1; the rest is the first guess.
    error : float or None
        The mean |error| of the same mix at known pixels that were hidden to judge it, in grey
        levels; None if none were hidden, or if no mix was weighed.
    """

    mean: np.ndarray
    spread: np.ndarray
    sample: np.ndarray
    weight: float
    error: float | None = None


def estimate(
    model: EnergyModel, video: np.ndarray, fill: np.ndarray, missing: np.ndarray, guess: Guess,
    moving: LangevinConfig, config: RecoverConfig, seed: int, grain: float = 0.0,
    draw: Draw | None = None, progress: Progress = lambda done, total: None,
) -> Estimate:
    """Estimate the missing pixels of one video with a learned model.

    Parameters
    ----------
    model : EnergyModel
        The learned model.
    video : ndarray
        The video, (T, H, W, C) grey levels; levels at missing pixels are not used.
    fill : ndarray
        The video with its missing pixels in the state of learning's chain.
    missing : ndarray
        True where a pixel is missing, (T, H, W) bool.
    guess : Guess
        The first guess. The mean is a mix of it and of the model's mean, weighted by how well both
        recover known pixels that were hidden for that.
    moving : LangevinConfig
        The step size of the chain.
    config : RecoverConfig
        What is asked for. A state of the chain alone is no mix: to weigh one would take as long
        again as to draw it.
    seed : int
        The seed of the chain's noise.
    grain : float
        The standard deviation of the noise on observed videos that the model has learned; visible
        pixels have it while the chain moves.
    draw : Draw or None
        A function that draws a sample around a mean. It is given the mean, and the same estimate
        without what is known of the hidden pixels, both (T, H, W, C) grey levels. Without it the
        sample is a state of the chain.
    progress : Progress
        A function that is called with the number of steps done and their total.

    Returns
    -------
    Estimate
        The mean, its spread, and a sample.

    Raises
    ------
    DivergedError
        If the chain runs away.
    """
    steps = BURN_IN + SAMPLES * BETWEEN
    weighed = config.estimate == "mean" or draw is not None
    done, total = 0, 2 * steps if weighed else steps

    def run(start: np.ndarray, hidden: np.ndarray, own: int) -> _Late:
        return _late_states(
            model, start, hidden, moving, own, grain, lambda n: progress(done + n, total)
        )

    weight, error, without = 1.0, None, guess.without
    if weighed:
        hidden, cheap = guess.hidden, guess.without
        start = np.where(hidden[..., np.newaxis], cheap, fill)
        found = run(start, missing | hidden, seeds.judging(seed))
        weight, done = _weight(video[hidden], cheap[hidden], found.mean[hidden]), steps
        without = cheap + weight * (found.mean - cheap)
        error = float(np.abs(without - video)[hidden].mean()) if hidden.any() else None
    # A model that does not count in the mean gives but the spread, which has been found by then.
    if weight or draw is None:
        found = run(fill, missing, seed)
    else:
        progress(total, total)
    mean, spread = guess.filled + np.float32(weight) * (found.mean - guess.filled), found.spread
    if draw is None:
        sample = found.settled()
    else:
        del found  # with the chain's videos: a draw takes much memory itself
        sample = draw(mean, without)
    parts = ((mean, video), (spread, np.zeros_like(mean)), (sample, video))
    mean, spread, sample = (
        np.where(missing[..., np.newaxis], part, known).astype(np.float32) for part, known in parts
    )
    return Estimate(mean, spread, sample, weight, error)


def _weight(truth: np.ndarray, cheap: np.ndarray, ours: np.ndarray) -> float:
    """Return w in 0 … 1 of the smallest mean |cheap + w·(ours − cheap) − truth|."""
    if not truth.size:  # nothing can be hidden, and so nothing speaks for the model
        return 0.0
    errors = [np.ravel(made - truth.astype(np.float64)) for made in (cheap, ours)]
    return float(weights_of(np.stack(errors, axis=1))[1])


@dataclass(frozen=True)
class _Late:
    """Late states of a chain: float32 grey levels (T, H, W, C), and how the last one settles."""

    mean: np.ndarray
    spread: np.ndarray
    settled: Callable[[], np.ndarray]


def _late_states(
    model: EnergyModel, start: np.ndarray, missing: np.ndarray, moving: LangevinConfig,
    seed: int, grain: float, progress: Callable[[int], None],
) -> _Late:
    """Run the chain that starts from `start` (T, H, W, C), and average its late states."""
    clamped = tf.constant(~missing[np.newaxis, ..., np.newaxis])
    video = known = model.to_model(start[np.newaxis])
    frames, height, width = missing.shape
    # The network of an action tells its frames apart, and has to see them all.
    parts = stretches(frames, height * width if 1 in cuttable(model) else 1)

    def move(video: tf.Tensor, steps: int, number: int, noise: float) -> tf.Tensor:
        of_visible = seeds.visible(seeds.part(seed, number))
        normal = tf.random.stateless_normal(video.shape, of_visible)
        video = tf.where(clamped, known + grain * noise * normal, video)

        def move_one(stretch: int, seen: tf.Tensor, stays: tf.Tensor) -> tf.Tensor:
            own = seeds.part(seed, number + stretch * (SAMPLES + 1))
            return langevin.sample(
                model, seen, steps, moving.step_size, own, clamped=stays, noise=noise
            )

        return move_each(parts, video, clamped, move_one)

    def settled() -> np.ndarray:
        return np.clip(np.asarray(model.to_grey(move(video, SETTLING, 0, 0.0))[0]), 0, 255)

    video = move(video, BURN_IN, 0, 1.0)
    mean, scatter = np.zeros(start.shape, np.float32), np.zeros(start.shape, np.float32)
    for number in range(1, SAMPLES + 1):
        video = move(video, BETWEEN, number, 1.0)
        state = np.asarray(model.to_grey(video)[0])
        require_sane(float(np.max(np.abs(state))), BURN_IN + number * BETWEEN)
        away = state - mean
        mean += away / number
        scatter += away * (state - mean)  # Welford's sum: no difference of large squares
        progress(BURN_IN + number * BETWEEN)
    return _Late(mean, np.sqrt(scatter / SAMPLES), settled)
