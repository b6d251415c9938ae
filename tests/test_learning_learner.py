"""Learning is stopped, killed and gone on with: bit-equal to what was undisturbed."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from small_learning import Figures, Rows, assert_bit_equal, faint_videos, learner, state

from dynpat.learning.learner import Learner, learn_model


def test_stop_and_resume_is_bit_equal_to_undisturbed(tmp_path: Path) -> None:
    undisturbed = learner()
    assert learn_model(undisturbed, tmp_path / "a")
    first = learner()
    assert not learn_model(first, tmp_path / "b", stop=lambda: first.update >= 3)
    assert first.update == 3
    restored: list[int] = []
    second = learner()
    done = learn_model(second, tmp_path / "b", restored=lambda of: restored.append(of.update))
    assert done and second.update == 6 and restored == [3]
    assert_bit_equal(second, undisturbed)
    assert not np.array_equal(second.chains.video.numpy(), first.chains.video.numpy())
    assert float(second.progress.elapsed) > float(first.progress.elapsed) > 0


def test_the_mean_of_the_weights_is_lent_and_survives_a_stop(tmp_path: Path) -> None:
    weights: list[list[np.ndarray]] = []

    def note(of: Learner, figures: Figures) -> None:
        weights.append([weight.numpy() for weight in of.model.trainable_variables])

    undisturbed = learner(average=0.75)
    learn_model(undisturbed, tmp_path / "a", listeners=[note])
    first = learner(average=0.75)
    learn_model(first, tmp_path / "b", stop=lambda: first.update >= 3)
    second = learner(average=0.75)
    learn_model(second, tmp_path / "b")
    assert_bit_equal(second, undisturbed)
    expected = weights[0]
    for now in weights[1:]:
        expected = [0.75 * mean + 0.25 * own for mean, own in zip(expected, now, strict=True)]
    before = state(second)
    with second.averaged() as model:
        own = model.trainable_variables
        for weight, mean, last in zip(own, expected, weights[-1], strict=True):
            np.testing.assert_allclose(weight.numpy(), mean, rtol=1e-5, atol=1e-7)
            assert not np.allclose(weight.numpy(), last, rtol=1e-5, atol=1e-7)
    for own, again in zip(before, state(second), strict=True):
        np.testing.assert_array_equal(own, again)


@pytest.mark.parametrize("last", [2, 5])
def test_going_on_after_a_kill_is_bit_equal_to_undisturbed(last: int, tmp_path: Path) -> None:
    """Windows shorter than the videos; the last checkpoint is some updates older than the kill."""
    videos = faint_videos(5, frames=7)
    undisturbed = learner(videos)
    learn_model(undisturbed, tmp_path / "a")
    killed = learner(videos, checkpoint_every=0.0)

    def kill(of: Learner, figures: Figures) -> None:
        if of.update == last + 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn_model(killed, tmp_path / "b", listeners=[kill])
    again = learner(videos)
    assert learn_model(again, tmp_path / "b")
    assert_bit_equal(again, undisturbed)


def test_two_learners_of_one_seed_are_bit_equal_and_of_two_seeds_are_not(tmp_path: Path) -> None:
    one, same, other = learner(), learner(), learner(seed=6)
    for number, ours in enumerate((one, same, other)):
        learn_model(ours, tmp_path / str(number))
    assert_bit_equal(one, same)
    assert not np.array_equal(one.chains.video.numpy(), other.chains.video.numpy())


def test_a_learner_that_is_done_does_nothing_more(tmp_path: Path) -> None:
    first, rows = learner(iterations=2), Rows()
    learn_model(first, tmp_path)
    again = learner(iterations=2)
    assert learn_model(again, tmp_path, listeners=[rows])
    assert rows == []
    assert_bit_equal(again, first)


def test_higher_limits_go_on_beyond_the_end(tmp_path: Path) -> None:
    learn_model(learner(iterations=2), tmp_path)
    more = learner(iterations=4)
    assert learn_model(more, tmp_path) and more.update == 4


def test_a_copied_checkpoint_folder_goes_on_elsewhere(tmp_path: Path) -> None:
    """Nothing in it depends on where it lay."""
    learn_model(learner(iterations=2), tmp_path / "a")
    shutil.move(tmp_path / "a", tmp_path / "b")
    moved = learner(iterations=4)
    restored: list[int] = []
    learn_model(moved, tmp_path / "b", restored=lambda of: restored.append(of.update))
    assert restored == [2] and moved.update == 4
