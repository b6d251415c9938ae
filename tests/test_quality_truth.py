"""Figures of recovery on constructed cases."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from dynpat.datasets import ocean
from dynpat.quality import truth

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
    assert figures.error == figures.seam == 0 and figures.psnr is None
    assert figures.ssim == pytest.approx(1) and figures.motion == pytest.approx(1)
    assert {entry.name for entry in fields(figures)} == set(truth.MEANINGS)


def test_a_constant_error_has_the_figures_it_must(case: tuple[np.ndarray, np.ndarray]) -> None:
    video, missing = case
    video = 0.5 * video + 50
    wrong = np.where(missing[..., np.newaxis], video + 10, video)
    figures = truth.compare(video, wrong, missing)
    assert figures.error == pytest.approx(10, abs=1e-3)
    assert figures.psnr == pytest.approx(20 * np.log10(255 / 10), abs=1e-3)
    assert figures.seam == pytest.approx(10, abs=1e-3)
    assert figures.motion == pytest.approx(1, abs=1e-4)


def test_visible_pixels_do_not_count(case: tuple[np.ndarray, np.ndarray]) -> None:
    video, missing = case
    spoilt = np.where(missing[..., np.newaxis], video, 0)
    assert truth.compare(video, spoilt, missing).error == 0


def test_a_still_filling_has_no_motion(case: tuple[np.ndarray, np.ndarray]) -> None:
    video, missing = case
    still = np.where(missing[..., np.newaxis], video.mean(axis=0), video)
    figures = truth.compare(video, still, missing)
    assert figures.motion == pytest.approx(0, abs=1e-4)
    assert figures.motion_patches > 1


def test_what_cannot_be_measured_is_none() -> None:
    video = np.random.default_rng(0).uniform(0, 255, (3, 6, 6, 1))
    missing = np.zeros((3, 6, 6), bool)
    missing[0] = True
    figures = truth.compare(video, video + 1, missing)
    assert figures.ssim is figures.seam is figures.motion_patches is None
    assert figures.error == pytest.approx(1)


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
