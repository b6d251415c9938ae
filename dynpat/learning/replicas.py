"""Learn on several devices or machines at once, with `tf.distribute`.

Each replica moves its share of the chains of every observed video and sees its share of the
windows; the strategy adds up the gradients. The noise of a chain is drawn from its number, and so
does not depend on the replica that moves it: many replicas learn what one would, except for
rounding.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import tensorflow as tf

from dynpat.config import require
from dynpat.devices import silenced_stderr
from dynpat.errors import BadOptionError, ClusterError

STRATEGIES = ("none", "mirrored", "multiworker")


class Replicas:
    """The replicas that learn together.

    Parameters
    ----------
    strategy : tf.distribute.Strategy or None
        The strategy of TensorFlow; None is this process alone, on one device.

    Attributes
    ----------
    count, here : int
        The number of replicas in all, and in this process.
    workers : int
        The number of processes.
    chief : bool
        Whether this process writes the run folder.
    """

    def __init__(self, strategy: tf.distribute.Strategy | None = None) -> None:
        self.strategy = strategy
        self.count = strategy.num_replicas_in_sync if strategy else 1
        self.here = len(strategy.extended.worker_devices) if strategy else 1
        self.workers = self.count // self.here
        self.chief = strategy is None or bool(strategy.extended.should_checkpoint)
        self._mean = tf.function(self._mean_of) if self.workers > 1 else None

    def scope(self) -> AbstractContextManager[Any]:
        """Return the context in which the model and its optimizer must be made."""
        return self.strategy.scope() if self.strategy else nullcontext()

    def require_shares(self, chains: int) -> None:
        """Refuse chains that the replicas cannot share evenly.

        Raises
        ------
        BadOptionError
            If the number of chains is no multiple of the number of replicas.
        """
        require(chains % self.count == 0, "chains",
                f"be a multiple of the {self.count} devices that learn together", chains,
                f"Give --chains {max(1, round(chains / self.count)) * self.count}")

    def agreed(self, *values: float) -> tuple[float, ...]:
        """Return the mean of values over all processes, so that all decide alike.

        All processes wait for each other here.
        """
        if self._mean is None:
            return values
        mean = self._mean(tf.constant(values, tf.float64))
        return tuple(float(value) for value in mean)

    def _mean_of(self, values: tf.Tensor) -> tf.Tensor:
        assert self.strategy is not None
        mean = self.strategy.run(all_mean, args=(values,))
        return self.strategy.experimental_local_results(mean)[0]

    def collect(self, chains: Any) -> None:
        """Copy the chains and velocities that other processes moved into those of this process."""
        if self.strategy is None or self.workers == 1:
            return
        states = [state for state in (chains.video, chains.velocity) if state is not None]

        def own() -> list[tf.Tensor]:
            context = tf.distribute.get_replica_context()
            part = tf.cast(context.replica_id_in_sync_group, tf.int64)
            count = tf.shape(chains.video, tf.int64)[1]
            mine = tf.reduce_any(tf.range(count)[:, tf.newaxis] == chains.own(part), axis=1)
            mine = tf.reshape(mine, [1, -1, 1, 1, 1, 1])
            shares = [tf.where(mine, state, 0.0) for state in states]
            return context.all_reduce(tf.distribute.ReduceOp.SUM, shares)

        for state, whole in zip(
            states, tf.function(lambda: self.strategy.run(own))(), strict=True
        ):
            state.assign(self.strategy.experimental_local_results(whole)[0])

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Turn the error that TensorFlow raises when another process is gone into one sentence.

        Raises
        ------
        ClusterError
            If another process has ended, so that learning together has ended.
        """
        try:
            yield
        except tf.errors.ResourceExhaustedError:
            raise
        except tf.errors.OpError as error:
            if self.workers == 1:
                raise
            raise ClusterError(
                f"Another process of the cluster cannot be reached ({type(error).__name__}); start "
                "all of them again with --resume: they go on from the last checkpoint."
            ) from error


def open_replicas(name: str) -> Replicas:
    """Return the replicas of a strategy; 'multiworker' waits for all processes in TF_CONFIG.

    It must be called before TensorFlow has computed anything.

    Raises
    ------
    BadOptionError
        If the name is unknown, or TF_CONFIG does not describe a cluster.
    """
    require(name in STRATEGIES, "strategy", f"be one of {', '.join(STRATEGIES)}", name,
            "Use --strategy mirrored")
    if name == "none":
        return Replicas()
    if name == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        return Replicas(tf.distribute.MirroredStrategy([device.name for device in devices]))
    _require_cluster(os.environ.get("TF_CONFIG", ""))
    with silenced_stderr():
        return Replicas(tf.distribute.MultiWorkerMirroredStrategy())


def _require_cluster(text: str) -> None:
    try:
        config = json.loads(text)
        workers = [*config["cluster"].get("chief", []), *config["cluster"]["worker"]]
        known = config["task"]["type"] in config["cluster"] and int(config["task"]["index"]) >= 0
    except (ValueError, KeyError, TypeError, AttributeError):
        workers, known = [], False
    if not (workers and known):
        raise BadOptionError(
            "--strategy multiworker needs the environment's TF_CONFIG with the cluster's workers "
            'and this task, such as {"cluster": {"worker": ["a:2222", "b:2222"]}, "task": {"type": '
            '"worker", "index": 0}}; set it in each process, or use --strategy mirrored.'
        )


def all_mean(value: tf.Tensor) -> tf.Tensor:
    """Return the mean of a value over the replicas that run this step together."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return value
    # The copy lies on the device of the replica; the argument of a graph may lie elsewhere.
    return context.all_reduce(tf.distribute.ReduceOp.MEAN, tf.identity(value))


def all_of(values: tf.Tensor) -> tf.Tensor:
    """Return the values (n,) of all replicas, one after the other."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return values
    return context.all_gather(values, axis=0)


def replicas_now() -> int:
    """Return how many replicas run this step together."""
    context = tf.distribute.get_replica_context()
    return 1 if context is None else int(context.num_replicas_in_sync)
