"""Compare recovered pixels with a known truth: error, texture and motion at missing pixels.

Videos are (T, H, W, C) grey levels, masks (T, H, W) bool with True = missing.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from skimage.metrics import structural_similarity
from skimage.restoration import inpaint_biharmonic

from dynpat.quality import metrics
from dynpat.restoration.kriging import interpolate_in_time, visible_mean

TELEA_RADIUS = 5  # radius, in pixels, of the neighbourhood that Telea's method uses
MEANINGS = {
    "error": "mean |recovered − truth| at missing pixels, in grey levels",
    "psnr": "peak signal-to-noise ratio at missing pixels, in dB",
    "ssim": "structural similarity at missing pixels: 1 is equal",
    "seam": "error of the steps across the border of the mask, in grey levels",
    "motion": "motion at missing pixels over the truth's: 1 is right",
    "motion_patches": "distance of patches of change around missing pixels",
}


@dataclass(frozen=True)
class Accuracy:
    """How close recovered pixels are to the truth; a figure is None if it cannot be measured."""

    error: float | None
    psnr: float | None
    ssim: float | None
    seam: float | None
    motion: float | None
    motion_patches: float | None


def compare(truth: np.ndarray, recovered: np.ndarray, missing: np.ndarray) -> Accuracy:
    """Return the figures of `MEANINGS`; a figure is None if there is nothing to measure."""
    truth, recovered = truth.astype(np.float32), recovered.astype(np.float32)
    difference = (recovered - truth)[missing]
    square = float(np.mean(difference**2))
    values = {
        "error": float(np.abs(difference).mean()),
        "psnr": 10 * np.log10(255**2 / square) if square else np.inf,
        "ssim": _similarity(truth, recovered, missing),
        "seam": _seam(truth, recovered, missing),
        "motion": _motion(truth, recovered, missing),
        "motion_patches": _motion_patches(truth, recovered, missing),
    }
    return Accuracy(**{name: float(v) if np.isfinite(v) else None for name, v in values.items()})


def _similarity(truth: np.ndarray, recovered: np.ndarray, missing: np.ndarray) -> float:
    if min(truth.shape[1:3]) < 7:
        return float("nan")
    frames = np.flatnonzero(missing.any(axis=(1, 2)))
    total = 0.0
    for t in frames:
        _, local = structural_similarity(
            truth[t], recovered[t], channel_axis=-1, data_range=255, full=True
        )
        total += float(local[missing[t]].sum())
    return total / (missing.sum() * truth.shape[-1])


def _seam(truth: np.ndarray, recovered: np.ndarray, missing: np.ndarray) -> float:
    """Return the error of the steps between neighbouring pixels of which one is missing."""
    wrong, count = 0.0, 0
    for axis in (1, 2):
        border = np.diff(missing, axis=axis)
        steps = np.abs(np.diff(recovered, axis=axis) - np.diff(truth, axis=axis))[border]
        wrong, count = wrong + float(steps.sum()), count + steps.size
    return wrong / count if count else float("nan")


def _motion(truth: np.ndarray, recovered: np.ndarray, missing: np.ndarray) -> float:
    ours, theirs = (
        float(np.abs(np.diff(video, axis=0))[missing[1:]].sum()) for video in (recovered, truth)
    )
    return ours / theirs if theirs else float("nan")


def _motion_patches(truth: np.ndarray, recovered: np.ndarray, missing: np.ndarray) -> float:
    """Return the distance of patches of change whose middle is missing."""
    room = [n - p + 1 for n, p in zip((len(truth) - 1, *truth.shape[1:3]), metrics.PATCH,
                                      strict=True)]
    if min(room) < 1:
        return float("nan")
    places = tuple(slice(p // 2, p // 2 + n) for n, p in zip(room, metrics.PATCH, strict=True))
    middle = missing[1:][places]
    if not middle.any():
        return float("nan")
    return metrics.sliced_wasserstein(
        np.diff(truth, axis=0), np.diff(recovered, axis=0), where=middle
    )


def baselines(visible: np.ndarray, missing: np.ndarray) -> dict[str, np.ndarray]:
    """Return what simple methods make of a video (T, H, W, C) with missing pixels, by name.

    Methods that look at single frames are left out if a whole frame is missing; Telea's method is
    also left out if OpenCV is not installed.
    """
    made = {
        "mean over time": np.where(
            missing[..., np.newaxis], visible_mean(visible, missing), visible
        ),
        "interpolation in time": interpolate_in_time(visible, missing),
    }
    if not missing.all(axis=(1, 2)).any():
        made["biharmonic"] = _each_frame(_biharmonic, visible, missing)
        if importlib.util.find_spec("cv2"):
            made["Telea"] = _each_frame(_telea, visible, missing)
    return made


def _each_frame(
    fill: Callable[[np.ndarray, np.ndarray], np.ndarray], visible: np.ndarray, missing: np.ndarray
) -> np.ndarray:
    """Fill each frame: `fill` maps uint8 (H, W, C) and bool (H, W) to grey levels (H, W, C)."""
    made = visible.astype(np.float32)
    for t in np.flatnonzero(missing.any(axis=(1, 2))):
        made[t][missing[t]] = fill(np.asarray(visible[t], np.uint8), missing[t])[missing[t]]
    return made


def _biharmonic(frame: np.ndarray, missing: np.ndarray) -> np.ndarray:
    return 255 * np.asarray(inpaint_biharmonic(
        frame / 255, missing, channel_axis=-1, split_into_regions=True
    ))


def _telea(frame: np.ndarray, missing: np.ndarray) -> np.ndarray:
    import cv2

    filled = cv2.inpaint(
        np.squeeze(frame), missing.astype(np.uint8), TELEA_RADIUS, cv2.INPAINT_TELEA
    )
    return np.asarray(filled).reshape(frame.shape)
