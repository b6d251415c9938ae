"""Checkpoints: what is in them, which are kept, and what is said where they are unfit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from small_learning import MOVING, faint_videos, learner, once, planting, scale_chains, tiny

from dynpat.errors import BadRunError, DivergedError
from dynpat.learning.learner import Learner, learn_model


def test_a_checkpoint_has_nothing_that_those_of_older_runs_lack(tmp_path: Path) -> None:
    """Before there were a momentum and a rate that waits, what they need was in no checkpoint."""
    ours = learner(iterations=2)
    learn_model(ours, tmp_path)
    names = {name.split("/.ATTR")[0] for name, _ in tf.train.list_variables(str(tmp_path))}
    kept = {name for name in names if not name.startswith(("weights", "optimizer"))}
    assert kept == {
        "_CHECKPOINTABLE_OBJECT_GRAPH", "chains/update", "chains/video", "progress/best_contrast",
        "progress/elapsed", "progress/rollbacks", "save_counter",
    }


def test_old_checkpoints_are_rotated(tmp_path: Path) -> None:
    learn_model(learner(checkpoint_every=0.0), tmp_path)
    indices = sorted(path.name for path in tmp_path.glob("*.index"))
    assert indices == ["ckpt-4.index", "ckpt-5.index", "ckpt-6.index"]


@pytest.mark.parametrize("keep", [0, 100])
def test_a_damaged_checkpoint_is_one_clear_sentence(keep: int, tmp_path: Path) -> None:
    learn_model(learner(iterations=1), tmp_path)
    for path in tmp_path.glob("ckpt-1.*"):
        path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(BadRunError, match=r"ckpt-1' is damaged or belongs to other settings"):
        learn_model(learner(), tmp_path)


@pytest.mark.parametrize(
    "changes", [{"filters": (4,)}, {"centre": "pixel"},
                {"filters": (3, 2), "kernels": ((3, 3, 3),) * 2, "strides": ((1, 2, 2),) * 2}],
    ids=["wider", "centre", "deeper"],
)  # fmt: skip
def test_a_checkpoint_of_another_model_is_refused(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    learn_model(learner(iterations=1), tmp_path)
    other = Learner(tiny(**changes), faint_videos(), learner().config, MOVING)
    with pytest.raises(BadRunError, match="belongs to other settings"):
        learn_model(other, tmp_path)


def test_the_way_back_leads_to_the_last_checkpoint(tmp_path: Path) -> None:
    """Long before the trouble, so that it cannot be in there."""
    ours, other = learner(iterations=60), learner(iterations=60)
    learn_model(ours, tmp_path, stop=lambda: ours.update == 2)
    said: list[str] = []
    plant = planting(once(50), scale_chains(50.0))
    assert learn_model(other, tmp_path, listeners=[plant], say=said.append)
    assert len(said) == 1 and "Update 51" in said[0] and "back to update 2" in said[0]
    assert other.update == 60


def test_trouble_that_is_in_the_latest_checkpoint_is_recovered_from_an_older_one(
    tmp_path: Path,
) -> None:
    """A chain may be beyond help some updates before the watch sees it, and be saved like that."""
    ours = learner(checkpoint_every=0.0)
    assert learn_model(ours, tmp_path, listeners=[planting(once(3), scale_chains(50.0))])
    assert ours.update == 6


def test_trouble_that_comes_again_leads_further_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is doomed may look well for hundreds of updates."""
    monkeypatch.setattr("dynpat.learning.checkpoints.MAX_ROLLBACKS", 2)
    ours = learner(iterations=200, checkpoint_every=0.0)
    said: list[str] = []
    plant = planting(lambda update: update == 130, scale_chains(50.0))
    with pytest.raises(DivergedError, match="the state of update 40 is kept"):
        learn_model(ours, tmp_path, listeners=[plant], say=said.append)
    # Kept are the last three, and of those before one each time their number has grown by half.
    assert ["back to update 90 " in said[0], "back to update 40 " in said[1]] == [True, True]
    assert len(said) == 2 and ours.update == 40
    kept = sorted(path.stem for path in (tmp_path / "older").glob("*.index"))
    assert kept == ["ckpt-40", "ckpt-60", "ckpt-90"]


def test_a_full_disk_is_one_clear_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(*_: Any, **__: Any) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(tf.train.CheckpointManager, "save", save)
    with pytest.raises(Exception, match="No space left on device") as caught:
        learn_model(learner(), tmp_path)
    assert type(caught.value).__name__ == "OutputError" and "--out" in str(caught.value)
