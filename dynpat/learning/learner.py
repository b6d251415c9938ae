"""Learn a model: the loop around its updates, the schedule, the watch and the rollbacks.

The update itself is `Trainable.train_step`; `learn_model` adds what a long run needs. All random
numbers depend only on the seed and the number of the update, so that a run that was stopped and
resumed ends bit-equal to a run that was not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dynpat.config import LangevinConfig, LearnConfig
from dynpat.errors import BadRunError
from dynpat.learning.checkpoints import Saver, Values, begin, roll_back, save
from dynpat.learning.missing import Fills
from dynpat.learning.replicas import Replicas
from dynpat.learning.schedule import learning_rate, settled
from dynpat.learning.trainable import Trainable, adam_of
from dynpat.learning.watch import Watch

# TensorFlow raises these for checkpoints that are cut off, spoilt or of another model.
_DAMAGED = (
    ValueError, AssertionError, IndexError, KeyError, RuntimeError, OSError, tf.errors.OpError,
)

OF_UPDATES = ("observed_noise", "renewed", "life", "youth", "gap_limit", "squared")
GAP_RATE = 0.1  # the moving average of the gap spans about ten updates


class Progress(tf.Module):
    """The state of learning besides weights, optimizer and chains that must survive a stop."""

    def __init__(self, gap: bool) -> None:
        super().__init__(name="progress")
        self.elapsed = tf.Variable(0.0, dtype=tf.float64, trainable=False)
        self.rollbacks = tf.Variable(0, dtype=tf.int64, trainable=False)
        # Without `calm` there is no gap, as in the checkpoints of earlier versions.
        self.gap = tf.Variable(0.0, dtype=tf.float64, trainable=False) if gap else None
        self.best_contrast = tf.Variable(0.0, dtype=tf.float64, trainable=False)


class Learner:
    """A model with its optimizer, chains and progress: the whole state of learning.

    Parameters
    ----------
    model : Trainable
        The model, built but not compiled.
    videos : ndarray
        The observed videos, (N, T, H, W, C) uint8 or float32 grey levels.
    config : LearnConfig
        The settings of learning; the videos decide what it leaves open (see `settled`).
    langevin : LangevinConfig
        How chains move.
    at_once : int
        The number of videos that pass the network together; 0 is all.
    missing : ndarray or None
        Where `videos` are only a first guess, (N, T, H, W) bool; learning continues from it.
    replicas : Replicas or None
        The replicas that learn together; the model was made in their scope.
    """

    def __init__(
        self, model: Trainable, videos: np.ndarray, config: LearnConfig,
        langevin: LangevinConfig, at_once: int = 0, missing: np.ndarray | None = None,
        replicas: Replicas | None = None,
    ) -> None:
        self.replicas = replicas or Replicas()
        config = settled(config, len(videos), videos.shape[2:4], self.replicas.count)
        self.model, self.videos, self.config = model, videos, config
        self.last_tick = time.monotonic()
        with self.replicas.scope():
            _compile(model, config, langevin, at_once)
        model.adapt(videos, missing)
        self.chains = model.start_chains(
            len(videos), config.chains, config.seed, config.chain_store
        )
        self.progress = Progress(config.calm > 0)
        state = {"chains": self.chains, "progress": self.progress}
        if missing is not None:
            model.fills = state["fills"] = Fills(model.to_model(videos), missing)
        self._checkpoint = tf.train.Checkpoint(
            weights=Values(model.weights), optimizer=Values(model.optimizer.variables), **state
        )

    @property
    def update(self) -> int:
        """The number of updates of the weights done so far."""
        return int(self.chains.update)

    @property
    def work(self) -> float:
        """The work of learning, in Langevin steps of one frame; a gradient counts as one step."""
        frames = self.chains.shape[2]
        moved = min(self.config.batch, len(self.videos)) * self.config.chains
        passed = moved * self.model.langevin_config.steps + 2 * moved
        return float(self.update * passed * frames)

    def fraction_done(self) -> float:
        """Return how much of learning is done: 0 at its start, 1 at the first limit reached."""
        return max(self.schedule_fraction(), self._time_fraction())

    def schedule_fraction(self) -> float:
        """Return how far the learning rate has decayed: by updates, if their number is given."""
        if self.config.iterations is not None:
            return min(self.update / self.config.iterations, 1.0) if self.config.iterations else 1.0
        return self._time_fraction()

    def _time_fraction(self) -> float:
        if self.config.time_budget is None:
            return 0.0
        budget = self.config.time_budget / (1 + self.config.calibration)
        return min(float(self.progress.elapsed) / budget, 1.0)

    def learning_rate(self) -> float:
        """Return the learning rate of the next update; see `schedule.learning_rate`."""
        return learning_rate(
            self.config, self.update, self.schedule_fraction(), int(self.progress.rollbacks),
            0.0 if self.progress.gap is None else float(self.progress.gap),
        )

    @contextmanager
    def averaged(self) -> Iterator[Trainable]:
        """Give the model with the moving average of its weights, the result of learning."""
        weights = self.model.trainable_variables
        if not self.config.average or not self.update:
            yield self.model
            return
        own = [weight.numpy() for weight in weights]
        self.model.optimizer.finalize_variable_values(weights)
        try:
            yield self.model
        finally:
            _assign(weights, own)

    def finish(self) -> Trainable:
        """Put the moving average of the weights into the model for good, and return the model."""
        if self.config.average and self.update:
            self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
        return self.model

    def manager(self, folder: Path) -> tf.train.CheckpointManager:
        """Return the manager of the checkpoints of the whole state below `folder`."""
        return tf.train.CheckpointManager(self._checkpoint, str(folder), max_to_keep=3)

    def restore(self, path: str) -> None:
        """Restore the state of a checkpoint.

        Raises
        ------
        BadRunError
            If it is damaged or belongs to another model.
        """
        try:
            self._checkpoint.restore(path).assert_consumed()
            self.chains.restored()
        except _DAMAGED as error:
            raise BadRunError(
                f"The checkpoint '{path}' is damaged or belongs to other settings. "
                "Delete it to go on from the one before, or start a new run."
            ) from error


def _compile(
    model: Trainable, config: LearnConfig, langevin: LangevinConfig, at_once: int
) -> None:
    optimizer = adam_of(config, model.get_config()["size"])
    settings = {name: getattr(config, name) for name in OF_UPDATES}
    model.compile(optimizer, langevin=langevin, at_once=at_once, **settings)
    optimizer.build(model.trainable_variables)


def _assign(weights: Sequence[Any], values: Sequence[np.ndarray]) -> None:
    for weight, value in zip(weights, values, strict=True):
        weight.assign(value)


Listener = Callable[[Learner, dict[str, float]], None]


class _Loop(keras.callbacks.Callback):
    """Sets the learning rate before an update; keeps time, watches and stops after it."""

    def __init__(
        self, learner: Learner, watch: Watch, listeners: Sequence[Listener],
        stop: Callable[[], bool],
    ) -> None:
        super().__init__()
        self.learner, self.watch, self.listeners, self.stop = learner, watch, listeners, stop
        self.trouble: str | None = None
        self.stopped = False
        self.own: list[np.ndarray] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.learner.model.optimizer.learning_rate.assign(self.learner.learning_rate())

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        figures = {name: float(value) for name, value in (logs or {}).items()}
        now = time.monotonic()
        self.learner.chains.tidy()
        # All processes keep one time and stop together, or they would wait for each other.
        step_seconds, wishes = self.learner.replicas.agreed(
            now - self.learner.last_tick, float(self.stop())
        )
        self.learner.last_tick = now
        progress = self.learner.progress
        progress.elapsed.assign_add(step_seconds)
        self.trouble = self.watch.trouble(figures, float(progress.best_contrast))
        if self.trouble is None:
            if progress.gap is not None:
                progress.gap.assign_add(GAP_RATE * (figures["energy_gap"] - progress.gap))
            progress.best_contrast.assign(
                max(float(progress.best_contrast), figures["contrast"])
            )
            figures |= {
                "learning_rate": float(self.learner.model.optimizer.learning_rate.numpy()),
                "step_seconds": step_seconds,
                "elapsed": float(progress.elapsed),
            }
            for listener in self.listeners:
                listener(self.learner, figures)
        # A process that learns alone also heeds a wish to stop from this very moment.
        self.stopped = wishes > 0 or (self.learner.replicas.workers == 1 and self.stop())
        if self.trouble or self.stopped or self.learner.fraction_done() >= 1:
            self.model.stop_training = True
            self.own = [weight.numpy() for weight in self.model.trainable_variables]

    def on_train_end(self, logs: Any = None) -> None:
        """Put back the weights that Keras replaces by their average; learning goes on with them."""
        _assign(self.model.trainable_variables, self.own)


def learn_model(
    learner: Learner,
    checkpoints: Path,
    *,
    listeners: Sequence[Listener] = (),
    say: Callable[[str], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
    restored: Callable[[Learner], None] = lambda _: None,
) -> bool:
    """Learn until the first limit of `learner.config`, from the last checkpoint if there is one.

    Parameters
    ----------
    learner : Learner
        The state of learning, which holds the learned model at the end.
    checkpoints : Path
        Their folder; one is written at the start, every `checkpoint_every` seconds and at the end.
    listeners : sequence of Listener
        Functions that are called after each update with the learner and its figures.
    say : callable
        A function that gets one sentence when learning goes back to a checkpoint.
    stop : callable
        A function that is called after each update; True ends learning, with a checkpoint.
    restored : callable
        A function that is called after each return to a checkpoint; later records are void.

    Returns
    -------
    bool
        True if a limit was reached, False if learning was stopped before.

    Raises
    ------
    DivergedError
        If learning diverges again after several rollbacks; the last good checkpoint remains.
    BadRunError
        If the checkpoint to continue from is damaged.
    """
    manager = learner.manager(checkpoints)
    (wishes,) = learner.replicas.agreed(float(stop()))
    if begin(manager, learner):
        restored(learner)
    saver = Saver(manager, learner.config.checkpoint_every)
    stopped = wishes > 0
    while learner.fraction_done() < 1 and not stopped:
        loop = _Loop(learner, Watch(), [*listeners, saver], stop)
        learner.model.fit(
            learner.videos, batch_size=learner.config.batch, chains=learner.config.chains,
            seed=learner.config.seed, steps_per_epoch=2**31 - 1,  # `_Loop` stops earlier
            callbacks=[loop],
        )
        stopped = loop.stopped
        if loop.trouble:
            roll_back(learner, manager, loop.trouble, say)
            restored(learner)
    if manager.latest_checkpoint is None or saver.saved_update != learner.update:
        save(manager, learner)
    return learner.fraction_done() >= 1
