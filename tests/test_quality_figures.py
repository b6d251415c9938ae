"""The judge of learning: its score and its sentence."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dynpat.datasets import flames
from dynpat.quality import figures as quality
from dynpat.quality.baselines import pixel_gaussian

SIZE = (32, 32)


@pytest.fixture(scope="module")
def whole() -> np.ndarray:
    return flames(120, SIZE).astype(np.float32)


@pytest.mark.usefixtures("thorough")
def test_the_score_orders_videos_as_the_eye_does(whole: np.ndarray) -> None:
    judge = quality.Judge(whole[:60])
    continued, still = whole[60:], np.repeat(whole[:1], 60, axis=0)
    judged = [judge(video) for video in (continued, pixel_gaussian(whole[:60]), still)]
    scores = [one.score for one in judged if one]
    assert len(scores) == 3
    assert scores[0] < scores[1] < scores[2]
    assert scores[0] < 1.5 and scores[1] > 2


def test_the_score_is_the_mean_of_what_it_says() -> None:
    rng = np.random.default_rng(0)
    judge = quality.Judge(rng.uniform(0, 255, (20, 16, 16, 1)))
    judged = judge(rng.uniform(0, 255, (20, 16, 16, 1)))
    assert judged is not None and judge.floor is not None
    found, floor = judged.to_dict(), judge.floor.to_dict()
    parts = [found[name] / max(floor[name] or 0.0, 0.5)
             for name in ("patches", "motion_patches", "deviation")]
    parts += [abs(math.log(found[name])) / 0.15 for name in ("motion", "sharpness")]
    assert judged.score == found["score"] == pytest.approx(np.mean(parts))


def test_the_sentence_gives_floors_and_names_copies(whole: np.ndarray) -> None:
    judge = quality.Judge(whole[:60])
    copied, new = judge(whole[:60]), judge(whole[60:])
    assert judge.floor is not None and judge.floor.edges is None  # which it does not measure
    assert "nearly a copy" in judge.sentence(copied)
    assert "nearly a copy" not in judge.sentence(new)
    assert f"(floor {judge.floor.deviation:.1f})" in judge.sentence(new)


@pytest.mark.parametrize("shape", [(8, 32, 32, 3), (30, 6, 32, 3)])
def test_what_is_too_small_is_not_judged(shape: tuple[int, ...]) -> None:
    judge = quality.Judge(np.zeros(shape, np.uint8))
    assert judge(np.zeros(shape)) is None
    assert judge.sentence(None) == "Too few frames or pixels to judge the quality."
