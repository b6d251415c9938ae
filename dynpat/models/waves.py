"""The correlations of a coloured reference for videos larger than memory.

S acts by a Fourier transform over time, height and width. The transform of a large video lies in a
file: first each frame is transformed over height and width, then bands of rows over time, where S
is a factor, and then all is transformed back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import scipy.fft

from dynpat.reference.coloured import ColouredReference
from dynpat.reference.spectra import pairs
from dynpat.reference.translation import FLOOR

BAND = 2**28  # bytes of the values over time that are in memory together
VALUE = 48  # bytes of each of these values: complex, with the results of its transforms


class Waves:
    """(S + ρ²)^power·y of a video, one frame after the other.

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

    def filtered(self, frame_of: Callable[[int], np.ndarray], power: float) -> Iterator[np.ndarray]:
        """Yield the frames (H, W, C) of (S + ρ²)^power·y, y given by its frames; −1 or ½."""
        for number in range(self.shape[0]):
            planes = np.moveaxis(frame_of(number), -1, 0)
            self._waves()[:, number] = scipy.fft.rfft2(planes, workers=-1)
        for channel, (floor, mean) in enumerate(self._limits):
            for band in self._bands():
                # The files are opened again, so that pages read before do not count as memory.
                spectrum = np.maximum(self._spectrum()[channel, :, band], floor) / mean
                gain = np.asarray((spectrum + self.rho**2) ** power, np.float32)
                waves = scipy.fft.fft(self._waves()[channel, :, band], axis=0, workers=-1)
                waves *= gain
                self._waves()[channel, :, band] = scipy.fft.ifft(waves, axis=0, workers=-1)
        for number in range(self.shape[0]):
            planes = scipy.fft.irfft2(self._waves()[:, number], self.shape[1:3], workers=-1)
            yield np.moveaxis(planes, 0, -1)

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
