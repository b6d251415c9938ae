"""After learning: the reference is shifted until new samples have the mean of the observed.

Learning balances its own chains, with weights that move at each update. The running mean of the
weights, which is what samples are drawn with, is calmer, but no longer in balance: they come out
darker or brighter where the video moves most. A shift m of the reference's mean adds m·I/σ² to the
energy, linear in I, and for such terms maximum likelihood says that the means of samples and of the
observed must agree. So a few rounds of samples are drawn, and the shift follows their difference.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter

from dynpat import seeds
from dynpat.errors import DivergedError
from dynpat.models import EnergyModel
from dynpat.models.sampling import SETTLING, ask, sample_videos, usual_frames
from dynpat.reference.gaussians import AXES, Reference, moments

ROUNDS = 12  # at most
GAIN = 0.4  # at first: a shift moves the mean by about three times itself, as frames go together
REACH = 4.0  # pixels, standard deviation of the window over which what is lacking is smoothed


def rounds_within(model: EnergyModel, observed: np.ndarray, frame_steps: float) -> int:
    """How many rounds take no more than so many Langevin steps of one frame."""
    asked = ask(model, model.langevin_config, frames=usual_frames(model, observed.shape[1]))
    one = len(asked.modes) * asked.chain[0] * (asked.steps + SETTLING)
    return min(ROUNDS, int(frame_steps / one))


def calibrate(
    model: EnergyModel, observed: np.ndarray, rounds: int,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Shift the means of the model's modes until new samples have the mean of the observed.

    Parameters
    ----------
    model
        Learned and compiled: its `langevin_config` says how samples are drawn.
    observed
        (N, T, H, W, C) grey levels.
    rounds
        Of one sample of each mode, each of which counts less than the one before.
    stop
        Asked before each round.
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
        except DivergedError:  # who samples next will hear of it
            reference.shift(start - reference.mode_means.numpy())
            return
        reference.shift(GAIN / (1 + number / 2) * _smooth(reference, np.stack(lacking)))


def _smooth(reference: Reference, lacking: np.ndarray) -> np.ndarray:
    """What is lacking (K, H, W, C) without the chance of single pixels; other shapes as they are.

    What is smoothed is the force lacking/σ², so that it hardly moves still pixels nearby.
    """
    if lacking.ndim < 4:
        return lacking
    variances = reference.variances().numpy()
    return np.asarray(variances * gaussian_filter(lacking / variances, (0, REACH, REACH, 0)))
