"""The correlations of a coloured reference for videos larger than memory.

S acts by a Fourier transform over time, height and width. The transform of a large video lies in a
file: first groups of frames are transformed over height and width, then bands of rows over time,
where S is a factor, and then all is transformed back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import scipy.fft

from dynpat.reference.coloured import ColouredReference
from dynpat.reference.spectra import pairs
from dynpat.reference.translation import FLOOR

GROUP = 2**23  # bytes of the frames that are read together
BAND = 2**28  # bytes of the values over time that are in memory together
VALUE = 48  # bytes of each of these values: complex, with the results of its transforms


def groups(shape: Sequence[int]) -> Iterator[slice]:
    """Yield the frames of a video (T, H, W, C) of floats that are read together."""
    together = max(1, GROUP // (4 * math.prod(shape[1:])))
    return (slice(at, min(at + together, shape[0])) for at in range(0, shape[0], together))


class Waves:
    """(S + ρ²)^power·y of a video, one group of frames after the other.

    Parameters
    ----------
    reference : ColouredReference
        The fitted reference.
    mode : int
        The mode of the video.
    shape : tuple of int
        The shape (T, H, W, C) of the video, which is also that of its periodic grid.
    folder : Path
        The folder of two files: the spectrum of S and the transform of the video.
    """

    def __init__(
        self, reference: ColouredReference, mode: int, shape: tuple[int, ...], folder: Path
    ) -> None:
        self.shape, self.rho = shape, float(reference.rho)
        frames, height, width, channels = shape
        self.half = width // 2 + 1
        self.rows = max(1, min(height, BAND // (frames * self.half * VALUE)))
        self._files = folder / "spectrum.npy", folder / "waves.npy"
        for path, kind in zip(self._files, (np.float32, np.complex64), strict=True):
            np.lib.format.open_memmap(
                path, mode="w+", dtype=kind, shape=(channels, frames, height, self.half)
            )
        correlations = np.asarray(reference.correlations)[mode]
        self._limits = [self._measure(c, own) for c, own in enumerate(correlations)]

    @staticmethod
    def bytes_of(shape: tuple[int, ...]) -> int:
        """Return how many bytes both files take for a video (T, H, W, C)."""
        frames, height, width, channels = shape
        return 12 * channels * frames * height * (width // 2 + 1)

    def filtered(
        self, frames_of: Callable[[slice], np.ndarray], power: float
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield (S + ρ²)^power·y of each group of frames, and which they are.

        Parameters
        ----------
        frames_of : callable
            A function that returns frames of y, (T, H, W, C).
        power : float
            −1 or ½.
        """
        for own in groups(self.shape):
            planes = np.moveaxis(frames_of(own), -1, 0)
            self._waves()[:, own] = scipy.fft.rfft2(planes, workers=-1)
        for channel, (floor, mean) in enumerate(self._limits):
            for band in self._bands():
                # The files are opened again, so that pages read before do not count as memory.
                gain = np.maximum(self._spectrum()[channel, :, band], floor)
                gain /= np.float32(mean)
                gain += np.float32(self.rho**2)
                gain **= power
                waves = scipy.fft.fft(self._waves()[channel, :, band], axis=0, workers=-1)
                waves *= gain
                self._waves()[channel, :, band] = scipy.fft.ifft(waves, axis=0, workers=-1)
        for own in groups(self.shape):
            planes = scipy.fft.irfft2(self._waves()[:, own], self.shape[1:3], workers=-1)
            yield own, np.ascontiguousarray(np.moveaxis(planes, 0, -1))

    def _measure(self, channel: int, correlations: np.ndarray) -> tuple[float, float]:
        """Write the spectrum of one channel, from its correlations (lags in T, H, W).

        Returns
        -------
        floor, mean : float
            Its least value, and its mean over the whole grid with values that are not below it.
            These are those of `translation.Coloured.spectrum`.
        """
        over_time, down, across = (
            _waves_of(size // 2, length, count)
            for size, length, count in zip(
                correlations.shape, self.shape, (*self.shape[:2], self.half), strict=False
            )
        )
        lines = correlations @ across.T
        total = 0.0
        for band in self._bands():
            planes = np.einsum("hb,abw->ahw", down[band], lines, optimize=True)
            flat = planes.reshape(len(planes), -1)
            power = over_time.real @ flat.real - over_time.imag @ flat.imag
            total += float(power.sum())
            self._spectrum()[channel, :, band] = power.reshape(-1, *planes.shape[1:])
        floor = FLOOR * total / (self.shape[0] * self.shape[1] * self.half)
        if not total:  # nothing is correlated: all waves are alike
            return 1.0, 1.0
        weights = pairs(self.shape[2])
        kept = sum(
            float((np.maximum(self._spectrum()[channel, :, band], floor) @ weights).sum())
            for band in self._bands()
        )
        return floor, kept / (self.shape[0] * self.shape[1] * self.shape[2])

    def _bands(self) -> Iterator[slice]:
        height = self.shape[1]
        return (slice(at, min(at + self.rows, height)) for at in range(0, height, self.rows))

    def _spectrum(self) -> np.ndarray:
        return np.asarray(np.load(self._files[0], mmap_mode="r+"))

    def _waves(self) -> np.ndarray:
        return np.asarray(np.load(self._files[1], mmap_mode="r+"))


def _waves_of(lag: int, length: int, count: int) -> np.ndarray:
    """The first waves of an axis of `length` places, at −lag … lag: (count, 2·lag + 1) complex."""
    places = np.arange(-lag, lag + 1)
    return np.asarray(np.exp(-2j * np.pi * np.outer(np.arange(count), places) / length))
