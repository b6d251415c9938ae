"""The divergence watch: sees learning go wrong in the figures of an update."""

from __future__ import annotations

import math


class Watch:
    """Sees learning go wrong in the figures of an update.

    Three ways of dying are known. *Runaway*: a chain's contrast grows far beyond the observed.
    *Dead chain*: the last units are off on a chain, its gradient is zero and it falls to the mean
    picture, while the energy gap grows without bound. *Steep energy*: chains that start at the
    observed videos are lost within an update, again and again, so that nothing is learned from them
    any more.
    """

    strongest: float = 3.0
    weakest: float = 0.2
    armed_from: float = 0.4  # chains start with no contrast, which is no sign of death

    most_lost: float = 0.25
    calm_below: float = 0.05  # some videos lose chains from the beginning, and learn all the same
    calm_from: int = 100  # updates

    def trouble(
        self, figures: dict[str, float], best_contrast: float, lost: float = 0.0
    ) -> str | None:
        """What is wrong, or None.

        `figures` as from `synthesis.update`; `lost`: the share of chains that were lost lately, in
        a run that had few of them before, else 0.
        """
        wrong = [name for name, value in figures.items() if not math.isfinite(value)]
        if wrong:
            return f"{wrong[0]} is not a finite number"
        if figures["strongest"] > self.strongest:
            return f"a chain ran away ({figures['strongest']:.1f} times the observed contrast)"
        if best_contrast > self.armed_from and figures["weakest"] < self.weakest:
            return f"a chain died ({figures['weakest']:.2f} of the observed contrast)"
        if lost > self.most_lost:
            return f"the energy grew too steep ({100 * lost:.0f} % of the chains were lost lately)"
        return None
