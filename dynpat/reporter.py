"""What a long task tells while it works. The library stays silent; the CLI shows it."""

from __future__ import annotations

from pathlib import Path


class Reporter:
    """Receives what happens; does nothing. Subclass it to show progress."""

    def say(self, sentence: str) -> None:
        """Something worth knowing: what was resized, a rollback, a file written."""

    def learning(
        self, update: int, fraction: float, figures: dict[str, float], preview: Path | None
    ) -> None:
        """After an update: `fraction` of the run is done, 0 … 1; `preview` is a file, if any."""

    def sampling(self, done: int, total: int) -> None:
        """After some Langevin steps."""
