"""Half spectra: the Fourier transform of a real field keeps one of each pair of equal waves."""

from __future__ import annotations

import numpy as np


def pairs(width: int) -> np.ndarray:
    """How many waves of the whole spectrum each column of the half one stands for.

    Waves across come in pairs, but for the first and, of an even width, the middle one.

    Parameters
    ----------
    width : int
        The columns of the field.

    Returns
    -------
    ndarray
        (width // 2 + 1,) float64, each 1 or 2; their sum is `width`.
    """
    counts = np.full(width // 2 + 1, 2.0)
    counts[[0] if width % 2 else [0, -1]] = 1.0
    return counts
