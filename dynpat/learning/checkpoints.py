"""Write checkpoints while learning, and go back to them when learning goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from dynpat.atomic import write_error
from dynpat.errors import DivergedError
from dynpat.learning.schedule import RATE_CUT

MAX_ROLLBACKS = 5
SAFE = 40  # trouble may begin this many updates before it is seen
FURTHER = 3  # each rollback goes back this many times as far as the one before
OLDER = 1.5  # ratio of the updates of two successive checkpoints that are kept for long


class Values(tf.Module):
    """Keras variables in their order, in the form that `tf.train.Checkpoint` keeps."""

    def __init__(self, variables: Sequence[Any]) -> None:
        super().__init__(name="weights")
        self.values = [getattr(variable, "value", variable) for variable in variables]


class Saver:
    """A listener of learning that writes a checkpoint every `every` seconds."""

    def __init__(self, manager: tf.train.CheckpointManager, every: float) -> None:
        self.manager, self.every = manager, every
        self.saved_update = -1
        self.last: float | None = None

    def __call__(self, learner: Any, figures: dict[str, float]) -> None:
        now = figures["elapsed"]  # a time on which all processes agree
        self.last = now if self.last is None else self.last
        if now - self.last >= self.every:
            save(self.manager, learner)
            self.saved_update, self.last = learner.update, now


def begin(manager: tf.train.CheckpointManager, learner: Any) -> bool:
    """Go back to the last checkpoint, and return True; if there is none, write the first.

    Raises
    ------
    BadRunError
        If the checkpoint is damaged.
    OutputError
        If a file cannot be written.
    """
    learner.chains.open(Path(manager.directory))
    if not manager.latest_checkpoint:
        learner.chains.begin()
        save(manager, learner)
        return False
    learner.restore(manager.latest_checkpoint)
    learner.chains.keep([*manager.checkpoints, *_older(manager).checkpoints])
    return True


def save(manager: tf.train.CheckpointManager, learner: Any) -> None:
    """Write the whole state of learning, if this process is the one that writes.

    Raises
    ------
    OutputError
        If the checkpoint cannot be written.
    """
    learner.replicas.collect(learner.chains)
    if not learner.replicas.chief:
        return
    older = _older(manager)
    last = _number(older.latest_checkpoint) if older.latest_checkpoint else 0
    try:
        manager.save(checkpoint_number=learner.update)
        if learner.update >= max(OLDER * last, SAFE) or learner.update < last:
            older.save(checkpoint_number=learner.update)
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "message", None) or getattr(error, "strerror", None) or error
        raise write_error(Path(manager.directory), reason) from error
    learner.chains.keep([*manager.checkpoints, *older.checkpoints])


def _older(manager: tf.train.CheckpointManager) -> tf.train.CheckpointManager:
    """Return the manager of a few checkpoints of long ago, beside the few of the last seconds."""
    folder = Path(manager.directory) / "older"
    return tf.train.CheckpointManager(manager.checkpoint, str(folder), max_to_keep=4)


def _last_good(manager: tf.train.CheckpointManager, update: int, rollbacks: int) -> str:
    """Return the checkpoint to go back to from trouble at `update`.

    Trouble begins some updates before it is seen; the more often it comes, the earlier it began.
    The newest checkpoint that is old enough is taken, or else the oldest.
    """
    found = sorted(_way(manager) + _way(_older(manager)), key=_number)
    oldest = update - SAFE * FURTHER ** min(rollbacks, 3)
    return ([path for path in found if _number(path) <= oldest] or found[:1])[-1]


def _way(manager: tf.train.CheckpointManager) -> list[str]:
    """Return the checkpoints that led to the newest one, without those that were rolled back."""
    way: list[str] = []
    for path in reversed(manager.checkpoints):
        if not way or _number(path) < _number(way[-1]):
            way.append(path)
    return way


def _number(checkpoint: str) -> int:
    return int(checkpoint.rsplit("-", 1)[1])


def roll_back(
    learner: Any, manager: tf.train.CheckpointManager, trouble: str, say: Callable[[str], None]
) -> None:
    """Go back to the last good checkpoint with half the learning rate, or give up with advice.

    Raises
    ------
    DivergedError
        If learning has gone wrong more than `MAX_ROLLBACKS` times.
    """
    update, elapsed = learner.update, float(learner.progress.elapsed)
    rollbacks = int(learner.progress.rollbacks) + 1
    checkpoints = learner.manager(Path(manager.directory))
    learner.restore(_last_good(checkpoints, update, rollbacks - 1))
    learner.replicas.agreed(0.0)  # no process writes before all have read
    learner.progress.rollbacks.assign(min(rollbacks, MAX_ROLLBACKS))
    learner.progress.elapsed.assign(elapsed)  # the lost time counts: a time budget is a promise
    save(manager, learner)
    if rollbacks > MAX_ROLLBACKS:
        raise DivergedError(
            f"Learning diverged at update {update} ({trouble}), for the {rollbacks}th time; the "
            f"state of update {learner.update} is kept. Lower --learning-rate (now "
            f"{learner.config.learning_rate:g}) or --step-size, or learn more videos at once."
        )
    say(
        f"Update {update}: {trouble}; back to update {learner.update} with learning rate × "
        f"{RATE_CUT**rollbacks:g}."
    )
