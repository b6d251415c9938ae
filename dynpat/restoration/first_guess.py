"""A first guess of missing pixels: several cheap estimates, weighed by what each is worth here.

Which one is best depends on the video: what moves slowly is interpolated well, spray is nearer to
its mean. So some visible pixels are hidden as well, in the manner of the missing ones, and the
estimates are mixed as they predict these best.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from dynpat import seeds
from dynpat.restoration.conditional import fit_conditional
from dynpat.restoration.kriging import interpolate_in_time, krige, visible_mean

EVERY = 3  # one in so many frames also loses pixels that are known
FEWEST = 200  # hidden pixels that can weigh anything
MOST = 200_000
LARGEST = 30_000_000  # values of a video whose coloured reference fits into about 1 GB


@dataclass(frozen=True)
class Guess:
    """Missing pixels of one video, cheaply estimated; float32 grey levels (T, H, W, C).

    Attributes
    ----------
    filled
        The video with its missing pixels guessed.
    hidden
        (T, H, W) bool: visible pixels that were hidden as well to weigh the estimates.
    without
        The video with missing and hidden pixels guessed from the others.
    weights
        Of each estimate, together 1.
    """

    filled: np.ndarray
    hidden: np.ndarray
    without: np.ndarray
    weights: dict[str, float]


def make_guess(video: np.ndarray, missing: np.ndarray, seed: int = 0) -> Guess:
    """Guess the missing pixels (T, H, W) of a video (T, H, W, C); visible ones stay as they are."""
    hidden = calibration_mask(missing, seed)
    without = _estimates(video, missing | hidden)
    weights = _weights(video, without, hidden)
    filled = _estimates(video, missing)
    return Guess(_mixed(filled, weights), hidden, _mixed(without, weights), weights)


def with_texture(guess: Guess, video: np.ndarray, missing: np.ndarray, seed: int) -> np.ndarray:
    """The guess with the motion and texture that a mean lacks, (T, H, W, C) float32 grey levels.

    Where chains on missing pixels start: a draw of what is missing under the coloured reference,
    around the guess. Where that reference expects larger errors than the guess makes on hidden
    pixels, it is drawn nearer to the guess. Videos too large for it take white noise.
    """
    if video.size > LARGEST:
        return _with_white_noise(guess, video, missing, seed)
    given = fit_conditional(video, missing)
    around, away = given.process.to_gaussian(guess.filled), given.fluctuation(seed)
    drawn = given.to_grey(around + away)
    if np.count_nonzero(guess.hidden) < FEWEST:
        return drawn
    wrong = np.mean((guess.without - video.astype(np.float32))[guess.hidden] ** 2)
    expected = np.mean((drawn - guess.filled)[missing] ** 2)
    share = np.sqrt(min(1.0, float(wrong) / max(float(expected), 1e-9)))
    return given.to_grey(around + np.float32(share) * away)


def _with_white_noise(
    guess: Guess, video: np.ndarray, missing: np.ndarray, seed: int
) -> np.ndarray:
    """The guess with as much white noise as its missing pixels lack of the visible ones' variance.

    From a guess that is too smooth chains would not get away, because a learned energy may be flat
    around the mean.
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


def calibration_mask(missing: np.ndarray, seed: int) -> np.ndarray:
    """Visible pixels to hide as well: the mask of another time, on one in `EVERY` frames.

    So they are hidden in the same manner as the missing ones are.
    """
    rng = np.random.default_rng(seeds.hidden(seed))
    frames = len(missing)
    moved = np.roll(missing, int(rng.integers(1, max(frames, 2))), axis=0)
    chosen = np.arange(frames) % EVERY == rng.integers(EVERY)
    # Neither end: beyond it nothing is known, which is not what the others miss.
    chosen[[0, -1]] = False
    return np.asarray(moved & ~missing & chosen[:, np.newaxis, np.newaxis])


def _estimates(video: np.ndarray, missing: np.ndarray) -> dict[str, np.ndarray]:
    kriged = krige(video, missing)
    estimates = {"interpolation": interpolate_in_time(video, missing), "kriging": kriged}
    if video.size <= LARGEST:
        given = fit_conditional(video, missing)
        # Kriging is near to it already: fewer steps are left.
        estimates["the coloured reference"] = given.to_grey(given.mean(kriged))
    return estimates


def _weights(
    truth: np.ndarray, estimates: Mapping[str, np.ndarray], hidden: np.ndarray
) -> dict[str, float]:
    """Of least squares on the hidden pixels, none negative, together 1."""
    places = np.argwhere(hidden)
    if len(places) < FEWEST:
        return dict.fromkeys(estimates, 1 / len(estimates))
    chosen = tuple(places[:: max(1, len(places) // MOST)].T)
    columns = [made[chosen].ravel().astype(np.float64) for made in estimates.values()]
    wanted = truth[chosen].ravel().astype(np.float64)
    # Differences from the first estimate, so that their sum is 1 whatever the grey levels are.
    errors = np.stack([column - wanted for column in columns], axis=1)
    gram = errors.T @ errors / len(errors)
    firm = 1e3 * (np.trace(gram) + 1e-9)
    # min w'Gw with Σw = 1 and w ≥ 0, the sum held by a heavy row.
    root = np.linalg.cholesky(gram + 1e-9 * firm * np.eye(len(gram))).T
    rows = np.vstack([root, np.full((1, len(gram)), np.sqrt(firm))])
    found, _ = nnls(rows, np.append(np.zeros(len(gram)), np.sqrt(firm)))
    found /= found.sum()
    return {name: float(weight) for name, weight in zip(estimates, found, strict=True)}


def _mixed(estimates: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> np.ndarray:
    parts = [np.float32(weights[name]) * made for name, made in estimates.items()]
    return np.asarray(np.sum(parts, axis=0, dtype=np.float32))
