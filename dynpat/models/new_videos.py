"""The method `model.sample`, which returns new videos as an array."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from dynpat.videos import to_levels

if TYPE_CHECKING:
    from dynpat.models.energy import EnergyModel


class NewVideos:
    """The methods of `EnergyModel` that make new videos."""

    def sample(
        self, count: int = 1, *, frames: int | None = None,
        size: tuple[int, int] | None = None,
        steps: int | None = None, step_size: float | None = None, seed: int = 0,
        loop: bool = False, tileable: bool = False,
    ) -> np.ndarray:
        """Make new videos from noise by Langevin dynamics.

        Parameters
        ----------
        count : int
            The number of videos. If the model knows several groups of videos, the groups take
            turns.
        frames : int or None
            The number of frames T, by default that of the model. Action models make no other
            length.
        size : tuple of int or None
            The height and width (H, W) in pixels; only texture models make other sizes than their
            own.
        steps : int or None
            The number of Langevin steps from noise to each video, by default 40.
        step_size : float or None
            The step size ε, by default that of the preset.
        seed : int
            The seed of the noise; the same seed makes the same videos.
        loop : bool
            Whether the end of a video continues with its beginning.
        tileable : bool
            Whether opposite edges of a picture continue each other.

        Returns
        -------
        ndarray
            The videos, (count, T, H, W, C) uint8 grey levels.

        Raises
        ------
        BadOptionError
            If an option is out of range, or the model cannot make another length or size.
        DivergedError
            If a chain runs away, because the step size is too large or the model is not learned.
        """
        from dynpat.models import sampling  # imported late because it imports all kinds of models

        model = cast("EnergyModel", self)
        moving = model.langevin_config
        asked = sampling.ask(
            model, moving if step_size is None else replace(moving, step_size=step_size),
            frames=frames, size=size, steps=sampling.STEPS if steps is None else steps, seed=seed,
            repeating=(1,) * loop + (2, 3) * tileable,
        )
        return np.stack([to_levels(video) for video in sampling.sample_videos(model, asked, count)])
