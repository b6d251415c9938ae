"""The energy of a model as one Langevin step sees it, through a grid that is shifted at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf

if TYPE_CHECKING:
    from dynpat.models.energy import EnergyModel


class View:
    """The energy of videos of given modes (N,), with a grid shifted by a seed of shape (2,).

    Without `modes`, all videos have mode 0.
    """

    def __init__(self, model: EnergyModel, seed: tf.Tensor, modes: tf.Tensor | None) -> None:
        self.model, self.seed, self.modes = model, seed, modes

    def __call__(self, video: tf.Tensor) -> tf.Tensor:
        f = self.model.f(video, self.seed, self.modes)
        return self.model.reference.energy(video, self.modes) - f

    def of_rows(self, first: tf.Tensor, last: tf.Tensor) -> View:
        """Return the energy of the videos `first` … `last` − 1 alone."""
        modes = None if self.modes is None else self.modes[first:last]
        return View(self.model, self.seed, modes)
