"""Chains in files: the same chains as in memory, whatever happens to learning."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from click.testing import Result
from small_learning import Rows, faint_videos, learner, once, planting

from dynpat.config import LangevinConfig, LearnConfig
from dynpat.errors import BadRunError, OutputError
from dynpat.learning.chain_store import DATA, INDEX, StoredChains
from dynpat.learning.learner import Learner, learn_model
from dynpat.models import TextureModel
from dynpat.runs.folder import Run

KINDS = [{}, {"life": 4, "youth": 2}, {"renewed": 0.4}]
FAST = LangevinConfig(steps=2, step_size=0.1, momentum=0.5)


def chains_of(of: Learner) -> np.ndarray:
    """All chains, (slots, chains, T, H, W, C), wherever they lie."""
    places = np.stack(np.meshgrid(*map(np.arange, of.chains.shape[:2]), indexing="ij"), axis=-1)
    return np.asarray(of.chains._read("video", tf.constant(places)))


def moved(store: str, **changes: Any) -> Learner:
    return learner(faint_videos(5, frames=7), chain_store=store, **changes)


def assert_alike(one: Learner, other: Learner) -> None:
    assert one.update == other.update
    for mine, its in zip(one.model.weights, other.model.weights, strict=True):
        np.testing.assert_array_equal(mine.numpy(), its.numpy())
    np.testing.assert_array_equal(chains_of(one), chains_of(other))


def files_in(folder: Path, ending: str = INDEX) -> list[str]:
    return sorted(path.name for path in (folder / "chains").glob(f"*{ending}"))


def number_of(name: str) -> int:
    return int(name.split(".")[0].split("-")[2])


def trouble(of: Learner) -> None:
    """Chains far beyond the observed videos, which the watch sees at the next update."""
    places = tf.constant([[[slot, chain] for chain in range(2)] for slot in range(5)])
    states = chains_of(of)
    of.chains._write(tf.cast(places, tf.int64), {"video": tf.constant(50 * states)})


@pytest.mark.parametrize("changes", KINDS, ids=["for ever", "with a life", "renewed"])
def test_learning_is_bit_equal_to_that_with_chains_in_memory(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    learners, rows = [moved(store, **changes) for store in ("memory", "disk")], (Rows(), Rows())
    for own, listener, name in zip(learners, rows, "ab", strict=True):
        assert learn_model(own, tmp_path / name, listeners=[listener])
    assert isinstance(learners[1].chains, StoredChains)
    assert_alike(*learners)
    clocks = {"elapsed", "step_seconds"}
    for mine, its in zip(*rows, strict=True):
        assert {**mine, **dict.fromkeys(clocks)} == {**its, **dict.fromkeys(clocks)}


def test_so_are_chains_with_momentum(tmp_path: Path) -> None:
    found = []
    for store in ("memory", "disk"):
        model = TextureModel(4, (5, 6), 1, filters=(3,), kernels=((3, 3, 3),), strides=((1, 2, 2),),
                             activation="softplus", centre="scalar", seed=3)
        settings = LearnConfig(iterations=5, time_budget=None, chains=2, batch=2, chain_store=store)
        found.append(Learner(model, faint_videos(3), settings, FAST))
        assert learn_model(found[-1], tmp_path / store)
    assert_alike(*found)


@pytest.mark.parametrize("last", [0, 2, 4])
def test_going_on_after_a_kill_is_bit_equal_to_undisturbed(last: int, tmp_path: Path) -> None:
    """The last checkpoint is some updates older than the kill, and newer files lie about."""
    undisturbed = moved("disk")
    learn_model(undisturbed, tmp_path / "a")
    killed = moved("disk")

    def kill(of: Learner, _: dict[str, float]) -> None:
        if of.update == 5:
            raise KeyboardInterrupt

    first = moved("disk")
    learn_model(first, tmp_path / "b", stop=lambda: first.update >= last)
    with pytest.raises(KeyboardInterrupt):
        learn_model(killed, tmp_path / "b", listeners=[kill])
    second = moved("disk")
    assert learn_model(second, tmp_path / "b")
    assert_alike(second, undisturbed)


def test_the_way_back_to_a_checkpoint_is_that_of_chains_in_memory(tmp_path: Path) -> None:
    """Learning passes over the numbers of files of a way that it has left."""
    found = []
    for store in ("memory", "disk"):
        own, said = moved(store, iterations=20, checkpoint_every=0.0), []
        plant = planting(once(12), trouble)
        assert learn_model(own, tmp_path / store, listeners=[plant], say=said.append)
        assert len(said) == 1 and "Update 13" in said[0]
        found.append(own)
    assert_alike(*found)
    assert int(found[1].chains.highest.numpy().max()) > 8


def test_only_files_that_are_needed_stay(tmp_path: Path) -> None:
    """The present ones, and those of the checkpoints that are kept: each chain moves in few."""
    own = moved("disk", iterations=30, checkpoint_every=0.0)
    learn_model(own, tmp_path)
    written = own.chains.written.numpy()
    names = files_in(tmp_path)
    present = {f"{s}-{c}-{number}{INDEX}" for (s, c), number in np.ndenumerate(written)}
    assert present <= set(names) and int(written.max()) > 8
    checkpoints = 3 + len(list((tmp_path / "older").glob("*.index")))
    assert len(present) < len(names) <= len(present) * checkpoints
    assert len(files_in(tmp_path, DATA)) == len(names)
    for left in ("0-0-999.tempstate", "9-9-1" + INDEX, "4-1-999" + INDEX, "0-0-999" + DATA):
        (tmp_path / "chains" / left).write_bytes(b"")
    learn_model(moved("disk", iterations=30), tmp_path)  # nothing to do but to tidy up
    assert files_in(tmp_path) == names
    assert len(list((tmp_path / "chains").iterdir())) == 2 * len(names)


@pytest.mark.parametrize("spoil", [
    lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-1]),
], ids=["gone", "cut off"])
def test_a_checkpoint_without_its_chains_is_one_clear_sentence(
    spoil: Callable[[Path], None], tmp_path: Path
) -> None:
    learn_model(moved("disk", iterations=1), tmp_path)
    spoil(tmp_path / "chains" / max(files_in(tmp_path, DATA), key=number_of))
    with pytest.raises(BadRunError, match=r"ckpt-1' is damaged"):
        learn_model(moved("disk"), tmp_path)


def test_a_chain_with_a_flipped_bit_is_refused(tmp_path: Path) -> None:
    learn_model(moved("disk", iterations=1), tmp_path)
    for name in files_in(tmp_path, DATA):
        path = tmp_path / "chains" / name
        data = bytearray(path.read_bytes())
        data[7] ^= 1
        path.write_bytes(data)
    with pytest.raises(BadRunError, match="is damaged or gone; bring it back, or start a new run"):
        learn_model(moved("disk"), tmp_path)


def test_where_files_cannot_be_written_one_sentence_says_so(tmp_path: Path) -> None:
    own = moved("disk")

    def take_away(*_: Any) -> None:
        shutil.rmtree(tmp_path / "chains")
        (tmp_path / "chains").write_bytes(b"")

    with pytest.raises((OutputError, BadRunError), match="chains'"):
        learn_model(own, tmp_path, listeners=[take_away])
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match=r"could not write '.*chains'"):
        learn_model(moved("disk"), tmp_path / "file")


@pytest.mark.slow
def test_a_run_with_chains_in_files_is_the_run_with_chains_in_memory(
    flames_file: Path, dynpat: Callable[..., Result], tmp_path: Path
) -> None:
    """It is stopped, gone on with, and its chains are sampled on."""
    options = ("--precision", "float32", "--chains", 2, "--format", "npy")
    found = {}
    for store in ("memory", "disk"):
        run = tmp_path / store
        first = dynpat("learn", flames_file, "--chain-store", store, "--out", run, *options,
                       "--iterations", 2)
        assert first.exit_code == 0
        assert ("GB) lie in files of the run folder" in first.stderr) is (store == "disk")
        wrong = {"memory": "disk", "disk": "memory"}[store]
        again = ("learn", "--resume", "--out", run, "--iterations", 4, "--quiet", "--format", "npy")
        refused = dynpat(*again, "--chain-store", wrong)
        assert refused.exit_code == 2 and "--chain-store cannot be changed" in refused.stderr
        assert dynpat(*again, "--chain-store", "auto").exit_code == 0
        assert dynpat("sample", run, "--from", "chains", "--count", 2, "--steps", 1, "--quiet",
                      "--out", run / "new", "--format", "npy").exit_code == 0
        assert Run.open(run).plan().learn.chain_store == store
        assert (run / "checkpoints" / "chains").is_dir() is (store == "disk")
        found[store] = [np.load(path) for path in sorted(run.rglob("*.npy"))]
        found[store].append(Run.open(run).chains([0]))
    assert len(found["disk"]) == 5
    for mine, its in zip(found["memory"], found["disk"], strict=True):
        np.testing.assert_array_equal(mine, its)
