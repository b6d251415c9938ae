"""A chain in tiles is the chain of the whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dynpat import langevin
from dynpat.config import LangevinConfig
from dynpat.errors import BadOptionError, BadRunError, DivergedError, OutputError
from dynpat.models import (
    ActionModel,
    EnergyModel,
    SceneModel,
    TextureModel,
    footprint,
    periodic,
    tiling,
)
from dynpat.models.sampling import SETTLING, ask
from dynpat.models.tiles import Grid, cuttable, make_grid
from dynpat.tasks.large import sample_tiled

MOVING = LangevinConfig(step_size=2.0)


def texture(**changes: Any) -> TextureModel:
    model = TextureModel(
        12, (16, 20), 2, filters=(5, 3), kernels=((4, 5, 3), (3, 2, 2)),
        strides=((2, 2, 1), (1, 2, 3)), centre="channel", activation="softplus", sigma=9.0,
        **changes,
    )
    model.adapt(np.random.default_rng(1).integers(0, 256, (3, 12, 16, 20, 2)))
    return model


def scene() -> SceneModel:
    model = SceneModel(
        12, (16, 20), 1, filters=(5, 3), kernels=((4, 5, 3), 3), strides=((2, 2, 2), 2), sigma=9.0
    )
    model.adapt(np.random.default_rng(1).integers(0, 256, (1, 12, 16, 20, 1)))
    return model


def grid_of(
    model: EnergyModel, shape: Sequence[int], parts: Sequence[int], repeating: Sequence[int] = ()
) -> Grid:
    """So many tiles on each axis, of blocks of one stride."""
    axes = cuttable(model)
    lengths = [periodic.stride(model, a) if a in axes else shape[a - 1] for a in (1, 2, 3)]
    rims = [periodic.margin(model, a) if a in axes else 0 for a in (1, 2, 3)]
    return Grid(
        tuple(shape[:3]), tuple(parts), tuple(lengths), tuple(rims),
        tuple(axis in repeating for axis in (1, 2, 3)),
    )


def started(
    model: EnergyModel, grid: Grid, folder: Path, video: np.ndarray | None = None
) -> tiling.TiledChain:
    start = None if video is None else (lambda box: video[tuple(box)])
    return tiling.TiledChain(model, grid, folder, seed=3, start=start)


@pytest.mark.parametrize("repeating", [(), (1,), (2, 3), (1, 2, 3)])
@pytest.mark.parametrize("parts", [(1, 1, 1), (2, 3, 2), (4, 1, 5)])
def test_a_step_in_tiles_is_the_step_of_the_whole(
    parts: tuple[int, ...], repeating: tuple[int, ...], tmp_path: Path
) -> None:
    model, shape = texture(), (20, 32, 36, 2)
    video = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    chain = started(model, grid_of(model, shape, parts, repeating), tmp_path, video)
    for _ in range(3):
        chain.move(MOVING, noise=0.0)
    energy = periodic.Repeating(model, repeating) if repeating else model
    whole = langevin.sample(energy, model.to_model(video[None]), 3, 2.0, seed=0, noise=0.0)
    ours = chain.video([slice(None)] * 3)
    np.testing.assert_allclose(ours, model.to_grey(whole)[0], atol=2e-3)
    assert np.abs(ours - video).max() > 1


def test_scenes_are_cut_in_time_alone(tmp_path: Path) -> None:
    model, shape = scene(), (40, 16, 20, 1)
    assert cuttable(model) == (1,)
    video = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    chain = started(model, grid_of(model, shape, (3, 1, 1)), tmp_path, video)
    chain.move(MOVING, noise=0.0)
    whole = langevin.sample(model, model.to_model(video[None]), 1, 2.0, seed=0, noise=0.0)
    np.testing.assert_allclose(
        chain.video([slice(None)] * 3), model.to_grey(whole)[0], atol=2e-3
    )


def test_modes_and_levels_are_those_of_the_whole_video(tmp_path: Path) -> None:
    """Which texture a video is, and its mean level, are of all of it, not of each tile."""
    model, shape = texture(modes=3, widest=20.0, bounded=True, steady=2.0), (4, 16, 12, 2)
    rng = np.random.default_rng(0)
    video = model.to_grey(0.5 * rng.normal(0, 1, shape)).numpy()  # between the modes
    grid = grid_of(model, shape, (2, 2, 2))
    chain = started(model, grid, tmp_path, video)
    chain.move(MOVING, noise=0.0)
    chain.move(MOVING, noise=0.0)
    whole = langevin.sample(model, model.to_model(video[None]), 2, 2.0, seed=0, noise=0.0)
    np.testing.assert_allclose(
        chain.video([slice(None)] * 3), model.to_grey(whole)[0], atol=2e-3
    )


def test_noise_does_not_depend_on_the_cut(tmp_path: Path) -> None:
    model, shape = texture(), (20, 32, 36, 2)
    made = []
    for name, parts in enumerate([(1, 1, 1), (3, 2, 4)]):
        chain = started(model, grid_of(model, shape, parts), tmp_path / str(name))
        chain.move(MOVING, noise=1.0)
        made.append(np.array(chain.video([slice(None)] * 3)))
    np.testing.assert_allclose(made[0], made[1], atol=2e-3)
    spread = np.sqrt(81 + 4)  # of N(0, σ²), and a step's noise
    assert made[0].std() == pytest.approx(spread, rel=0.1)


def test_grids_cover_a_video_once() -> None:
    model, shape = texture(), (23, 35, 40, 2)
    covered = np.zeros(shape[:3], int)
    for tile in grid_of(model, shape, (3, 2, 4)):
        covered[tile.inner] += 1
        lengths = [len(indices) for indices in tile.region]
        inside = np.zeros(lengths)[tile.middle].shape
        assert inside == covered[tile.inner].shape
    assert (covered == 1).all()


def test_a_grid_keeps_within_memory_and_is_no_finer_than_need_be() -> None:
    model = texture()
    shape = (64, 640, 960, 2)
    whole = footprint.sampling_bytes(model, shape)
    assert make_grid(model, shape, whole).parts == (1, 1, 1)
    less = make_grid(model, shape, whole * 3 // 4)
    assert 1 < np.prod(less.parts) < 9
    assert footprint.sampling_bytes(model, (*less.largest(), 2)) <= whole * 3 // 4
    with pytest.raises(BadOptionError, match="too little"):
        make_grid(model, shape, footprint.BASE_BYTES)


def test_actions_are_not_cut() -> None:
    model = ActionModel(
        8, (8, 8), 1, filters=(3, 2), kernels=((3, 3, 3), "all"), strides=((1, 1, 1), 1)
    )
    assert cuttable(model) == ()


def test_a_stopped_chain_goes_on_as_if_it_had_not(tmp_path: Path) -> None:
    model, shape = texture(), (12, 16, 20, 2)
    grid = grid_of(model, shape, (2, 1, 2))
    straight = started(model, grid, tmp_path / "a")
    for _ in range(4):
        straight.move(MOVING, noise=1.0)
    stopped = started(model, grid, tmp_path / "b")
    stopped.move(MOVING, noise=1.0)
    stopped.move(MOVING, noise=1.0)
    # A stop amid a step leaves the file of the next step half-written.
    np.load(tmp_path / "b" / "chain_1.npy", mmap_mode="r+")[:3] = np.nan
    again = started(model, grid, tmp_path / "b")
    assert again.step == 2
    again.move(MOVING, noise=1.0)
    again.move(MOVING, noise=1.0)
    whole = [slice(None)] * 3
    np.testing.assert_array_equal(again.video(whole), straight.video(whole))


def test_another_unfinished_chain_is_not_gone_on_with(tmp_path: Path) -> None:
    model, shape = texture(), (12, 16, 20, 2)
    grid = grid_of(model, shape, (2, 1, 2))
    started(model, grid, tmp_path)
    with pytest.raises(BadRunError, match="another seed"):
        tiling.TiledChain(model, grid, tmp_path, seed=4)
    with pytest.raises(BadRunError, match="another weights"):
        started(texture(seed=5), grid, tmp_path)
    whole = json.loads((tmp_path / tiling.STATE).read_text(encoding="utf-8"))
    damaged = ({"energies": [1, 2]}, {"levels": "many"}, {"levels": None}, {"step": {}})
    texts = [json.dumps(whole | change) for change in damaged]
    for text in ("{", "[]", "7", *texts):
        (tmp_path / tiling.STATE).write_text(text, encoding="utf-8")
        with pytest.raises(BadRunError, match="damaged"):
            started(model, grid, tmp_path)


def test_a_chain_that_runs_away_is_stopped(tmp_path: Path) -> None:
    model, shape = texture(), (12, 16, 20, 2)
    video = np.full(shape, np.nan, np.float32)
    chain = started(model, grid_of(model, shape, (1, 2, 1)), tmp_path, video)
    with pytest.raises(DivergedError, match="ran away after 1"):
        chain.move(MOVING, noise=1.0)
    assert chain.step == 0


def test_a_full_disk_is_said_before_work_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiling.shutil, "disk_usage", lambda _: type("U", (), {"free": 1000})())
    model = texture()
    with pytest.raises(OutputError, match="free some space"):
        started(model, grid_of(model, (12, 16, 20, 2), (1, 1, 1)), tmp_path)


def test_samples_in_tiles_are_as_long_and_large_as_asked(tmp_path: Path) -> None:
    model, reports = texture(), []
    asked = ask(model, MOVING, frames=9, size=(13, 17), steps=3)
    videos = sample_tiled(
        model, asked, [tmp_path / "0", tmp_path / "1"], memory=4 * 10**9,
        progress=lambda done, total: reports.append((done, total)),
    )
    made = [np.array(video) for video in videos]
    assert [video.shape for video in made] == [(9, 13, 17, 2)] * 2
    assert np.isfinite(made).all() and np.abs(made[0] - made[1]).mean() > 1
    assert reports[-1][0] == reports[-1][1] == 2 * (3 + SETTLING)
    assert not list(tmp_path.iterdir())
