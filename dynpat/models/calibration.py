"""Shift the reference after learning, until new samples have the mean of the observed videos.

Learning balances its own chains, while the weights move at each update. Samples are drawn with the
moving average of the weights, which is calmer but no longer in balance: samples come out darker or
brighter where the video moves most. A shift m of the reference's mean adds m·I/σ² to the energy.
That is linear in I, and for linear terms maximum likelihood says that samples and observed videos
must have the same mean. So a few rounds of samples are drawn, and the shift follows the difference.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter

from dynpat import seeds
from dynpat.errors import DivergedError
from dynpat.models import EnergyModel
from dynpat.models.sampling import SETTLING, ask, sample_videos, usual_frames
from dynpat.reference.gaussians import AXES, Reference
from dynpat.reference.visible import moments

ROUNDS = 12  # the largest number of rounds
GAIN = 0.4  # of the first round; a shift moves the mean by about three times itself
REACH = 4.0  # standard deviation, in pixels, of the window that smooths the difference of the means


def rounds_within(model: EnergyModel, observed: np.ndarray, frame_steps: float) -> int:
    """Return how many rounds fit into `frame_steps` Langevin steps of one frame."""
    asked = ask(model, model.langevin_config, frames=usual_frames(model, observed.shape[1]))
    one = len(asked.modes) * asked.chain[0] * (asked.steps + SETTLING)
    return min(ROUNDS, int(frame_steps / one))


def calibrate(
    model: EnergyModel, observed: np.ndarray, rounds: int,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Shift the means of the model's modes until new samples have the mean of the observed videos.

    Parameters
    ----------
    model : EnergyModel
        A learned and compiled model; samples are drawn as its `langevin_config` says.
    observed : ndarray
        The observed videos, (N, T, H, W, C) grey levels.
    rounds : int
        The number of rounds. Each draws one sample of each mode and counts less than the one
        before.
    stop : callable
        A function that is called before each round; True ends calibration.
    """
    reference = model.reference
    axes = AXES[reference.centre]
    frames = usual_frames(model, observed.shape[1])
    wanted = [
        moments(observed, group, axes)[0] for group in reference.groups(len(observed))
    ]
    start = reference.mode_means.numpy()
    for number in range(rounds):
        if stop():
            return
        asked = ask(model, model.langevin_config, frames=frames, seed=seeds.calibration(number))
        samples = sample_videos(model, asked, count=len(wanted))
        try:
            lacking = [
                mean - np.mean(sample[np.newaxis].clip(0, 255), axis=axes, dtype=np.float64)
                for mean, sample in zip(wanted, samples, strict=True)
            ]
        except DivergedError:  # the next sampling of this model raises it to the user
            reference.shift(start - reference.mode_means.numpy())
            return
        reference.shift(GAIN / (1 + number / 2) * _smooth(reference, np.stack(lacking)))


def _smooth(reference: Reference, lacking: np.ndarray) -> np.ndarray:
    """Smooth the difference of means (K, H, W, C), to remove the chance of single pixels.

    Differences of other shapes are returned as they are. The force difference/σ² is what is
    smoothed, so that it hardly moves still pixels nearby.
    """
    if lacking.ndim < 4:
        return lacking
    variances = reference.variances().numpy()
    return np.asarray(variances * gaussian_filter(lacking / variances, (0, REACH, REACH, 0)))
