"""Figures of recovery on constructed cases, and pasting into a larger video."""

from __future__ import annotations

import numpy as np
import pytest

from dynpat.datasets import boat, ocean
from dynpat.quality import truth
from dynpat.restoration.crop import crop_around

pytestmark = pytest.mark.usefixtures("thorough")


@pytest.fixture(scope="module")
def case() -> tuple[np.ndarray, np.ndarray]:
    video = ocean(16, (24, 24)).astype(np.float32)
    missing = np.zeros((16, 24, 24), bool)
    missing[:, 6:16, 8:18] = True
    return video, missing


def test_the_truth_itself_has_no_error(case: tuple[np.ndarray, np.ndarray]) -> None:
    video, missing = case
    figures = truth.compare(video, video, missing)
    assert figures["error"] == figures["seam"] == 0 and figures["psnr"] is None
    assert figures["ssim"] == pytest.approx(1) and figures["motion"] == pytest.approx(1)
    assert set(figures) == set(truth.MEANINGS)


def test_a_constant_error_has_the_figures_it_must(case: tuple[np.ndarray, np.ndarray]) -> None:
    video, missing = case
    video = 0.5 * video + 50
    wrong = np.where(missing[..., np.newaxis], video + 10, video)
    figures = truth.compare(video, wrong, missing)
    assert figures["error"] == pytest.approx(10, abs=1e-3)
    assert figures["psnr"] == pytest.approx(20 * np.log10(255 / 10), abs=1e-3)
    assert figures["seam"] == pytest.approx(10, abs=1e-3)
    assert figures["motion"] == pytest.approx(1, abs=1e-4)


def test_visible_pixels_do_not_count(case: tuple[np.ndarray, np.ndarray]) -> None:
    video, missing = case
    spoilt = np.where(missing[..., np.newaxis], video, 0)
    assert truth.compare(video, spoilt, missing)["error"] == 0


def test_a_still_filling_has_no_motion(case: tuple[np.ndarray, np.ndarray]) -> None:
    video, missing = case
    still = np.where(missing[..., np.newaxis], video.mean(axis=0), video)
    figures = truth.compare(video, still, missing)
    assert figures["motion"] == pytest.approx(0, abs=1e-4)
    assert figures["motion_patches"] > 1


def test_what_cannot_be_measured_is_none() -> None:
    video = np.random.default_rng(0).uniform(0, 255, (3, 6, 6, 1))
    missing = np.zeros((3, 6, 6), bool)
    missing[0] = True
    figures = truth.compare(video, video + 1, missing)
    assert figures["ssim"] is figures["seam"] is figures["motion_patches"] is None
    assert figures["error"] == pytest.approx(1)


def test_baselines_touch_missing_pixels_alone_and_continue_a_slope() -> None:
    """A plane of grey levels that stands still is recovered by all; one that brightens, by some."""
    height, width = np.mgrid[:20, :24]
    video = np.stack([60 + 3 * height + 2 * width + 4 * t for t in range(6)])[..., np.newaxis]
    video = video.astype(np.uint8)
    missing = np.zeros((6, 20, 24), bool)
    missing[2:4, 8:12, 9:14] = True
    visible = np.where(missing[..., np.newaxis], np.uint8(0), video)
    made = truth.baselines(visible, missing)
    expected = {"mean over time", "interpolation in time", "biharmonic"}
    assert set(made) - {"Telea"} == expected
    for filled in made.values():
        np.testing.assert_array_equal(filled[~missing], video[~missing])
    for name in ("interpolation in time", "biharmonic"):
        assert np.abs(made[name][missing] - video[missing]).max() < 1
    assert np.abs(made["mean over time"][missing] - video[missing]).mean() > 1


def test_baselines_of_single_frames_need_a_part_of_each() -> None:
    missing = np.zeros((4, 8, 8), bool)
    missing[1] = True
    made = truth.baselines(np.full((4, 8, 8, 3), 9, np.uint8), missing)
    assert set(made) == {"mean over time", "interpolation in time"}


def test_telea_is_beside_them_where_opencv_is_installed() -> None:
    pytest.importorskip("cv2")
    missing = np.zeros((2, 16, 16), bool)
    missing[:, 6:9, 6:9] = True
    for channels in (1, 3):
        visible = np.full((2, 16, 16, channels), 90, np.uint8)
        visible[missing] = 0
        assert np.abs(truth.baselines(visible, missing)["Telea"] - 90).max() <= 1


def test_pasting_at_full_size_changes_what_is_missing_and_nothing_else() -> None:
    scene = boat(10, (60, 90))
    crop = crop_around(scene.video, scene.mask, None, 10**6)
    rows, columns = crop.place
    assert scene.mask[:, rows, columns].sum() == scene.mask.sum()
    pasted = crop.paste(scene.truth[:, rows, columns])
    np.testing.assert_array_equal(pasted, scene.truth)


def test_pasting_what_was_shrunk_leaves_no_seam() -> None:
    """A bright frame whose recovery is 20 too dark: at the border it is as bright as outside."""
    frames = np.full((2, 200, 220, 3), 150, np.uint8)
    mask = np.zeros((2, 200, 220), bool)
    mask[1, 60:140, 70:150] = True
    crop = crop_around(frames, mask, None, 50 * 50)
    height, width = crop.working_mask.shape[1:]
    assert height * width <= 51 * 51 and "Works on" in crop.note
    pasted = crop.paste(np.full((2, height, width, 3), 130, np.uint8))
    np.testing.assert_array_equal(pasted[0], frames[0])
    np.testing.assert_array_equal(pasted[1][~mask[1]], frames[1][~mask[1]])
    border, middle = pasted[1, 60, 100].astype(int), pasted[1, 100, 110].astype(int)
    assert np.abs(border - 150).max() <= 3 and np.abs(middle - 130).max() <= 1


def test_a_working_pixel_is_missing_where_a_tenth_of_it_is() -> None:
    frames, mask = np.zeros((1, 80, 80, 3), np.uint8), np.zeros((1, 80, 80), bool)
    mask[0, 38:42, 38:42] = True
    crop = crop_around(frames, mask, (9, 9), 10**6)
    assert crop.place == (slice(22, 58), slice(22, 58))  # with the least context
    assert crop.working_mask.sum() == 1 and crop.working_mask[0, 4, 4]
