"""A coloured chain in tiles and files is the chain of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from dynpat import langevin
from dynpat.config import LangevinConfig
from dynpat.datasets import flames
from dynpat.errors import BadRunError, DivergedError, OutputError
from dynpat.models import (
    EnergyModel,
    SceneModel,
    TextureModel,
    periodic,
    tiling,
    tiling_coloured,
    waves,
)
from dynpat.models.sampling import ask, sample_videos, settle
from dynpat.models.tiles import cuttable
from dynpat.models.tiling_coloured import ColouredTiledChain
from dynpat.tasks.large import sample_tiled

MOVING = LangevinConfig(step_size=0.1, momentum=0.7)
STRONG = {"class_name": "RandomNormal", "config": {"stddev": 0.3}}  # f, which pulls as hard as q
WHOLE = [slice(None)] * 3
MEMORY = 4 * 10**9


def coloured(kind: type[EnergyModel] = TextureModel, **changes: Any) -> EnergyModel:
    small = {
        TextureModel: {"kernels": ((4, 4, 6), (4, 3, 3)), "strides": ((2, 2, 2), (2, 1, 2))},
        SceneModel: {"kernels": ((4, 4, 4), 3), "strides": ((2, 2, 2), 2)},
    }
    model = kind.from_preset(
        "default", frames=12, size=(16, 20), filters=(5, 3), top_kernel_initializer=STRONG,
        **{"longest_wave": 12.0, **small[kind], **changes},
    )
    videos = np.stack([flames(16, (16, 20), seed=seed) for seed in range(2)])
    model.adapt(videos)
    return model


def started(
    model: EnergyModel, shape: Sequence[int], folder: Path, video: np.ndarray | None = None,
    parts: Sequence[int] = (2, 2, 3), repeating: Sequence[int] = (), mode: int = 0,
) -> ColouredTiledChain:
    """A chain in so many tiles of whole strides on each axis that can be cut."""
    chain = ColouredTiledChain(
        model, (*shape, 3), MEMORY, folder, seed=3, repeating=repeating, mode=mode
    )
    cut = [axis in cuttable(model) for axis in (1, 2, 3)]
    chain.grid = replace(
        chain.grid, parts=tuple(n if own else 1 for n, own in zip(parts, cut, strict=True)),
        blocks=tuple(periodic.stride(model, axis) if own else chain.grid.shape[axis - 1]
                     for axis, own in enumerate(cut, start=1)),
    )
    if video is not None:
        chain._file(tiling_coloured.VIDEO)[...] = video
    return chain


def values_of(shape: Sequence[int]) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 1, (*shape, 3)).astype(np.float32)


@pytest.mark.parametrize(("longest", "activation"), [(12.0, "softplus"), (0.0, "relu")])
@pytest.mark.parametrize(("kind", "repeating", "momentum"), [
    (TextureModel, (), 0.7), (TextureModel, (1, 2, 3), 0.7), (SceneModel, (), 0.7),
    pytest.param(TextureModel, (), 0.0, marks=pytest.mark.slow),
    pytest.param(TextureModel, (2, 3), 0.7, marks=pytest.mark.slow),
    pytest.param(SceneModel, (1,), 0.7, marks=pytest.mark.slow),
])
def test_steps_in_tiles_are_the_steps_of_the_whole(
    kind: type[EnergyModel], repeating: tuple[int, ...], momentum: float, longest: float,
    activation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waves, "GROUP", 2**17)  # of several groups of several frames
    model = coloured(kind, longest_wave=longest, activation=activation)
    moving = LangevinConfig(step_size=0.1, momentum=momentum)
    shape = (40, 32, 52) if kind is TextureModel else (60, 16, 20)
    video = values_of(shape)
    chain = started(model, shape, tmp_path, video, repeating=repeating)
    assert len(chain.grid) > 1
    for _ in range(3):
        chain.move(moving, noise=0.0)
    energy: Any = periodic.Repeating(model, repeating) if repeating else model
    model.reference.ready_for((1, *shape))
    modes = tf.constant([0])
    whole = langevin.sample(
        energy, tf.constant(video[np.newaxis]), 3, 0.1, seed=3, noise=0.0, momentum=momentum,
        modes=modes,
    )
    ours = np.array(chain._file(tiling_coloured.VIDEO))
    moved = float(np.abs(whole[0] - video).max())
    apart = float(np.abs(ours - whole[0]).max())
    print(f"{kind.__name__} {repeating}: {apart:.1e} apart, moved {moved:.2f}")
    assert moved > 0.1 and apart < 1e-5 * max(1, moved)
    for view in range(8):
        chain.look(view)
    settled = model.to_grey(settle(energy, whole, moving, modes), modes)[0]
    wrong = np.abs(chain.video(WHOLE) - settled.numpy())
    # Rounding, which differs in tiles, may tip over a rectified unit, and what is around it.
    assert np.mean(wrong > 0.01) <= (1e-4 if activation == "relu" else 0) and wrong.max() < 1


@pytest.mark.parametrize("shape", [(14, 16, 20), (9, 27, 31), (60, 20, 70)])
@pytest.mark.parametrize("power", [-1.0, 0.5])
def test_correlations_in_files_are_those_in_memory(
    shape: tuple[int, ...], power: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, video = coloured(modes=2), values_of(shape)
    monkeypatch.setattr(waves, "BAND", 7 * waves.VALUE * shape[0] * (shape[2] // 2 + 1))
    ours = waves.Waves(model.reference, 1, (*shape, 3), tmp_path)  # type: ignore[arg-type]
    assert ours.rows == 7
    monkeypatch.setattr(waves, "GROUP", 5 * video[0].nbytes)
    parts = list(ours.filtered(lambda own: video[own], power))
    assert [own.stop for own, _ in parts] == [*range(5, shape[0], 5), shape[0]]
    found = np.concatenate([frames for _, frames in parts])
    wanted = model.reference.filtered(tf.constant(video[np.newaxis]), power, tf.constant([1]))[0]
    np.testing.assert_allclose(found, wanted, atol=1e-5 * float(np.abs(wanted).max()))


def test_what_does_not_move_has_no_correlations(tmp_path: Path) -> None:
    model = coloured()
    model.reference.correlations.assign(tf.zeros_like(model.reference.correlations))
    shape = (12, 16, 20)
    own = waves.Waves(model.reference, 0, (*shape, 3), tmp_path)  # type: ignore[arg-type]
    video = values_of(shape)
    found = np.concatenate([part for _, part in own.filtered(lambda frames: video[frames], -1.0)])
    np.testing.assert_allclose(found, video / (1 + model.sigma**2), rtol=1e-4, atol=1e-5)


def test_neither_noise_nor_start_depend_on_the_cut_and_a_stopped_chain_goes_on(
    tmp_path: Path,
) -> None:
    model, shape, made = coloured(modes=2), (24, 32, 32), []
    for name, parts in enumerate([(1, 1, 1), (2, 3, 2), (2, 3, 2)]):
        chain = started(model, shape, tmp_path / str(name), parts=parts, mode=1)
        chain.advance(MOVING, 2, lambda: None)
        if name == 2:  # stopped in the midst of a step, and gone on with by another process
            with pytest.raises(KeyboardInterrupt):
                chain.move(MOVING, 1.0, done=stopping(after=5))
            chain = started(model, shape, tmp_path / str(name), parts=parts, mode=1)
            assert chain.step == 1
        while chain.step < chain.last(2):
            chain.advance(MOVING, 2, lambda: None)
        made.append(np.array(chain.video(WHOLE)))
        chain.remove()
        assert not (tmp_path / str(name)).exists()
    np.testing.assert_allclose(made[0], made[1], atol=0.05)  # of 255
    np.testing.assert_array_equal(made[1], made[2])
    assert made[0].std() > 5


def stopping(after: int) -> Any:
    left = [after]

    def done() -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    return done


def test_another_unfinished_or_damaged_chain_is_not_gone_on_with(tmp_path: Path) -> None:
    model, shape = coloured(), (12, 16, 20)
    started(model, shape, tmp_path)
    with pytest.raises(BadRunError, match="another mode"):
        started(model, shape, tmp_path, mode=1)
    (tmp_path / "chain_0.npy").unlink()
    with pytest.raises(BadRunError, match="damaged"):
        started(model, shape, tmp_path)


def test_a_chain_that_runs_away_is_stopped_and_a_full_disk_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, shape = coloured(), (12, 16, 20)
    chain = started(model, shape, tmp_path, np.full((*shape, 3), np.nan, np.float32))
    with pytest.raises(DivergedError, match="ran away after 1"):
        chain.move(MOVING, noise=1.0)
    assert chain.step == 0
    monkeypatch.setattr(tiling.shutil, "disk_usage", lambda _: type("U", (), {"free": 1000})())
    with pytest.raises(OutputError, match="free some space"):
        started(model, shape, tmp_path / "new")


@pytest.mark.parametrize("steps", [0, 2])
def test_samples_in_tiles_are_as_large_as_asked_and_move_as_the_others(
    steps: int, tmp_path: Path
) -> None:
    model, reports = coloured(), []
    asked = ask(model, MOVING, frames=30, size=(33, 41), steps=steps)
    videos = sample_tiled(
        model, asked, [tmp_path / "0", tmp_path / "1"], memory=MEMORY,
        progress=lambda done, total: reports.append((done, total)),
    )
    made = [np.array(video) for video in videos]
    assert [video.shape for video in made] == [(30, 33, 41, 3)] * 2
    (whole,) = sample_videos(model, asked)
    for video in made:
        assert video.std() == pytest.approx(whole.std(), rel=0.3)
        motion = [np.abs(np.diff(one, axis=0)).mean() for one in (video, whole)]
        assert motion[0] == pytest.approx(motion[1], rel=0.3)
    assert np.abs(made[0] - made[1]).mean() > 1
    assert not steps or reports[-1][0] == reports[-1][1] > 0
    assert not list(tmp_path.iterdir())


def test_a_start_from_a_video_is_that_video(tmp_path: Path) -> None:
    model, shape = coloured(), (12, 16, 20)
    video = flames(12, (16, 20))
    chain = ColouredTiledChain(
        model, (*shape, 3), MEMORY, tmp_path, seed=3, start=lambda box: video[tuple(box)]
    )
    expected = model.to_model(video[np.newaxis])[0]
    np.testing.assert_array_equal(chain._file(tiling_coloured.VIDEO), expected)
