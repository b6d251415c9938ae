"""Trivial ways to make a video like an observed one; a synthesised video has to beat them.

Each takes grey levels (T, H, W, C) and returns float32 of the same shape.
"""

from __future__ import annotations

import numpy as np

from dynpat.reference import translation

MODES = 20  # the most modes of the linear dynamical system


def shuffled_frames(observed: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the observed frames in random order: every picture is right, the motion is lost."""
    order = np.random.default_rng(seed).permutation(len(observed))
    return observed[order].astype(np.float32)


def pixel_gaussian(observed: np.ndarray, seed: int = 0) -> np.ndarray:
    """Draw independent normal values with each pixel's mean and standard deviation over time."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=observed.shape)
    video = observed.mean(axis=0) + observed.std(axis=0) * noise
    return np.clip(video, 0, 255).astype(np.float32)


def linear_system(observed: np.ndarray, seed: int = 0) -> np.ndarray:
    """Learn and run a linear dynamical system (Doretto, Chiuso, Wu, Soatto, IJCV 2003).

    y(t) = ȳ + C·x(t), x(t+1) = A·x(t) + v(t). C comes from the singular value decomposition of the
    frames, A from least squares, and the covariance of v from what A leaves over. An unstable A is
    scaled to spectral radius 1.
    """
    frames = observed.reshape(len(observed), -1).astype(np.float64)
    mean = frames.mean(axis=0)
    left, values, right = np.linalg.svd(frames - mean, full_matrices=False)
    modes = max(1, min(MODES, len(observed) // 2, int(np.sum(values > 1e-9 * max(values[0], 1)))))
    states = left[:, :modes] * values[:modes]
    transition = np.linalg.lstsq(states[:-1], states[1:], rcond=None)[0]
    radius = float(np.abs(np.linalg.eigvals(transition)).max())
    transition /= max(radius, 1.0)
    rest = states[1:] - states[:-1] @ transition
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(len(observed), len(rest))) @ rest / np.sqrt(len(rest))
    state, path = states[rng.integers(len(states))], []
    for driven in noise:
        path.append(state)
        state = state @ transition + driven
    video = mean + np.stack(path) @ right[:modes]
    return np.clip(video.reshape(observed.shape), 0, 255).astype(np.float32)


def coloured_noise(observed: np.ndarray, seed: int = 0) -> np.ndarray:
    """Draw from the coloured reference, which has the observed quantiles and correlations only."""
    return translation.fit(observed[np.newaxis], seed=seed).draw(observed.shape[:3], seed)


BASELINES = {
    "shuffled frames": shuffled_frames,
    "pixel Gaussian": pixel_gaussian,
    "linear system": linear_system,
    "coloured noise": coloured_noise,
}
