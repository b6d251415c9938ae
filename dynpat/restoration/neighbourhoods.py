"""The coloured reference of an incomplete video, with correlations of each neighbourhood's own.

A splash is not a wall: how values hang together differs from place to place. So the picture is
covered by windows that fade into each other, and correlations are measured in each of them. The
maps are each pixel's own already.

Only visible pixels count. Videos are (T, H, W, C) grey levels, masks (T, H, W) bool with
True = missing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.fft
from scipy.ndimage import distance_transform_edt

from dynpat.reference import translation
from dynpat.reference.translation import LAGS, Coloured
from dynpat.restoration.kriging import visible_mean

APART = 37  # pixels, about, from the middle of a window to that of the next
MARGIN = max(LAGS)  # frames and pixels by which a grid keeps opposite borders from each other
FEWEST = 8  # frames that must show a pixel for a map of its own

OWN = 0.5  # of a neighbourhood's correlations; the rest are those of the whole picture
SEEN = 0.1  # share of a neighbourhood that has to be visible to tell of its correlations

Place = tuple[slice, slice]


@dataclass(frozen=True)
class Neighbourhood:
    """A part of the picture, and the correlations there.

    Attributes
    ----------
    place : Place
        Its rows and columns.
    share : ndarray
        (h, w) float32: how much it counts at each pixel; over all neighbourhoods together 1.
    grid : tuple of int
        (t, y, x) of the periodic grid, which has a margin beyond the video.
    process : Coloured
        The reference with the correlations there.
    """

    place: Place
    share: np.ndarray
    grid: tuple[int, int, int]
    process: Coloured

    @cached_property
    def spectrum(self) -> np.ndarray:
        """Of S on the grid, of mean 1, for each axis of the colours: (C, t, y, x // 2 + 1)."""
        return self.process.spectrum(self.grid)

    def rest(self) -> None:
        """Give up the spectrum, which takes much memory, until it is asked for again."""
        vars(self).pop("spectrum", None)


def fit_visible(video: np.ndarray, missing: np.ndarray) -> Coloured:
    """The coloured reference of what is visible of a video, each pixel with a map of its own.

    Pixels that (nearly) no frame shows take the map of the nearest one that has its own.
    """
    # Each axis is conditioned by itself, and so the colours do not follow the brightness.
    process = translation.fit(
        video[np.newaxis], missing=missing[np.newaxis], follow=False, cautious=True
    )
    seen = np.sum(~missing, axis=0)
    known = seen >= min(FEWEST, seen.max())
    rows, columns = distance_transform_edt(~known, return_distances=False, return_indices=True)
    maps = np.ascontiguousarray(process.maps[:, rows, columns])  # looked up without copies
    return replace(process, mean=visible_mean(video, missing), maps=maps)


def neighbourhoods(
    process: Coloured, video: np.ndarray, missing: np.ndarray, apart: int = APART
) -> tuple[Neighbourhood, ...]:
    """Cover the picture by windows about `apart` pixels from each other, and measure in each.

    A picture that has room for one window only keeps the correlations of `process`.
    """
    shown = ~missing[..., np.newaxis]
    values = np.where(shown, (np.where(shown, video, 0) - process.mean) @ process.axes, 0)
    values = values.astype(np.float32)
    rows, columns = (_windows(size, apart) for size in missing.shape[1:])
    whole = len(rows) * len(columns) == 1
    found = []
    for row, down in rows:
        for column, across in columns:
            place, share = (row, column), down[:, np.newaxis] * across
            own = process if whole else _local(process, values, missing, place, np.sqrt(share))
            sizes = (len(missing), *share.shape)
            frames, height, width = (scipy.fft.next_fast_len(n + MARGIN, True) for n in sizes)
            grid = (frames, height, width)
            found.append(Neighbourhood(place, share, grid, own))
    return tuple(found)


def _windows(size: int, apart: int) -> list[tuple[slice, np.ndarray]]:
    """Where windows along an edge lie, and their weights, which together are 1 everywhere."""
    count = round(size / apart)
    if count < 2:
        return [(slice(0, size), np.ones(size, np.float32))]
    spacing = (size - 1) / count
    found = []
    for number in range(count + 1):
        distance = np.abs(np.arange(size) - number * spacing) / spacing
        weight = np.where(distance < 1, np.cos(np.pi / 2 * distance) ** 2, 0).astype(np.float32)
        used = np.flatnonzero(weight)
        place = slice(int(used[0]), int(used[-1]) + 1)
        found.append((place, weight[place]))
    return found


def _local(
    process: Coloured, values: np.ndarray, missing: np.ndarray, place: Place, window: np.ndarray
) -> Coloured:
    """The process with the correlations of a part, measured under a window (h, w).

    From deviations along the axes of the colours (T, H, W, C), 0 where missing.
    """
    rows, columns = place
    inside, seen = values[:, rows, columns], ~missing[np.newaxis, :, rows, columns]
    if seen.mean() < SEEN:
        return process
    lags = [min(lag, size - 1) for lag, size in zip(LAGS, inside.shape[:3], strict=True)]
    fading = np.hanning(len(inside) + 2)[1:-1, np.newaxis, np.newaxis]
    fading = np.asarray(fading * window, np.float32)
    # What moves most counts most, here as in the correlations that are measured.
    importance = np.mean(inside**2, axis=0).max(axis=-1) * window**2
    latent = translation.latent_correlations(
        inside[np.newaxis], seen, process.maps[:, rows, columns], fading, importance, lags,
        cautious=True,
    )
    blended = (1 - OWN) * process.correlations
    middle = tuple(
        slice(size // 2 - lag, size // 2 + lag + 1)
        for size, lag in zip(blended.shape[1:], lags, strict=True)
    )
    for correlation, own in zip(blended, latent, strict=True):
        correlation[middle] += OWN * own
    return replace(process, correlations=np.asarray(blended, np.float32))
