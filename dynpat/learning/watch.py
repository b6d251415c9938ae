"""The divergence watch: it sees in the figures of an update that learning goes wrong."""

from __future__ import annotations

import math


class Watch:
    """Sees in the figures of updates that learning goes wrong.

    Learning can fail in three ways. *Runaway*: the contrast of a chain grows far beyond the
    observed. *Dead chain*: the last units are 0 for a chain, so that its gradient is 0 and it falls
    to the mean picture, while the energy gap grows without bound. *Lost chains*: the energy has
    become so steep that chains no longer reach the observed videos; none of them counts, and
    nothing is learned.
    """

    strongest: float = 3.0
    weakest: float = 0.2
    armed_from: float = 0.4  # the contrast is low at the start, which is no sign of death
    least_counting: float = 0.3  # share of the chains, as a moving average
    memory: float = 0.9  # decay of that average, which spans about ten updates

    def __init__(self) -> None:
        self.counting = 1.0

    def trouble(self, figures: dict[str, float], best_contrast: float) -> str | None:
        """Return what is wrong, or None; the `figures` are those of `update.update`."""
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
