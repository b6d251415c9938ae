"""The divergence watch: sees learning go wrong in the figures of an update."""

from __future__ import annotations

import math


class Watch:
    """Sees learning go wrong in the figures of an update.

    Three ways of dying are known. *Runaway*: a chain's contrast grows far beyond the observed.
    *Dead chain*: the last units are off on a chain, its gradient is zero and it falls to the mean
    picture, while the energy gap grows without bound. *Lost chains*: the energy has grown so steep
    that chains no longer reach what was observed; none of them counts, and nothing is learned.
    """

    strongest: float = 3.0
    weakest: float = 0.2
    armed_from: float = 0.4  # chains start with no contrast, which is no sign of death
    least_counting: float = 0.3  # share of the chains, as a running mean
    memory: float = 0.9  # of that mean: about ten updates

    def __init__(self) -> None:
        self.counting = 1.0

    def trouble(self, figures: dict[str, float], best_contrast: float) -> str | None:
        """What is wrong, or None; `figures` as from `synthesis.update`."""
        wrong = [name for name, value in figures.items() if not math.isfinite(value)]
        if wrong:
            return f"{wrong[0]} is not a finite number"
        self.counting += (1 - self.memory) * (figures["counting"] - self.counting)
        if self.counting < self.least_counting:
            self.counting = 1.0
            return "chains no longer come near the observed video"
        if figures["strongest"] > self.strongest:
            return f"a chain ran away ({figures['strongest']:.1f} times the observed contrast)"
        if best_contrast > self.armed_from and figures["weakest"] < self.weakest:
            return f"a chain died ({figures['weakest']:.2f} of the observed contrast)"
        return None
