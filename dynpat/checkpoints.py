"""Checkpoints while learning, and the way back to them from trouble."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from dynpat.atomic import write_error
from dynpat.errors import DivergedError

MAX_ROLLBACKS = 5
SAFE = 20  # updates before trouble is seen that it may have begun
RATE_CUT = 0.5  # each rollback halves the learning rate


class Saver:
    """Writes a checkpoint every so many seconds of learning."""

    def __init__(self, manager: tf.train.CheckpointManager, every: float) -> None:
        self.manager, self.every = manager, every
        self.saved_update = -1
        self.last = time.monotonic()

    def __call__(self, learner: Any, figures: dict[str, float]) -> None:
        if time.monotonic() - self.last >= self.every:
            save(self.manager, learner)
            self.saved_update, self.last = learner.update, time.monotonic()


def save(manager: tf.train.CheckpointManager, learner: Any) -> None:
    try:
        manager.save(checkpoint_number=learner.update)
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "message", None) or getattr(error, "strerror", None) or error
        raise write_error(Path(manager.directory), reason) from error


def _last_good(manager: tf.train.CheckpointManager, update: int) -> str:
    """The checkpoint to go back to from trouble at `update`.

    Trouble begins some updates before it is seen: it is the newest that is old enough, or else the
    oldest.
    """
    numbers = sorted(_number(path) for path in manager.checkpoints)
    old_enough = [number for number in numbers if number <= update - SAFE] or numbers[:1]
    return next(path for path in manager.checkpoints if _number(path) == old_enough[-1])


def _number(checkpoint: str) -> int:
    return int(checkpoint.rsplit("-", 1)[1])


def roll_back(
    learner: Any, manager: tf.train.CheckpointManager, trouble: str, say: Callable[[str], None]
) -> None:
    """Back to the last good checkpoint with half the learning rate, or give up with advice."""
    update, elapsed = learner.update, float(learner.progress.elapsed)
    rollbacks = int(learner.progress.rollbacks) + 1
    learner.restore(_last_good(manager, update))
    if rollbacks > MAX_ROLLBACKS:
        raise DivergedError(
            f"Learning diverged at update {update} ({trouble}), for the {rollbacks}th time; the "
            f"state of update {learner.update} is kept. Lower --learning-rate (now "
            f"{learner.config.learning_rate:g}) or --step-size, or learn more videos at once."
        )
    learner.progress.rollbacks.assign(rollbacks)
    learner.progress.elapsed.assign(elapsed)  # time lost is lost: a budget is a promise
    save(manager, learner)
    say(
        f"Update {update}: {trouble}; back to update {learner.update} with learning rate × "
        f"{RATE_CUT**rollbacks:g}."
    )
