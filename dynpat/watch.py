"""The divergence watch: sees learning go wrong in the figures of an update."""

from __future__ import annotations

import math


class Watch:
    """Sees learning go wrong in the figures of an update.

    Two ways of dying are known. *Runaway*: a chain's contrast grows far beyond the observed.
    *Dead chain*: the last units are off on a chain, its gradient is zero and it falls to the mean
    picture, while the energy gap grows without bound.
    """

    strongest: float = 3.0
    weakest: float = 0.2
    armed_from: float = 0.4  # chains start with no contrast, which is no sign of death

    def trouble(self, figures: dict[str, float], best_contrast: float) -> str | None:
        """What is wrong, or None; `figures` as from `synthesis.update`."""
        wrong = [name for name, value in figures.items() if not math.isfinite(value)]
        if wrong:
            return f"{wrong[0]} is not a finite number"
        if figures["strongest"] > self.strongest:
            return f"a chain ran away ({figures['strongest']:.1f} times the observed contrast)"
        if best_contrast > self.armed_from and figures["weakest"] < self.weakest:
            return f"a chain died ({figures['weakest']:.2f} of the observed contrast)"
        return None
