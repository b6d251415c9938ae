"""`model.sample`: new videos as an array."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from dynpat.videos import to_levels

if TYPE_CHECKING:
    from dynpat.models.energy import EnergyModel


class NewVideos:
    """What an energy model can be asked for; a part of `EnergyModel`."""

    def sample(
        self, count: int = 1, *, frames: int | None = None,
        size: tuple[int, int] | None = None,
        steps: int | None = None, step_size: float | None = None, seed: int = 0,
        loop: bool = False, tileable: bool = False,
    ) -> np.ndarray:
        """New videos, from noise, by Langevin dynamics.

        Parameters
        ----------
        count
            How many videos. Of a model of several groups of videos, groups take turns.
        frames, size
            T and (H, W); as the model's if left out. Only texture models make other sizes, and
            action models no other length.
        steps, step_size
            Langevin steps from noise to each video (40 if left out), and ε (the preset's).
        seed
            The same seed makes the same videos.
        loop, tileable
            Whether the end of a video goes on with its beginning, and its edges with each other.

        Returns
        -------
        (count, T, H, W, C) uint8 grey levels

        Raises
        ------
        BadOptionError
            If an option is out of range, or the model is bound to another length or size.
        DivergedError
            If a chain ran away: the step size is too large, or the model is not learned.
        """
        from dynpat.models import sampling  # which knows all kinds of models

        model = cast("EnergyModel", self)
        moving = model.langevin_config
        asked = sampling.ask(
            model, moving if step_size is None else replace(moving, step_size=step_size),
            frames=frames, size=size, steps=sampling.STEPS if steps is None else steps, seed=seed,
            repeating=(1,) * loop + (2, 3) * tileable,
        )
        return np.stack([to_levels(video) for video in sampling.sample_videos(model, asked, count)])
