"""The embedded videos: what each of them promises, so that the other tests can rely on it."""

from __future__ import annotations

import inspect

import numpy as np
import numpy.typing as npt
import pytest

import dynpat.datasets as datasets
from dynpat.datasets import NAMES, boat, flames, lights, ocean, render, runner
from dynpat.datasets._common import noise_tile, sample_tile
from dynpat.datasets._lights import brightness, draw_lamps
from dynpat.errors import BadOptionError

Video = npt.NDArray[np.uint8]


def motion(video: Video) -> float:
    """Mean absolute difference of consecutive frames, in grey levels."""
    return float(np.abs(np.diff(video.astype(np.int16), axis=0)).mean())


def test_names_and_rate() -> None:
    assert NAMES == ("ocean", "flames", "lights", "runner", "boat")
    assert datasets.FRAMES_PER_SECOND == 25.0
    for name in datasets.__all__:
        assert hasattr(datasets, name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(24, 40), (40, 24), (8, 8), (33, 57)])
def test_shape_and_type_at_any_size(name: str, size: tuple[int, int]) -> None:
    video = render(name, 4, size, 5)
    assert video.shape == (4, *size, 3)
    assert video.dtype == np.uint8
    assert video.flags.c_contiguous


@pytest.mark.parametrize("name", NAMES)
def test_one_frame_is_enough(name: str) -> None:
    assert render(name, 1, (16, 16)).shape == (1, 16, 16, 3)


@pytest.mark.parametrize("name", NAMES)
def test_defaults(name: str) -> None:
    function = getattr(datasets, name)
    defaults = {p.name: p.default for p in inspect.signature(function).parameters.values()}
    frames = 20 if name == "runner" else 70
    assert defaults == {"frames": frames, "size": (100, 100), "seed": 0}
    assert render(name, size=(16, 16)).shape == (frames, 16, 16, 3)
    assert render(name, frames=2).shape == (2, 100, 100, 3)


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_gives_the_same_bytes_and_another_seed_other_ones(name: str) -> None:
    first, again = render(name, 6, (32, 40), 3), render(name, 6, (32, 40), 3)
    assert np.array_equal(first, again)
    for other in (0, 1, 2):
        assert np.abs(render(name, 6, (32, 40), other) - first.astype(float)).mean() > 1.0


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("ocean", 2.0, 12.0),
        ("flames", 6.0, 15.0),
        ("lights", 0.8, 8.0),
        ("runner", 1.5, 8.0),
        ("boat", 2.0, 14.0),
    ],
)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_motion_is_visible_and_smooth(name: str, low: float, high: float, seed: int) -> None:
    video = render(name, None, (64, 64), seed)
    assert low < motion(video) < high
    # two frames apart is more different than one: the motion is no frame-by-frame noise
    assert motion(video[::2]) > 1.15 * motion(video)


@pytest.mark.parametrize("name", ["ocean", "flames", "lights", "boat"])
def test_a_longer_video_keeps_moving(name: str) -> None:
    video = render(name, 120, (24, 24))
    assert motion(video[60:]) > 0.6 * motion(video[:60])
    assert np.abs(video[100] - video[0].astype(float)).mean() > 0.3 * motion(video)


def test_the_same_scene_at_another_size() -> None:
    for name in NAMES:
        small, large = render(name, 8, (48, 48), 2), render(name, 8, (96, 96), 2)
        means = small.mean(axis=(0, 1, 2)), large.mean(axis=(0, 1, 2))
        assert np.abs(means[0] - means[1]).max() < 8.0, name


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_ocean_is_stationary_in_space(seed: int) -> None:
    video = ocean(70, (80, 80), seed).astype(float)
    blocks = [video[:, r : r + 40, c : c + 40] for r in (0, 40) for c in (0, 40)]
    means = np.array([block.mean(axis=(0, 1, 2)) for block in blocks])
    spreads = np.array([block.std() for block in blocks])
    # a block holds only a few of the longest waves: its mean strays a bit around the common one
    assert np.ptp(means, axis=0).max() < 10.0
    assert spreads.max() / spreads.min() < 1.25


def test_ocean_has_no_gradient_across_the_frame() -> None:
    videos = [ocean(24, (48, 48), seed).astype(float) for seed in range(24)]
    mean = np.mean(videos, axis=(0, 1, 4))
    quarters = [mean[r : r + 24, c : c + 24].mean() for r in (0, 24) for c in (0, 24)]
    assert np.ptp(quarters) < 2.0


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_ocean_is_stationary_in_time(seed: int) -> None:
    video = ocean(70, (80, 80), seed).astype(float)
    assert abs(video[:35].mean() - video[35:].mean()) < 3.0
    assert 0.85 < video[:35].std() / video[35:].std() < 1.18


def test_ocean_has_texture_and_does_not_repeat_in_the_frame() -> None:
    frame = ocean(1, (64, 64), 4)[0].astype(float)
    assert frame.std(axis=(0, 1)).min() > 8.0
    # a tile that repeats would make the last row a neighbour of the first
    steps = np.abs(np.diff(frame, axis=0)).mean()
    assert np.abs(frame[-1] - frame[0]).mean() > 1.2 * steps


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_flames_burn_over_a_still_bowl(seed: int) -> None:
    video = flames(60, (80, 80), seed)
    still = video[:, 66:]
    assert np.array_equal(still, np.broadcast_to(still[:1], still.shape))
    assert still[0].std() > 3.0
    assert still[0].mean() < 70.0
    fire = video[:, 30:60, 25:55]
    assert fire[..., 0].mean() > fire[..., 1].mean() > fire[..., 2].mean()
    assert fire.max() > 240
    assert (np.ptp(video.astype(int), axis=0).max(axis=-1)[30:60, 30:50] > 60).mean() > 0.95


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_flames_are_stationary_in_time(seed: int) -> None:
    video = flames(120, (48, 48), seed).astype(float)
    halves = video[:60].mean(axis=(1, 2, 3)), video[60:].mean(axis=(1, 2, 3))
    assert abs(halves[0].mean() - halves[1].mean()) < 0.08 * video.mean()
    assert 0.8 < video[:60].std() / video[60:].std() < 1.25


@pytest.mark.parametrize("seed", range(12))
def test_each_lamp_blinks(seed: int) -> None:
    lamps = draw_lamps(np.random.default_rng(seed))
    assert 6 <= len(lamps) <= 9
    video = lights(70, (64, 64), seed).astype(float).max(axis=-1)
    for lamp in lamps:
        level = brightness(lamp, 70)
        assert level.min() < 0.1
        assert level.max() > 0.9
        assert np.abs(np.diff(level)).max() < 0.75
        seen = video[:, int(lamp.row * 64), int(lamp.column * 64)]
        assert np.ptp(seen) > 100.0
        assert np.corrcoef(seen, level)[0, 1] > 0.8
    periods = [lamp.period for lamp in lamps]
    assert len(set(periods)) == len(lamps)


def test_lights_are_dark_and_still_apart_from_the_lamps() -> None:
    video = lights(70, (64, 64), 1)
    darkest = video.min(axis=0).astype(float)
    assert 3.0 < darkest.mean() < 60.0
    assert darkest.std() > 4.0


@pytest.mark.parametrize("frames", [10, 20, 40])
@pytest.mark.parametrize("seed", [0, 1])
def test_runner_loops(frames: int, seed: int) -> None:
    video = runner(frames, (64, 64), seed).astype(float)
    around = np.concatenate([video, video[:1]])
    steps = np.abs(np.diff(around, axis=0)).mean(axis=(1, 2, 3))
    assert steps.min() > 0.3
    assert steps[:-1].min() * 0.75 < steps[-1] < steps[:-1].max() * 1.25


def test_runner_shows_one_cycle_or_two() -> None:
    assert np.array_equal(runner(40, (48, 48), 2)[:20], runner(40, (48, 48), 2)[20:])
    once = runner(20, (48, 48), 2)
    assert np.array_equal(once, runner(40, (48, 48), 2)[:20])
    # after half a cycle the other leg is in front: alike, but not the same frame
    assert not np.array_equal(once[:10], once[10:])


def test_runner_stays_in_place_before_a_still_background() -> None:
    video = runner(20, (80, 120), 0).astype(int)
    moved = np.flatnonzero(np.ptp(video, axis=0).max(axis=(0, 2)) > 8)
    assert moved.min() > 20
    assert moved.max() < 95
    assert np.ptp(video[:, :4], axis=0).max() == 0


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("size", [(64, 64), (40, 72), (72, 40)])
def test_boat_hides_only_what_its_mask_says(seed: int, size: tuple[int, int]) -> None:
    video, mask, truth = boat(24, size, seed)
    assert video.dtype == truth.dtype == np.uint8
    assert mask.dtype == np.bool_
    assert video.shape == truth.shape == (*mask.shape, 3)
    assert np.array_equal(video[~mask], truth[~mask])
    differs = (video != truth).any(axis=-1)
    assert differs[mask].mean() > 0.4
    # the boat is seen nearly all the time, and each pixel of the ocean is free of it once
    assert (differs.any(axis=(1, 2))).mean() > 2 / 3
    assert not mask.all(axis=0).any()
    assert 0.01 < mask.mean() < 0.25


def test_boat_crosses_the_frame_over_the_ocean_of_the_same_seed() -> None:
    scene = boat(30, (48, 48), 7)
    assert np.array_equal(scene.truth, ocean(30, (48, 48), 7))
    assert np.array_equal(scene.video, render("boat", 30, (48, 48), 7))
    columns = [np.flatnonzero(m.any(axis=0)).mean() for m in scene.mask]
    assert abs(columns[-1] - columns[0]) > 30.0
    assert scene.mask.any(axis=0).any(axis=0).all()


@pytest.mark.parametrize("frames", [2, 3])
@pytest.mark.parametrize("size", [(8, 8), (8, 60), (60, 8)])
def test_boat_uncovers_every_pixel_even_in_short_and_small_videos(
    frames: int, size: tuple[int, int]
) -> None:
    for seed in range(6):
        assert not boat(frames, size, seed).mask.all(axis=0).any()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("frames", [0, -3, 2.5, True, "7"])
def test_bad_frames(name: str, frames: object) -> None:
    with pytest.raises(BadOptionError, match=r"at least 1, got .*ask for 1 frame or more"):
        render(name, frames)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(7, 20), (20, 7), 64, (64,), (8, 8, 8), (9.0, 9), "ab"])
def test_bad_size(name: str, size: object) -> None:
    with pytest.raises(BadOptionError, match=r"at least 8 pixels, got .*\(8, 8\) or larger"):
        render(name, 2, size)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [-1, 0.5, None, False])
def test_bad_seed(seed: object) -> None:
    with pytest.raises(BadOptionError, match=r"seed .* at least 0, got .*positive number"):
        ocean(2, (8, 8), seed)  # type: ignore[arg-type]


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(BadOptionError, match=r"'sea'.*ocean, flames, lights, runner, boat"):
        render("sea")


def test_numbers_from_numpy_are_taken() -> None:
    video = ocean(np.int64(2), [np.int32(8), 9], np.uint8(1))  # type: ignore[arg-type]
    assert np.array_equal(video, ocean(2, (8, 9), 1))


def test_a_noise_tile_repeats_and_is_normed() -> None:
    tile = noise_tile(np.random.default_rng(0), 64, 12.0)
    assert abs(tile.mean()) < 1e-9
    assert tile.std() == pytest.approx(1.0)
    rows, columns = np.mgrid[0:64, 0:64].astype(float)
    assert np.allclose(sample_tile(tile, rows - 128.0, columns + 64.0), tile)
    between = sample_tile(tile, np.array([3.5]), np.array([63.5]))
    corners = tile[3, 63] + tile[3, 0] + tile[4, 63] + tile[4, 0]
    assert between[0] == pytest.approx(corners / 4.0)
