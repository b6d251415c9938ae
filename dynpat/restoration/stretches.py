"""Stretches of a long video, whose missing pixels move one stretch after the other.

The gradient to all frames at once may take more memory than there is. The energy is a sum of terms
that each see a few frames. So frames of a stretch move while the others stay, and the next stretch
sees what they have become: together they have the distribution that all have at once (Gibbs).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from dynpat.memory import give_back

MOST = 1_000_000  # pixels of frames that move together
LEAST = 16  # frames that move together in any case
AROUND = 8  # frames at either side that the network sees, and that stay

Move = Callable[[int, tf.Tensor, tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class Stretch:
    """Frames that move together, and those that the network sees with them."""

    inner: slice
    region: slice


def stretches(frames: int, pixels: int) -> list[Stretch]:
    """Cut a video into stretches of about equal length.

    Parameters
    ----------
    frames : int
        The number of frames.
    pixels : int
        The number of pixels of a frame.

    Returns
    -------
    list of Stretch
        The stretches in their order; a single one if all frames can move together.
    """
    count = -(-frames // max(LEAST, MOST // pixels))
    ends = np.linspace(0, frames, count + 1).round().astype(int).tolist()
    return [
        Stretch(slice(first, last), slice(max(0, first - AROUND), min(frames, last + AROUND)))
        for first, last in itertools.pairwise(ends)
    ]


def move_each(
    parts: list[Stretch], video: tf.Tensor, clamped: tf.Tensor, move: Move
) -> tf.Tensor:
    """Move the stretches of a video one after the other.

    Parameters
    ----------
    parts : list of Stretch
        The stretches.
    video : tf.Tensor
        The video, (N, T, H, W, C).
    clamped : tf.Tensor
        True where a pixel stays, (N, T, H, W, 1) bool.
    move : callable
        A function of the number of a stretch, the frames that it sees, and what of them stays; it
        returns them moved.

    Returns
    -------
    tf.Tensor
        The moved video, (N, T, H, W, C).
    """
    numbers = tf.range(tf.shape(video)[1])
    for number, part in enumerate(parts):
        inner = (numbers >= part.inner.start) & (numbers < part.inner.stop)
        stays = clamped | ~inner[:, tf.newaxis, tf.newaxis, tf.newaxis]
        moved = move(number, video[:, part.region], stays[:, part.region])
        video = tf.concat(
            [video[:, : part.region.start], moved, video[:, part.region.stop :]], axis=1
        )
        if len(parts) > 1:
            give_back()  # what one stretch needed lies about in pieces, and the next needs more
    return video
