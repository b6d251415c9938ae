"""Resize pictures, whole or only what is visible of them."""

from __future__ import annotations

import numpy as np
from PIL import Image

# Of the weights of the pixels that make a new one; those of its own place alone have more.
LEAST_SEEN = 0.25


def resized(frame: np.ndarray, size: tuple[int, int], kernel: Image.Resampling) -> np.ndarray:
    """Resize (H, W, C) to (height, width, C) float32; Pillow widens the kernel when it shrinks."""
    height, width = size
    images = (Image.fromarray(channel.astype(np.float32)) for channel in np.moveaxis(frame, -1, 0))
    return np.stack(
        [np.asarray(image.resize((width, height), kernel)) for image in images], axis=-1
    )


def resized_visible(
    frame: np.ndarray, missing: np.ndarray, size: tuple[int, int], kernel: Image.Resampling
) -> np.ndarray:
    """Resize what is visible of a picture; missing pixels have no influence.

    Parameters
    ----------
    frame : ndarray
        (H, W, C) grey levels.
    missing : ndarray
        (H, W) bool.
    size : tuple of int
        The new height and width.
    kernel : Image.Resampling
        How pixels are weighted: 'BILINEAR' or 'BICUBIC'.

    Returns
    -------
    ndarray
        (height, width, C) float32; 0 where hardly anything is visible.
    """
    shown = ~missing[..., np.newaxis]
    total = resized(np.where(shown, frame, 0), size, kernel)
    share = resized(shown, size, kernel)
    return np.where(share > LEAST_SEEN, total / np.maximum(share, LEAST_SEEN), np.float32(0))
