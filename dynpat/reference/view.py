"""What f sees of Gaussian coordinates: polynomials close to the maps, at a fraction of their cost.

Of each map it is the cubic part, the first terms of its series in Hermite polynomials. Where the
colours follow the brightness (`dynpat.reference.colours`), so do the polynomials:

    seen_k = a_k(y₁) + b_k(y₁)·g_k(y_k),

with a cubic a and g, and a quadratic b.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf

from dynpat.reference.colours import EVERY, GivenBrightness
from dynpat.reference.maps import KNOTS, between, hermite_series

ORDER = 3  # of the polynomials of maps, and of colours given the brightness
SPREAD_ORDER = 2  # of the polynomials of the spread of colours given the brightness
TERMS = ORDER + 1 + SPREAD_ORDER + 1  # of both polynomials of a colour


def polynomials(
    maps: np.ndarray, means: np.ndarray, given: list[GivenBrightness] | None
) -> tuple[np.ndarray, np.ndarray]:
    """What f sees, fitted to the maps of each mode, of variance 1.

    Parameters
    ----------
    maps : numpy.ndarray
        (modes, knots, H, W, C) grey levels along the axes of colour.
    means : numpy.ndarray
        (modes, H, W, C) the mean pictures along the axes.
    given : list of GivenBrightness or None
        How the colours of each mode follow the brightness.

    Returns
    -------
    series : numpy.ndarray
        (modes, `ORDER` + 1, H, W, C) float32: coefficients of the maps, that of y⁰ first.
    colours : numpy.ndarray
        (modes, `TERMS`, H, W, C − 1) float32: coefficients of a, then of b; empty without `given`.
    """
    series = np.stack([hermite_series(own)[:ORDER] for own in maps])
    variance = np.sum(series**2, axis=1)
    powers = np.stack([_powers(np.concatenate([0 * own[:1], own])) for own in series])
    still = means - means.mean(axis=0)
    colours = np.zeros((len(maps), TERMS, *means.shape[1:3], 0))
    if given is None:
        powers[:, 0] += still
    else:
        mean, spread = (
            np.stack([_terms(own) for own in tables])
            for tables in ([g.mean for g in given], [g.spread for g in given])
        )
        spread = spread[:, : SPREAD_ORDER + 1]
        variance[..., 1:] *= np.sum(spread**2, axis=1)
        variance[..., 1:] += np.sum(mean[:, 1:] ** 2, axis=1)
        powers[:, 0, ..., :1] += still[..., :1]
        mean[:, 0] += still[..., 1:]
        colours = np.stack([
            np.concatenate([_powers(a), _powers(b)]) for a, b in zip(mean, spread, strict=True)
        ])
    scale = 1 / (np.sqrt(np.mean(variance)) + 1e-3)
    colours[:, : ORDER + 1] *= scale
    return np.asarray(scale * powers, np.float32), np.asarray(colours, np.float32)


def _terms(table: np.ndarray) -> np.ndarray:
    """E[table(Z)·Hₖ(Z)] / √k!, k = 0 … `ORDER`, of a table at every fourth knot."""
    position = np.broadcast_to(
        np.arange(len(KNOTS)).reshape(-1, 1, 1, 1) / EVERY, (len(KNOTS), *table.shape[1:])
    )
    return hermite_series(between(table, position), first=0)[: ORDER + 1]


def _powers(terms: np.ndarray) -> np.ndarray:
    """Coefficients of y⁰, y¹, … from those of the first Hermite polynomials, each over √k!."""
    constant, linear, square, *rest = terms
    square = square / math.sqrt(2)  # H₂ = y² − 1
    found = [constant - square, linear, square]
    if rest:
        cube = rest[0] / math.sqrt(6)  # H₃ = y³ − 3y
        found = [found[0], linear - 3 * cube, square, cube]
    return np.stack(found)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def seen(y: tf.Tensor, series: tf.Tensor) -> Any:
    """The polynomials `series` (N, `ORDER` + 1, H, W, C) of y (N, T, H, W, C); H and W may be 1."""
    # With a copy for each pixel of a row TensorFlow computes whole rows at once, not three values.
    rows = tf.concat([tf.shape(series)[:3], tf.shape(y)[3:]], axis=0)
    series = tf.broadcast_to(series, rows)
    powers = [part[:, tf.newaxis] for part in tf.unstack(series, axis=1)]
    return _value(powers, y), lambda up: (up * _slope(powers, y), None)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def seen_in_colour(y: tf.Tensor, series: tf.Tensor, colours: tf.Tensor) -> Any:
    """The same where colours follow the brightness by `colours` (N, `TERMS`, H, W, C − 1).

    Channel by channel, because slices of a last axis of three are slow.
    """
    first, *others = tf.unstack(tf.transpose(y, [4, 0, 1, 2, 3]))
    bright, *maps = _by_channel(series)
    given = _by_channel(colours)
    means, spreads = [own[: ORDER + 1] for own in given], [own[ORDER + 1 :] for own in given]
    own = [_value(powers, other) for powers, other in zip(maps, others, strict=True)]
    spread = [_value(powers, first) for powers in spreads]
    values = [_value(bright, first)] + [
        _value(powers, first) + b * g for powers, b, g in zip(means, spread, own, strict=True)
    ]

    def gradient(up: tf.Tensor) -> Any:
        up_first, *ups = tf.unstack(tf.transpose(up, [4, 0, 1, 2, 3]))
        along_first = up_first * _slope(bright, first)
        along = []
        for k, above in enumerate(ups):
            along_first += above * (_slope(means[k], first) + _slope(spreads[k], first) * own[k])
            along.append(above * spread[k] * _slope(maps[k], others[k]))
        return _together([along_first, *along]), None, None

    return _together(values), gradient


def _by_channel(powers: tf.Tensor) -> list[list[tf.Tensor]]:
    """Coefficients (N, powers, H, W, C) of each channel: (N, 1, H, W) of each power."""
    return [
        tf.unstack(own[:, :, tf.newaxis], axis=1) for own in tf.unstack(powers, axis=-1)
    ]


def _together(channels: list[tf.Tensor]) -> tf.Tensor:
    return tf.transpose(tf.stack(channels), [1, 2, 3, 4, 0])


def _value(powers: list[tf.Tensor], y: tf.Tensor) -> tf.Tensor:
    """A polynomial, from its coefficients, that of y⁰ first."""
    value = powers[-1]
    for power in reversed(powers[:-1]):
        value = value * y + power
    return value


def _slope(powers: list[tf.Tensor], y: tf.Tensor) -> tf.Tensor:
    """The derivative of a polynomial."""
    return _value([order * power for order, power in enumerate(powers)][1:], y)
