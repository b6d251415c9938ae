"""The tasks from Python: arrays in, arrays out, and the same as through files."""

from __future__ import annotations

import doctest
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import dynpat
from dynpat.datasets import flames, ocean
from dynpat.errors import BadMaskError, BadOptionError, BadRunError, BadVideoError
from dynpat.quality.truth import compare
from dynpat.reporter import Reporter
from dynpat.tasks import arrays
from dynpat.videos import Video, as_videos, read_video

FRAMES, SIZE = 12, (24, 24)
SHORT: dict[str, Any] = {"iterations": 2, "precision": "float32"}
OBSERVED = flames(FRAMES, SIZE, seed=0)
WATER = ocean(FRAMES, SIZE, seed=0)
MASK = np.zeros((FRAMES, *SIZE), bool)
MASK[:, 8:14, 6:12] = True


class Told(Reporter):
    """Keeps what is said, and the updates."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.updates: list[int] = []

    def say(self, sentence: str) -> None:
        self.sentences.append(sentence)

    def learning(
        self, update: int, fraction: float, figures: dict[str, float], preview: Path | None
    ) -> None:
        assert preview is None
        self.updates.append(update)


# The model.


@pytest.mark.parametrize("preset", ["default", "gaussian", "paper"])
def test_compile_takes_the_settings_of_the_preset(preset: str) -> None:
    model = dynpat.SceneModel.from_preset(preset, frames=FRAMES, size=(32, 32))
    model.compile()
    learning, moving = model.learn_presets[preset], model.langevin_presets[preset]
    assert model.langevin_config == dynpat.LangevinConfig(**moving)
    for name in ("observed_noise", "renewed", "life", "youth", "gap_limit", "squared"):
        assert getattr(model, name) == learning.get(name, 0.0), name
    rate = learning["learning_rate"] or 2e-4  # left open, the most, for so small pictures
    assert float(model.optimizer.learning_rate) == pytest.approx(rate)
    assert model.optimizer.use_ema == ("average" in learning)
    model.compile("sgd", renewed=0.0, langevin=dynpat.LangevinConfig(step_size=0.05))
    assert isinstance(model.optimizer, keras.optimizers.SGD)
    assert (model.renewed, model.langevin_config.step_size) == (0.0, 0.05)


def test_a_saved_model_keeps_its_preset(tmp_path: Path) -> None:
    model = dynpat.SceneModel.from_preset("default", frames=FRAMES, size=SIZE)
    model.adapt(OBSERVED[np.newaxis])
    model.save(tmp_path / "model.keras")
    again = dynpat.load_model(tmp_path / "model.keras")
    assert again.usual_learning == model.usual_learning != dynpat.LearnConfig()
    np.testing.assert_array_equal(again.sample(seed=3, steps=2), model.sample(seed=3, steps=2))


@pytest.fixture(scope="module")
def water_model() -> dynpat.EnergyModel:
    model = dynpat.TextureModel.from_preset("default", frames=FRAMES, size=SIZE)
    model.compile()
    model.fit(WATER[np.newaxis], steps_per_epoch=2)
    return model


def test_fit_takes_the_chains_of_the_preset(water_model: dynpat.EnergyModel) -> None:
    assert water_model.chains is not None
    assert water_model.chains.video.shape[:2] == (1, 3)


def test_sample_gives_grey_levels_of_the_shape_asked_for(water_model: dynpat.EnergyModel) -> None:
    videos = water_model.sample(2, frames=14, size=(20, 28), steps=2, seed=1)
    assert videos.shape == (2, 14, 20, 28, 3) and videos.dtype == np.uint8
    np.testing.assert_array_equal(
        videos, water_model.sample(2, frames=14, size=(20, 28), steps=2, seed=1)
    )
    assert np.any(videos[0] != videos[1])
    assert np.any(videos != water_model.sample(2, frames=14, size=(20, 28), steps=2, seed=2))


def test_a_loop_ends_where_it_began(water_model: dynpat.EnergyModel) -> None:
    video = water_model.sample(frames=16, steps=2, loop=True)[0].astype(float)
    steps = np.abs(np.diff(video, axis=0)).mean(axis=(1, 2, 3))
    assert np.abs(video[0] - video[-1]).mean() < 1.5 * steps.max()


def test_sample_refuses_what_the_model_cannot_make() -> None:
    model = dynpat.SceneModel.from_preset("default", frames=FRAMES, size=SIZE)
    with pytest.raises(BadOptionError, match="size that it learned"):
        model.sample(size=(20, 20))
    with pytest.raises(BadOptionError, match="count"):
        model.sample(0)


# Learning.


@pytest.fixture(scope="module")
def in_memory(tmp_path_factory: pytest.TempPathFactory) -> dynpat.Learned:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("empty"))
        result = dynpat.learn(OBSERVED, **SHORT)
        assert list(Path().iterdir()) == []
    return result


def test_learning_without_a_folder_gives_arrays(in_memory: dynpat.Learned) -> None:
    assert in_memory.run is None and in_memory.files == () and in_memory.finished
    assert in_memory.samples.shape == (2, *OBSERVED.shape) and in_memory.samples.dtype == np.uint8
    assert in_memory.metrics["update"] == 2 and in_memory.metrics["quality"]["score"] > 0
    assert in_memory.model.sample().shape == (1, *OBSERVED.shape)


@pytest.mark.slow
def test_with_a_folder_the_same_is_learned(in_memory: dynpat.Learned, tmp_path: Path) -> None:
    written = dynpat.learn(OBSERVED, tmp_path / "run", formats=("npy",), **SHORT)
    assert written.run == tmp_path / "run"
    assert {"model.keras", "config.json", "report.html"} <= {p.name for p in written.run.iterdir()}
    np.testing.assert_array_equal(written.samples, in_memory.samples)
    weights = zip(written.model.weights, in_memory.model.weights, strict=True)
    assert all(np.array_equal(ours, theirs) for ours, theirs in weights)
    again = dynpat.load_model(tmp_path / "run")
    np.testing.assert_array_equal(again.sample(seed=5), in_memory.model.sample(seed=5))
    further = dynpat.resume(tmp_path / "run", iterations=3)  # the arrays are in its input/
    assert further.metrics["update"] == 3 and len(further.samples) == 2


@pytest.mark.slow
def test_paths_plans_and_videos_are_taken_alike(
    in_memory: dynpat.Learned, tmp_path: Path
) -> None:
    dynpat.write_video(tmp_path / "flames", OBSERVED, 25)
    paths = dynpat.learn(tmp_path / "flames", **SHORT)
    plan = dynpat.make_plan(tmp_path / "flames", precision="float32", learn={"iterations": 2})
    videos = read_video(tmp_path / "flames", frames=FRAMES)
    for result in (paths, dynpat.learn(plan), dynpat.learn([videos], **SHORT)):
        assert result.run is None
        np.testing.assert_array_equal(result.samples, in_memory.samples)
    assert [path.name for path in tmp_path.iterdir()] == ["flames"]


def test_several_videos_and_what_is_told() -> None:
    told = Told()
    both = np.stack([OBSERVED, flames(FRAMES, SIZE, seed=1)])
    result = dynpat.learn(both, reporter=told, learn={"batch": 1}, **SHORT)
    assert told.updates == [1, 2]
    assert result.model.get_config()["modes"] == 2 and len(result.samples) == 2


@pytest.mark.parametrize(("videos", "words"), [
    (OBSERVED[..., 0], "axes"),
    (OBSERVED[:1], "at least 2 frames"),
    (OBSERVED / 255, "grey levels 0 to 255"),
    (OBSERVED.astype(float) - 300, "grey levels 0 to 255"),
    (np.full(OBSERVED.shape, np.nan), "finite"),
    (OBSERVED > 100, "grey levels"),
    ([], "No videos"),
    ([OBSERVED, OBSERVED[:6]], "one shape"),
    ([OBSERVED, "flames.mp4"], "Paths and arrays"),
])
def test_what_is_no_video_is_said(videos: Any, words: str) -> None:
    with pytest.raises(BadVideoError, match=words):
        dynpat.learn(videos, **SHORT)


def test_options_of_files_are_refused_beside_arrays() -> None:
    with pytest.raises(BadOptionError, match="size is for files"):
        dynpat.learn(OBSERVED, size=(16, 16), **SHORT)


def test_whole_numbers_stay_as_they_are() -> None:
    (video,) = as_videos(OBSERVED.astype(np.float32), fps=12)
    assert isinstance(video, Video) and video.fps == 12
    np.testing.assert_array_equal(video.frames, OBSERVED)


# Restoring.


def test_recovering_without_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    damaged = np.where(MASK[..., np.newaxis], np.uint8(255), WATER)
    result = dynpat.recover(damaged, MASK, **SHORT)
    assert result.run is None and list(tmp_path.iterdir()) == []
    assert result.recovered.shape == WATER.shape and result.recovered.dtype == np.uint8
    for video in (result.recovered, result.mean, result.sample):
        np.testing.assert_array_equal(video[~MASK], WATER[~MASK])
    assert np.all(result.uncertainty[~MASK] == 0) and result.uncertainty[MASK].mean() > 0
    error = compare(WATER, result.recovered, MASK).error
    assert error < 0.5 * compare(WATER, damaged, MASK).error

    written = dynpat.recover(damaged, MASK, tmp_path / "run", formats=("npy",), **SHORT)
    np.testing.assert_array_equal(written.recovered, result.recovered)
    saved = np.load(tmp_path / "run" / "results" / "recovered_000.npy")
    np.testing.assert_array_equal(saved, result.recovered)


def test_one_frame_of_mask_serves_for_all_and_numbers_are_taken() -> None:
    result = dynpat.recover(WATER, MASK[0].astype(np.uint8) * 255, **SHORT)
    np.testing.assert_array_equal(result.recovered[~MASK], WATER[~MASK])
    assert np.any(result.recovered[MASK] != WATER[MASK])


def test_inpainting_gives_the_whole_video() -> None:
    large = np.tile(WATER, (1, 2, 2, 1))
    mask = np.zeros(large.shape[:3], bool)
    mask[:, 4:9, 4:9] = True
    known = large[~mask]
    result = dynpat.inpaint(large, mask, **SHORT)
    np.testing.assert_array_equal(result.recovered[~mask], known)
    np.testing.assert_array_equal(result.recovered, result.sample)
    large[:] = 0  # the other estimate is made when it is asked for, from what was given
    np.testing.assert_array_equal(result.mean[~mask], known)
    assert np.any(result.mean[mask] != result.sample[mask]) and result.mean is result.mean


def test_extending_puts_new_frames_after_the_known() -> None:
    result = dynpat.extend(WATER, after=3, **SHORT)
    assert len(result.recovered) == FRAMES + 3
    np.testing.assert_array_equal(result.recovered[:FRAMES], WATER)


def test_masks_that_do_not_fit_are_said() -> None:
    with pytest.raises(BadMaskError, match="pixels"):
        dynpat.recover(WATER, MASK[:, :10], **SHORT)
    with pytest.raises(BadMaskError, match="frames"):
        dynpat.recover(WATER, MASK[:5], **SHORT)
    with pytest.raises(BadOptionError, match="Give exactly one"):
        dynpat.recover(WATER, **SHORT)
    with pytest.raises(BadOptionError, match="dialate"):
        dynpat.recover(WATER, MASK, missing={"dialate": 2}, **SHORT)


def test_a_restoration_whose_checkpoints_are_gone_is_not_begun_anew(tmp_path: Path) -> None:
    run = dynpat.recover(WATER, MASK, tmp_path / "run", formats=("npy",), **SHORT).run
    assert run is not None
    for file in (run / "checkpoints").iterdir():
        file.unlink()
    before = (run / "log.jsonl").read_text()
    with pytest.raises(BadRunError, match="holds no checkpoint"):
        dynpat.resume(run, iterations=3)
    assert (run / "log.jsonl").read_text() == before


# Judging, and loading.


def test_arrays_are_judged_as_files_are(tmp_path: Path) -> None:
    made = flames(FRAMES, SIZE, seed=1)
    for name, video in (("observed", OBSERVED), ("made", made)):
        dynpat.write_video(tmp_path / name, video, 25)
    from_files = dynpat.evaluate(tmp_path / "observed", [tmp_path / "made"], baselines=False)
    for synthesised in (made, made[np.newaxis], [made]):
        found = dynpat.evaluate(OBSERVED, synthesised, baselines=False)
        assert found["floor"] == from_files["floor"]
        assert found["videos"][0]["figures"] == from_files["videos"][0]["figures"]
    several = dynpat.evaluate(OBSERVED, np.stack([made, OBSERVED]), baselines=False)
    assert [row["copy"] for row in several["videos"]] == [False, True]


def test_loading_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(BadRunError, match="not there"):
        dynpat.load_model(tmp_path / "model.keras")
    with pytest.raises(BadRunError, match="not a run folder"):
        dynpat.load_model(tmp_path)


def test_results_are_frozen(in_memory: dynpat.Learned) -> None:
    with pytest.raises(AttributeError):
        in_memory.finished = False  # type: ignore[misc]
    assert replace(in_memory, finished=False).samples is in_memory.samples


@pytest.mark.slow
def test_the_examples_in_the_docstrings_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = doctest.testmod(arrays)
    assert found.attempted >= 10 and found.failed == 0
    assert list(tmp_path.iterdir()) == []
