"""A video of known correlations, and what a guess of its missing pixels is off by."""

from __future__ import annotations

import numpy as np


def autoregressive(rho: float, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Around 128: x(t+1) = ρ·x(t) + √(1−ρ²)·20·z, each pixel for itself."""
    rng = np.random.default_rng(seed)
    video = np.empty(shape)
    video[0] = rng.normal(0, 20, shape[1:])
    for t in range(1, shape[0]):
        video[t] = rho * video[t - 1] + np.sqrt(1 - rho**2) * rng.normal(0, 20, shape[1:])
    return (video + 128).astype(np.float32)


def hidden(video: np.ndarray, missing: np.ndarray) -> np.ndarray:
    return np.where(missing[..., np.newaxis], 0, video)


def error(made: np.ndarray, video: np.ndarray, missing: np.ndarray) -> float:
    return float(np.abs(made - video)[missing].mean())
