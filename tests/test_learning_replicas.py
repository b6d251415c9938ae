"""Many devices and processes learn what one does, but for rounding."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dynpat.datasets import flames
from dynpat.errors import BadOptionError
from dynpat.learning.replicas import Replicas, open_replicas
from dynpat.runs.folder import Run
from dynpat.videos import write_video

FEW, UPDATES = 3, 20
LEARN = ("--chains", 4, "--window", 12, "--precision", "float32", "--format", "npy", "--quiet")

TWO_DEVICES = """
import json, sys
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from pathlib import Path
from dynpat.datasets import flames
from dynpat.learning.learner import Learner, learn_model
from dynpat.runs.plan import make_plan
from dynpat.learning.chain_store import chains_in
from dynpat.learning.replicas import open_replicas
from dynpat.runs.plan import make_model

frames, updates, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
videos = np.stack([flames(frames, (24, 24), seed=seed) for seed in range(2)])
found, figures = [], []
for name, store in (("none", "memory"), ("mirrored", sys.argv[4])):
    learn = {"iterations": updates, "chains": 4, "batch": 2, "chain_store": store}
    plan = make_plan([], precision="float32", learn=learn)
    replicas = open_replicas(name)
    with replicas.scope():
        model = make_model(plan, (12, 24, 24, 3), len(videos))
    first = [weight.numpy() for weight in model.trainable_variables]
    learner = Learner(model, videos, plan.learn, plan.langevin, replicas=replicas)
    rows = []
    learn_model(learner, folder / name, listeners=[lambda _, row: rows.append(row)])
    moved = [w.numpy() - f for w, f in zip(model.trainable_variables, first)]
    chains = chains_in(tf.train.latest_checkpoint(str(folder / name)), [0, 1])
    assert (folder / name / "chains").is_dir() is (store == "disk")
    found.append((moved, chains, learner.update))
    figures.append(rows[0])
(one, chains, number), (two, others, number_of_two) = found
length = sum(float(np.sum(a**2)) for a in one) ** 0.5
print(json.dumps({
    "replicas": replicas.count, "updates": [number, number_of_two],
    "weights": max(float(np.abs(a - b).max()) for a, b in zip(one, two)),
    "apart": sum(float(np.sum((a - b)**2)) for a, b in zip(one, two)) ** 0.5 / length,
    "chains": float(np.abs(chains - others).max()),
    "figures": figures,
}))
"""


def compared(
    new_process: Callable[..., Any], frames: int, updates: int, folder: Path, store: str
) -> Any:
    done = new_process("-c", TWO_DEVICES, frames, updates, folder, store)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize(("frames", "updates", "store"), [
    pytest.param(12, UPDATES, "memory", id="one window seen by both"),
    pytest.param(30, UPDATES, "memory", id="windows shared out"),
    pytest.param(30, FEW, "disk", id="windows shared out, chains in files, for a short time"),
])
def test_two_devices_learn_what_one_does(
    frames: int, updates: int, store: str, new_process: Callable[..., Any], tmp_path: Path
) -> None:
    found = compared(new_process, frames, updates, tmp_path, store)
    print({name: found[name] for name in ("updates", "weights", "apart", "chains")})
    assert found["replicas"] == 2 and found["updates"] == [updates, updates]
    # After 20 updates the weights were seen to be 3e-7 apart, and 5e-6 of the way that they went.
    assert found["weights"] < 3e-6 and found["apart"] < 5e-5 and found["chains"] < 2e-5
    alone, together = found["figures"]
    for name in set(alone) - {"step_seconds", "elapsed", "gradient_norm"}:
        assert together[name] == pytest.approx(alone[name], rel=1e-4, abs=1e-5), name
    # The mean of the replicas' norms: one whose chains are young has that of the observed alone.
    assert 0.5 < together["gradient_norm"] / alone["gradient_norm"] < 10


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def started(*outs: Path, arguments: Sequence[object]) -> list[subprocess.Popen[str]]:
    """`dynpat learn` in each process of a cluster on this machine; each has a run folder."""
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(len(outs))]}
    return [
        subprocess.Popen(
            [sys.executable, "-m", "dynpat_cli", "learn", *map(str, arguments),
             "--strategy", "multiworker", "--out", str(out)],
            env={**os.environ, "TF_CONFIG": json.dumps(
                {"cluster": cluster, "task": {"type": "worker", "index": index}}
            )},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for index, out in enumerate(outs)
    ]


def ended(processes: list[subprocess.Popen[str]]) -> list[str]:
    """What they said; all must have ended well."""
    try:
        said = [process.communicate() for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0] * len(said), said
    return [out + err for out, err in said]


def movements(run: Path, other: Path) -> tuple[float, int]:
    """The largest difference between the weights of two runs, and the updates of the first."""
    pairs = zip(Run(run).load_model().weights, Run(other).load_model().weights, strict=True)
    apart = max(float(np.abs(a.numpy() - b.numpy()).max()) for a, b in pairs)
    return apart, len(Run(run).log_file.read_text(encoding="utf-8").splitlines())


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cluster") / "flames.mp4"
    write_video(path, flames(30, (24, 24)), 25)
    return path


@pytest.mark.slow
def test_a_cluster_learns_what_one_process_does_and_one_goes_on_alone(
    video: Path, dynpat: Callable[..., Any], tmp_path: Path
) -> None:
    together, alone, elsewhere = (tmp_path / name for name in ("together", "alone", "elsewhere"))
    limits = ("--iterations", UPDATES)
    # The second process would write into another folder, if it wrote anything.
    said = ended(started(together, elsewhere, arguments=(video, *limits, *LEARN)))
    assert said == ["", ""] and not elsewhere.exists()
    done = dynpat("learn", video, "--out", alone, *limits, *LEARN)
    assert done.exit_code == 0, done.output
    apart, updates = movements(together, alone)
    print(f"{updates} updates of two processes and of one: weights are {apart:.1e} apart")
    assert apart < 3e-6 and updates == UPDATES
    more = ("--resume", "--iterations", UPDATES + 1, "--format", "npy", "--quiet")
    for run in (together, alone):
        assert dynpat("learn", "--out", run, *more).exit_code == 0
    apart, updates = movements(together, alone)
    assert apart < 3e-6 and updates == UPDATES + 1


@pytest.mark.slow
def test_a_worker_is_killed_and_all_are_started_again(
    video: Path, tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    run = tmp_path / "run"
    limits = ("--iterations", 60)
    chief, other = started(run, run, arguments=(video, *limits, *LEARN))
    log = Run(run).log_file
    wait_until(lambda: log.exists() and log.read_text(encoding="utf-8").count("\n") > 7, chief)
    other.send_signal(signal.SIGKILL)
    other.communicate()
    _, err = chief.communicate()
    assert chief.returncode == 1 and "start all of them again with --resume" in err, err
    assert "Traceback" not in err
    ended(started(run, run, arguments=("--resume", *limits, "--quiet")))
    rows = [json.loads(row) for row in Run(run).log_file.read_text(encoding="utf-8").splitlines()]
    assert [row["update"] for row in rows] == list(range(1, 61))
    assert Run(run).load_model() is not None


# Refusals.


@pytest.mark.parametrize("text", [None, "", "{}", "[1]", '{"cluster": {"worker": []}}',
                                  '{"cluster": {"worker": ["a:1"]}, "task": {"type": "x"}}'])
def test_a_cluster_needs_its_description(
    text: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if text is not None:
        monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(BadOptionError, match=r"TF_CONFIG .* or use --strategy mirrored"):
        open_replicas("multiworker")
    with pytest.raises(BadOptionError, match="strategy must be one of"):
        open_replicas("parameter-server")


def test_chains_that_cannot_be_shared_out_are_refused() -> None:
    replicas = Replicas()
    replicas.count = 4
    replicas.require_shares(8)
    with pytest.raises(BadOptionError, match=r"multiple of the 4 devices .* 3. Give --chains 4"):
        replicas.require_shares(3)


def test_a_cluster_needs_a_folder_that_all_see(flames_file: Path, refused: Callable[..., str]
                                               ) -> None:
    assert "needs --out" in refused("learn", flames_file, "--strategy", "multiworker")


def test_one_process_alone_agrees_with_itself() -> None:
    alone = Replicas()
    assert alone.agreed(1.5, 0.0) == (1.5, 0.0)
    assert (alone.count, alone.here, alone.workers, alone.chief) == (1, 1, 1, True)
