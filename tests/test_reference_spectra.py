"""Half spectra: counting pairs gives the strength of a whole spectrum."""

from __future__ import annotations

import numpy as np
import pytest

from dynpat.reference.spectra import pairs


@pytest.mark.parametrize("width", [1, 2, 3, 8, 9])
def test_each_wave_of_the_whole_spectrum_is_counted_once(width: int) -> None:
    field = np.random.default_rng(0).normal(size=(5, width))
    half = np.abs(np.fft.rfft2(field)) ** 2
    assert pairs(width).sum() == width
    assert (half * pairs(width)).sum() == pytest.approx((np.abs(np.fft.fft2(field)) ** 2).sum())
