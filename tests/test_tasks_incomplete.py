"""What is hidden in the input has no influence: on what is read, learned, guessed or written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dynpat.datasets import ocean
from dynpat.errors import BadOptionError
from dynpat.learning.replicas import Replicas
from dynpat.reporter import Reporter
from dynpat.restoration.kriging import visible_mean
from dynpat.runs.plan import Plan
from dynpat.tasks.incomplete import Incomplete, read_incomplete
from dynpat.tasks.lifecycle import in_memory
from dynpat.tasks.restore import Restoration, make_restoration
from dynpat.tasks.result import Restored
from dynpat.videos import write_video

LENGTH, FILE, WORKING = 12, (44, 52), (22, 26)
BOX = (slice(13, 28), slice(17, 34))  # not on the grid of the working pixels
QUICK: dict[str, Any] = {
    "precision": "float32", "window": 8, "learn": {"iterations": 2, "chains": 1},
}


class Said(Reporter):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def say(self, text: str) -> None:
        self.notes.append(text)


def absurd(video: np.ndarray, hidden: np.ndarray, kind: str) -> np.ndarray:
    """The video with a constant or noise of 0 and 255 where it is hidden."""
    rng = np.random.default_rng(5)
    noise = np.uint8(255) * rng.integers(0, 2, video.shape, np.uint8)
    return np.where(hidden[..., np.newaxis], noise if kind == "noise" else np.uint8(201), video)


def moving_mask() -> np.ndarray:
    mask = np.zeros((LENGTH, *FILE), bool)
    for number in range(LENGTH):
        mask[number, 11 + number : 22 + number, 9 + 2 * number : 20 + 2 * number] = True
    return mask


def plan_of(case: str, folder: Path, kind: str) -> Plan:
    """A plan to restore a video whose hidden pixels are absurd."""
    boxed = np.zeros((LENGTH, *FILE), bool)
    boxed[(slice(None), *BOX)] = True
    task, how = case.split(" ", 1)
    hidden = boxed if how == "box" else moving_mask()
    np.save(folder / "mask.npy", hidden)
    video, options = ocean(LENGTH, FILE), {**QUICK, "size": WORKING}
    missing: dict[str, Any] = {"mask": folder / "mask.npy"}
    if how == "box":
        missing = {"box": f"{BOX[1].start},{BOX[0].start},17,15"}
    if how == "occlude":  # drawn at the size of the file
        missing, options = {"occlude": "region:0.2"}, QUICK
        plan = make_restoration(task, folder / "video", missing=missing, **options)
        write_video(folder / "video", video, 25)
        hidden = read_incomplete(plan, Reporter()).missing[0]
    write_video(folder / "video", absurd(video, hidden, kind), 25)
    return make_restoration(task, folder / "video", missing=missing, **options)


CASES = ("recover mask", "recover box", "recover occlude", "inpaint mask", "inpaint box")


def both(case: str, folder: Path) -> list[Plan]:
    return [plan_of(case, folder / kind, kind) for kind in ("noise", "constant")]


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for kind in ("noise", "constant"):
        (tmp_path / kind).mkdir()
    return tmp_path


@pytest.mark.parametrize("case", CASES)
def test_what_is_read_knows_nothing_of_what_is_hidden(case: str, folders: Path) -> None:
    one, other = (read_incomplete(plan, Reporter()) for plan in both(case, folders))
    assert one.missing.any() and not one.missing.all()
    assert one.frames.shape[2:4] == (FILE if "occlude" in case else WORKING)
    np.testing.assert_array_equal(one.missing, other.missing)
    np.testing.assert_array_equal(one.frames, other.frames)
    assert not np.array_equal(one.videos[0].frames, other.videos[0].frames) or "occlude" not in case


def test_a_run_of_an_earlier_version_reads_what_it_read_then(folders: Path) -> None:
    """Otherwise it could not go on, because its videos would seem to be others."""
    for case in ("recover mask", "inpaint mask"):
        values = plan_of(case, folders / "noise", "noise").to_dict()
        values["version"] = 3
        for name in ("apart", "pixels"):
            del values["missing"]["recover"][name]
        old = Plan.from_dict(values)
        assert not old.missing.recover.apart and old.missing.recover.pixels == 150 * 150
        new = plan_of(case, folders / "noise", "noise")
        then, now = (read_incomplete(plan, Reporter()).frames for plan in (old, new))
        assert np.any(then != now)
        (folders / "noise" / "mask.npy").unlink()
        for file in sorted((folders / "noise" / "video").iterdir()):
            file.unlink()
        (folders / "noise" / "video").rmdir()


def assert_same(one: Restored, other: Restored) -> None:
    weights = zip(one.model.get_weights(), other.model.get_weights(), strict=True)
    for number, (mine, theirs) in enumerate(weights):
        np.testing.assert_array_equal(mine, theirs, err_msg=f"weights {number}")
    for name in ("recovered", "mean", "sample", "uncertainty"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def restored(plan: Plan, kind: str) -> Restoration:
    """A restoration of what was read, with absurd values put at what is missing after that, too."""
    work = read_incomplete(plan, Reporter())
    videos = [replace(video, frames=absurd(video.frames, missing, kind))
              for video, missing in zip(work.videos, work.missing, strict=True)]
    return Restoration(plan, replace(work, videos=videos), Reporter(), Replicas())


@pytest.mark.parametrize("case", [
    "recover mask", "inpaint box", pytest.param("recover occlude", marks=pytest.mark.slow),
    pytest.param("inpaint mask", marks=pytest.mark.slow), "extend between",
])
def test_what_is_learned_guessed_and_written_knows_nothing_of_what_is_hidden(
    case: str, folders: Path
) -> None:
    if case == "extend between":
        write_video(folders / "video", ocean(7, WORKING), 25)
        plan = make_restoration("extend", folders / "video", missing={"between": 1}, **QUICK)
        works = [restored(plan, kind) for kind in ("noise", "constant")]
    else:
        works = [restored(plan, kind) for plan, kind in
                 zip(both(case, folders), ("noise", "constant"), strict=True)]
    results = [in_memory(work) for work in works]
    for mine, theirs in zip(*(work.restoring.guesses.values() for work in works), strict=True):
        for name in ("filled", "hidden", "without"):
            np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name))
        assert mine.weights == theirs.weights
    if "inpaint" in case:  # the absurd values themselves are gone, the rest is as it was
        mask = np.any(works[0].work.crop.frames != works[1].work.crop.frames, axis=-1)  # type: ignore[union-attr]
        assert mask.any()
    assert_same(*results)


def test_guessed_pixels_do_not_count_in_the_mean_picture(folders: Path) -> None:
    work = restored(plan_of("recover mask", folders / "noise", "noise"), "constant")
    mean = work.learner.model.reference.mean.numpy()
    # Nor do the visible pixels that are hidden to judge the model.
    hidden = work.restoring.guesses[0].hidden
    assert hidden.any()
    expected = visible_mean(work.work.frames[0], work.work.missing[0] | hidden)
    np.testing.assert_allclose(mean, expected, atol=1 / 256)


def sides(time_budget: float | None, folder: Path, **options: Any) -> tuple[Incomplete, str]:
    limits = {"iterations": 3} if time_budget is None else {"time_budget": time_budget}
    said = Said()
    plan = make_restoration("inpaint", folder / "video", missing={"box": "70,70,150,150"},
                            learn=limits, **options)
    return read_incomplete(plan, said), " ".join(said.notes)


def test_the_working_size_follows_the_time_budget_and_is_said(tmp_path: Path) -> None:
    write_video(tmp_path / "video", np.full((2, 300, 300, 3), 90, np.uint8), 25)
    least, less, usual, given, all_of_it = (
        sides(budget, tmp_path) for budget in (1, 120, 480, None, 3600)
    )
    found = [work.frames.shape[2] for work, _ in (least, less, usual, all_of_it)]
    assert found == [48, 104, 208, 295]
    assert given[0].frames.shape == usual[0].frames.shape
    assert "at 104x104" in less[1] and "larger --time-budget" in less[1] and "--size" in less[1]
    assert "--size" not in all_of_it[1] and "--time-budget" not in given[1]
    own = sides(480, tmp_path, size=(60, 60))
    assert own[0].frames.shape[2:4] == (60, 60) and "--time-budget" not in own[1]


def test_so_many_frames_that_the_part_must_be_smaller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dynpat.tasks.incomplete.LARGEST", 2 * 3 * 60 * 60)
    write_video(tmp_path / "video", np.full((2, 250, 250, 3), 90, np.uint8), 25)
    work, note = sides(480, tmp_path)
    assert work.frames.shape[2:4] == (60, 60) and "memory" in note


def test_a_video_that_memory_cannot_guess_is_refused_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_video(tmp_path / "video", ocean(LENGTH, WORKING), 25)
    values = LENGTH * WORKING[0] * WORKING[1] * 3

    def read(memory: int | None) -> Incomplete:
        plan = make_restoration("recover", tmp_path / "video", missing={"occlude": "frames:0.5"},
                                learn={"iterations": 1, "memory": memory})
        return read_incomplete(plan, Reporter())

    assert read(60 * values).missing.any()
    with pytest.raises(BadOptionError, match=r"12 frames of 26x22 pixels .* --memory .* --size"):
        read(60 * values - 1)
    monkeypatch.setattr("dynpat.tasks.cost.physical_memory", lambda: 1000)
    with pytest.raises(BadOptionError, match=r"this machine has .* fewer --frames\.$"):
        read(None)
