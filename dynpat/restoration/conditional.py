"""Missing pixels under the coloured reference: their conditional mean, and draws of them.

In Gaussian coordinates y ~ N(0, C), C = S + ρ². Given the visible v the missing m have the mean

    x_m = C_mv C_vv⁻¹ x_v,    which solves    P_mm x_m = −P_mv x_v,    P = C⁻¹.

On a periodic grid C and P are a Fourier transform each way, and the system is solved by conjugate
gradients with C_mm as preconditioner. What of the grid lies beyond the video counts as missing, so
that opposite borders do not know of each other. A draw q of the whole grid becomes one of the
missing pixels by Matheron's rule: q + the conditional mean of (observed − q).

S is each neighbourhood's own (`dynpat.restoration.neighbourhoods`): what they say is blended. All
of them filter the same white noise, so that their draws fit each other.

Videos are (T, H, W, C), masks (T, H, W) bool with True = missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import scipy.fft

from dynpat import seeds
from dynpat.reference.translation import Coloured
from dynpat.restoration.neighbourhoods import (
    APART,
    Neighbourhood,
    fit_visible,
    neighbourhoods,
)
from dynpat.restoration.pace import UNPACED, Pace, paced, right_pace
from dynpat.threads import in_order

RHO = 0.7  # ρ, where y has variance 1: what of it no other value tells, and what S has wrong
STEPS = 12  # of conjugate gradients, at most
TOLERANCE = 0.03  # of what is left of the system, by its norm, along the widest axis of colours
LOOSEST = 0.5  # the same, along axes that hardly matter


@dataclass(frozen=True)
class Conditional:
    """The distribution of a video's missing pixels under its coloured reference.

    Attributes
    ----------
    process : Coloured
        The reference, fitted to what is visible.
    parts : tuple of Neighbourhood
        Where correlations of which kind hold.
    video : ndarray
        (T, H, W, C) grey levels, 0 where missing.
    missing : ndarray
        (T, H, W) bool.
    observed : ndarray
        (T, H, W, C) float32: the visible pixels in Gaussian coordinates, 0 where missing.
    tolerance : float
        At which the conjugate gradients stop.
    """

    process: Coloured
    parts: tuple[Neighbourhood, ...]
    video: np.ndarray
    missing: np.ndarray
    observed: np.ndarray
    tolerance: float = TOLERANCE

    @cached_property
    def pace(self) -> Pace:
        """The pace at which draws have the motion and the edges of what is visible."""
        return right_pace(self)

    def mean(self, start: np.ndarray | None = None) -> np.ndarray:
        """The conditional mean of y, (T, H, W, C) float32; where visible, y itself.

        Parameters
        ----------
        start : ndarray or None
            (T, H, W, C) grey levels with a guess at missing pixels; the nearer it is, the fewer
            steps it takes.
        """
        shown = ~self.missing[..., np.newaxis]
        begun = self.observed
        if start is not None:
            begun = np.where(shown, begun, self.process.to_gaussian(start))
        blended = np.zeros_like(self.observed)
        for axis in range(blended.shape[-1]):
            self._add(blended, axis, partial(self._expected, begun, axis))
        return np.where(shown, self.observed, blended)

    def fluctuation(self, seed: int, pace: Pace = UNPACED) -> np.ndarray:
        """How a draw of y differs from the conditional mean, (T, H, W, C) float32; 0 where visible.

        Its distribution depends only on where pixels are visible, not on what is to be seen there,
        and on the `pace` (`dynpat.restoration.pace`) of S.
        """
        rng = np.random.default_rng(seeds.conditional(seed))
        blended = np.zeros_like(self.observed)
        for axis in range(blended.shape[-1]):
            white = rng.standard_normal(self._size, np.float32)
            self._add(blended, axis, partial(self._away, white, axis, pace))
        return np.where(self.missing[..., np.newaxis], blended, np.float32(0))

    def unconditional(self, seed: int, pace: Pace = UNPACED) -> np.ndarray:
        """A draw of y that knows of no pixel, (T, H, W, C) float32, of S with this pace."""
        rng = np.random.default_rng(seed)
        drawn = np.zeros_like(self.observed)
        for axis in range(drawn.shape[-1]):
            white = rng.standard_normal(self._size, np.float32)
            self._add(drawn, axis, partial(self._free, white, axis, pace))
        return drawn

    def to_grey(self, y: np.ndarray) -> np.ndarray:
        """Grey levels 0 … 255 of y, (T, H, W, C) float32; visible pixels are bit-equal."""
        made = np.clip(self.process.to_grey(y), 0, 255)
        return np.where(self.missing[..., np.newaxis], made, self.video)

    def rest(self) -> None:
        """Give up what takes much memory and can be computed again, until it is asked for."""
        for part in self.parts:
            part.rest()

    @property
    def _size(self) -> list[int]:
        """Of a field that has all parts' grids in it, (t, y, x)."""
        edges = zip(*(_origin(part) for part in self.parts), strict=True)
        return [max(start + length for start, length in edge) for edge in edges]

    def _add(
        self, blended: np.ndarray, axis: int, share_of: Callable[[Neighbourhood], np.ndarray]
    ) -> None:
        """Add each part's share (t, h, w) of one axis to the whole, (T, H, W, C)."""
        for part, share in zip(self.parts, in_order(share_of, self.parts), strict=True):
            blended[:, part.place[0], part.place[1], axis] += share

    def _expected(self, begun: np.ndarray, axis: int, part: Neighbourhood) -> np.ndarray:
        """A part's share of the mean of one axis, (t, h, w), solved from what has `begun`."""
        inside = self._inside(part)
        known = np.zeros(part.grid, np.float32)
        known[inside] = begun[:, part.place[0], part.place[1], axis]
        found = _solved(part.spectrum[axis], known, self._hole(part), self._tolerances[axis])
        return np.asarray(part.share * found[inside])

    def _away(
        self, white: np.ndarray, axis: int, pace: Pace, part: Neighbourhood
    ) -> np.ndarray:
        """A part's share of how a draw of one axis differs from the mean, (t, h, w)."""
        hole, inside, cut = self._hole(part), self._inside(part), _cut(part)
        spectrum = paced(part.spectrum[axis], pace, part.grid[2])
        drawn = _filtered(white[cut], np.sqrt(spectrum))
        seen = np.where(hole, np.float32(0), drawn)  # visible pixels are as they are, without ρ
        expected = _solved(spectrum, seen, hole, self._tolerances[axis])
        return np.asarray(part.share * (drawn - expected)[inside])

    def _free(
        self, white: np.ndarray, axis: int, pace: Pace, part: Neighbourhood
    ) -> np.ndarray:
        """A part's share of a draw of one axis that knows of no pixel, (t, h, w)."""
        spectrum = paced(part.spectrum[axis], pace, part.grid[2])
        drawn = _filtered(white[_cut(part)], np.sqrt(spectrum))
        return np.asarray(part.share * drawn[self._inside(part)])

    def _inside(self, part: Neighbourhood) -> tuple[slice, ...]:
        """What of a part's grid is in the video."""
        return tuple(slice(0, length) for length in (len(self.missing), *part.share.shape))

    def _hole(self, part: Neighbourhood) -> np.ndarray:
        """What is missing on a part's grid, bool; beyond the video everything is."""
        rows, columns = part.place
        hole = np.ones(part.grid, bool)
        hole[self._inside(part)] = self.missing[:, rows, columns]
        return hole

    @cached_property
    def _tolerances(self) -> list[float]:
        """Of each axis of the colours: the fewer grey levels it spans, the less it matters."""
        spans = np.ptp(self.process.maps, axis=0).mean(axis=(0, 1))
        shares = spans / max(float(spans.max()), 1e-9)
        return [self.tolerance / max(float(share), self.tolerance / LOOSEST) for share in shares]


def fit_conditional(
    video: np.ndarray, missing: np.ndarray, apart: int = APART, tolerance: float = TOLERANCE
) -> Conditional:
    """The distribution of missing pixels given the visible ones, fitted to these alone.

    Parameters
    ----------
    video : ndarray
        (T, H, W, C) grey levels; what stands at missing pixels does not matter.
    missing : ndarray
        (T, H, W) bool; something has to be visible.
    apart : int
        Pixels, about, between neighbourhoods with correlations of their own.
    tolerance : float
        0 … 1, at which the conjugate gradients stop.
    """
    shown = ~missing[..., np.newaxis]
    known = np.where(shown, video, 0).astype(np.float32)
    process = fit_visible(known, missing)
    parts = neighbourhoods(process, known, missing, apart)
    observed = np.where(shown, process.to_gaussian(known), np.float32(0))
    return Conditional(process, parts, known, missing, observed, tolerance)


def _origin(part: Neighbourhood) -> tuple[tuple[int, int], ...]:
    """Where the part's grid begins in (t, y, x), and its lengths."""
    starts = (0, part.place[0].start, part.place[1].start)
    return tuple(zip(starts, part.grid, strict=True))


def _cut(part: Neighbourhood) -> tuple[slice, ...]:
    """What of a field of all parts is the part's grid."""
    return tuple(slice(start, start + length) for start, length in _origin(part))


def _filtered(field: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """A field (t, y, x) with its waves multiplied by `gain`, float32."""
    waves = scipy.fft.rfftn(field, workers=1)
    waves *= gain
    return np.asarray(scipy.fft.irfftn(waves, field.shape, workers=1, overwrite_x=True))


def _solved(
    spectrum: np.ndarray, known: np.ndarray, hole: np.ndarray, tolerance: float
) -> np.ndarray:
    """`known` (t, y, x) with its values in the hole replaced by their mean given the others.

    The preconditioned conjugate gradients of P_mm x_m = −P_mv x_v, from what stands in the hole.
    """
    covariance = spectrum + np.float32(RHO**2)
    precision = 1 / covariance
    found = known.copy()
    residual = -_filtered(known, precision) * hole
    wanted = tolerance * np.linalg.norm(residual)
    direction, before = np.zeros_like(known), 1.0
    for _ in range(STEPS):
        if np.linalg.norm(residual) <= wanted:
            break
        nearer = _filtered(residual, covariance) * hole
        now = float(np.vdot(residual, nearer))
        direction = nearer + np.float32(now / before) * direction
        turned = _filtered(direction, precision) * hole
        step = np.float32(now / float(np.vdot(direction, turned)))
        found += step * direction
        residual -= step * turned
        before = now
    return found
