"""What references of several observed videos share: groups of them, and measured values."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


class Grouped(keras.layers.Layer):
    """A layer of values that are taken from the observed videos, not learned.

    Attributes
    ----------
    modes : int
        Number of groups of videos, each with values of its own.
    """

    modes: int

    def groups(self, videos: int) -> list[np.ndarray]:
        """Which videos each mode stands for; with fewer videos than modes some modes are alike."""
        if videos < self.modes:
            return [np.array([mode % videos]) for mode in range(self.modes)]
        return np.array_split(np.arange(videos), self.modes)

    def _measured(self, shape: tuple[int | None, ...], name: str) -> Any:
        return self.add_weight(shape=shape, initializer="zeros", trainable=False, name=name)
