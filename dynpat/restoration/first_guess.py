"""A first guess of missing pixels: several cheap guesses, mixed by how good each is here.

Which guess is best depends on the video: slow motion is interpolated well, spray is closer to its
mean. So some visible pixels are hidden as well, in the manner of the missing ones, and the guesses
are mixed in such a way that they predict these pixels best.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from dynpat import seeds
from dynpat.restoration.along_motion import along_motion, carried
from dynpat.restoration.conditional import Conditional, fit_conditional
from dynpat.restoration.hiding import FEWEST, as_far, calibration_mask, farther, likeness
from dynpat.restoration.kriging import (
    Covariances,
    interpolate_in_time,
    krige,
    measured,
    visible_mean,
)

MOST = 200_000
MOVED = "interpolation along the motion"  # the guess of `along_motion`
ROUNDS = 12  # of reweighted least squares
BY_CHANCE = 0.2  # share of the error that a mix may save in a single frame for no good reason
GAIN = 0.01  # the least share of the first guess's error that a mix must save
SOFT = 0.3  # grey levels below which an error counts by its square: levels are whole
LARGEST = 30_000_000  # values of a video whose coloured reference fits into about 1 GB


@dataclass(frozen=True)
class Guess:
    """A first guess of the missing pixels of one video; float32 grey levels (T, H, W, C).

    Attributes
    ----------
    filled : ndarray
        The video with its missing pixels guessed.
    hidden : ndarray
        True where a visible pixel was hidden as well to weigh the guesses, (T, H, W) bool.
    without : ndarray
        The video with missing and hidden pixels guessed from the others.
    weights : dict
        The weight of each guess; their sum is 1.
    """

    filled: np.ndarray
    hidden: np.ndarray
    without: np.ndarray
    weights: dict[str, float]


def reference_of(video: np.ndarray, missing: np.ndarray) -> Conditional | None:
    """Return the coloured reference given the visible pixels; None if the video is too large."""
    return fit_conditional(video, missing) if video.size <= LARGEST else None


def make_guess(
    video: np.ndarray, missing: np.ndarray, seed: int = 0, given: Conditional | None = None
) -> Guess:
    """Guess the missing pixels (T, H, W) of a video (T, H, W, C); visible ones stay as they are.

    `given` is what `reference_of` returns for them; it is fitted here if it is left out.
    """
    hidden = calibration_mask(missing, seed)
    # What correlates is measured once, without what is hidden.
    covariances = measured(video, missing | hidden)
    without = _estimates(video, missing | hidden, None, covariances)
    filled = _estimates(video, missing, given, covariances)
    without, filled = ({name: made for name, made in one.items() if name in other}
                       for one, other in ((without, filled), (filled, without)))
    weights = _weights(video, without, missing, hidden)
    return Guess(_mixed(filled, weights), hidden, _mixed(without, weights), weights)


def with_texture(
    guess: Guess, video: np.ndarray, missing: np.ndarray, seed: int,
    given: Conditional | None = None,
) -> np.ndarray:
    """Add to the guess the motion and texture that a mean lacks, (T, H, W, C) float32 grey levels.

    Chains on missing pixels start from here. It is a draw of what is missing under the coloured
    reference, around the guess. The draw is nearer to the guess where that reference expects larger
    errors than the guess makes on hidden pixels. Videos too large for it get white noise. `given`
    is that of `make_guess`.
    """
    given = given or reference_of(video, missing)
    if given is None:
        return _with_white_noise(guess, video, missing, seed)
    around = given.process.to_gaussian(guess.filled)
    # A mix of means is stiller than each of them, and hidden pixels say nothing of missing ones
    # that are much farther from what is known. There the reference has it all to itself.
    far = farther(missing, guess.hidden)[..., np.newaxis]
    # A thing may pass where no visible frame has it: what the pixel's own map cannot say.
    beyond = np.where(missing[..., np.newaxis], guess.filled - given.to_grey(around), 0) * (1 - far)
    if far.any():
        around += far * (given.mean(guess.filled) - around)
    away = given.fluctuation(seed, given.pace)
    if weight := guess.weights.get(MOVED, 0.0):  # a thing that was carried along stays whole
        away *= 1 - np.float32(weight) * carried(guess.filled, video, missing)[..., np.newaxis]
    share = _share(guess, video, missing, given.to_grey(around + away))
    drawn = given.to_grey(around + (share + (1 - share) * far).astype(np.float32) * away)
    return np.clip(drawn + beyond, 0, 255).astype(np.float32)


def _share(
    guess: Guess, video: np.ndarray, missing: np.ndarray, drawn: np.ndarray
) -> np.float64:
    """How wide draws are to be, over how wide they are, as the guess's errors tell: 0 … 1.

    A draw differs from the guess as far as the guess is wrong. What is long missing is harder to
    guess than what hidden pixels are like, so that draws count where they are as far from what is
    known.
    """
    if np.count_nonzero(guess.hidden) < FEWEST:
        return np.float64(1)
    wrong = np.mean((guess.without - video.astype(np.float32))[guess.hidden] ** 2)
    away = np.mean((drawn - guess.filled)[missing] ** 2, axis=-1)
    expected = np.mean(as_far(missing, guess.hidden) * away)
    return np.float64(min(1.0, np.sqrt(float(wrong) / max(float(expected), 1e-9))))


def _with_white_noise(
    guess: Guess, video: np.ndarray, missing: np.ndarray, seed: int
) -> np.ndarray:
    """Add white noise to the guess where its missing pixels have less variance than visible ones.

    Chains would not leave a guess that is too smooth, because a learned energy may be flat around
    the mean.
    """
    mean = visible_mean(video, missing)

    def variance(of: np.ndarray, where: np.ndarray) -> np.ndarray:
        total = np.einsum("thwc,thw->hwc", (of - mean) ** 2, where)
        return np.asarray(total / np.maximum(where.sum(axis=0), 1)[..., np.newaxis])

    lacking = np.sqrt(np.maximum(variance(video, ~missing) - variance(guess.filled, missing), 0))
    noise = np.random.default_rng(seeds.texture(seed)).normal(size=video.shape)
    return np.where(
        missing[..., np.newaxis], guess.filled + lacking * noise, guess.filled
    ).astype(np.float32)


def _estimates(
    video: np.ndarray, missing: np.ndarray, given: Conditional | None, covariances: Covariances
) -> dict[str, np.ndarray]:
    kriged = krige(video, missing, covariances=covariances)
    estimates = {"interpolation": interpolate_in_time(video, missing), "kriging": kriged}
    moved = along_motion(video, missing)
    if moved is not None:
        estimates[MOVED] = moved
    given = given or reference_of(video, missing)
    if given is not None:
        # Kriging is near to it already: fewer steps are left.
        estimates["the coloured reference"] = given.to_grey(given.mean(kriged))
    return estimates


def _weights(
    truth: np.ndarray, estimates: Mapping[str, np.ndarray], missing: np.ndarray,
    hidden: np.ndarray,
) -> dict[str, float]:
    """Return how much each estimate counts, as is best on hidden pixels like the missing ones."""
    places = np.argwhere(hidden)
    if len(places) < FEWEST:
        return dict.fromkeys(estimates, 1 / len(estimates))
    every = slice(None, None, max(1, len(places) // MOST))
    chosen = tuple(places[every].T)
    heavy = np.repeat(likeness(missing, hidden)[every], truth.shape[-1])[:, np.newaxis]
    columns = [made[chosen].ravel().astype(np.float64) for made in estimates.values()]
    wanted = truth[chosen].ravel().astype(np.float64)
    errors = heavy * np.stack([column - wanted for column in columns], axis=1)
    found = weights_of(errors)
    if not _surely_better(errors, found, np.repeat(chosen[0], truth.shape[-1])):
        found = np.eye(len(found))[0]
    return {name: float(weight) for name, weight in zip(estimates, found, strict=True)}


def _surely_better(errors: np.ndarray, weights: np.ndarray, frames: np.ndarray) -> bool:
    """Whether a mix of estimates saves more error over the first than chance may in few frames.

    `frames` (n,) are those of the values of `errors` (n, estimates). If a few of them decide, more
    has to be saved.
    """
    first, mixed = np.abs(errors[:, 0]), np.abs(errors @ weights)
    decided = np.bincount(frames, first)  # by how much each frame does
    count = decided.sum() ** 2 / max(float(np.sum(decided**2)), 1e-9)
    return bool(first.mean() - mixed.mean() >= BY_CHANCE / max(count, 1) * first.mean())


def weights_of(errors: np.ndarray) -> np.ndarray:
    """Return the weights of a mix of estimates whose mean |error| is the smallest.

    Least squares would let a few pixels decide over which a boat passes, at the cost of all others.

    Parameters
    ----------
    errors : ndarray
        (n, estimates) float64: of each estimate at n values, in grey levels.

    Returns
    -------
    ndarray
        (estimates,): none negative, and their sum is 1. If a mix saves little, the first estimate
        counts alone, because what is a little better here may be a little worse elsewhere.
    """
    # Errors are mixed as estimates are, because the weights' sum is 1.
    found = np.full(errors.shape[1], 1 / errors.shape[1])
    for _ in range(ROUNDS):  # of least squares, in which weights make squares of absolute values
        found = _least_squares(errors / np.sqrt(np.abs(errors @ found) + SOFT)[:, np.newaxis])
    if np.abs(errors @ found).mean() > (1 - GAIN) * np.abs(errors[:, 0]).mean():
        return np.eye(len(found))[0]
    return found


def _least_squares(errors: np.ndarray) -> np.ndarray:
    """Return the weights w ≥ 0 with sum 1 that minimize |errors·w|², of errors (n, guesses)."""
    gram = errors.T @ errors / len(errors)
    firm = 1e3 * (np.trace(gram) + 1e-9)
    # This minimizes w'Gw with w ≥ 0; a heavy row enforces Σw = 1.
    root = np.linalg.cholesky(gram + 1e-9 * firm * np.eye(len(gram))).T
    rows = np.vstack([root, np.full((1, len(gram)), np.sqrt(firm))])
    found, _ = nnls(rows, np.append(np.zeros(len(gram)), np.sqrt(firm)))
    return np.asarray(found / found.sum())


def _mixed(estimates: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> np.ndarray:
    parts = [np.float32(weights[name]) * made for name, made in estimates.items()]
    return np.asarray(np.sum(parts, axis=0, dtype=np.float32))
