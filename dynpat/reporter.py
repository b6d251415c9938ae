"""What a long task reports while it works. The library itself prints nothing; the CLI shows it."""

from __future__ import annotations

from pathlib import Path


class Reporter:
    """Receives the events of a task and ignores them; a subclass can show progress."""

    def say(self, sentence: str) -> None:
        """Receive a sentence that users should know, such as "resized", a rollback or a new file.

        Parameters
        ----------
        sentence : str
            A complete sentence.
        """

    def learning(
        self, update: int, fraction: float, figures: dict[str, float], preview: Path | None
    ) -> None:
        """Receive the figures of an update of the weights.

        Parameters
        ----------
        update : int
            The number of the update.
        fraction : float
            The share of the run that is done, from 0 to 1.
        figures : dict
            The figures of the update, by name.
        preview : Path or None
            The file of the newest preview, if there is one.
        """

    def sampling(self, done: int, total: int) -> None:
        """Receive the progress of sampling after some Langevin steps.

        Parameters
        ----------
        done : int
            The number of Langevin steps done.
        total : int
            The number of Langevin steps in all.
        """
