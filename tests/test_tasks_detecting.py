"""`dynpat recover --detect` end to end: damage is found, said, kept in the run, and repaired."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dynpat.datasets import ocean
from dynpat.datasets.damage import damage
from dynpat.errors import BadMaskError
from dynpat.masks import detect_damage
from dynpat.reporter import Reporter
from dynpat.tasks.arrays import recover
from dynpat.tasks.incomplete import Given, read_incomplete
from dynpat.tasks.restore import make_restoration
from dynpat.videos import as_videos, write_video

Call = Callable[..., Any]
QUICK = ("--iterations", 1, "--chains", 1, "--precision", "float32", "--window", 8,
         "--format", "npy")
SEA = ocean(20, (32, 32))


def film() -> np.ndarray:
    """Two frozen frames, a black one and a scratch."""
    video = SEA.copy()
    video[[5, 6]] = video[4]
    video[12] = 1
    video[9, 3:29, 14] = 250
    return video


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The film, losslessly."""
    path = tmp_path_factory.mktemp("damaged") / "film"
    write_video(path, film(), 25)
    return path


class Heard(Reporter):
    def __init__(self) -> None:
        self.sentences: list[str] = []

    def say(self, message: str) -> None:
        self.sentences.append(message)


def found(missing: dict[str, Any], *videos: np.ndarray, **given: Any) -> tuple[Any, list[str]]:
    """What is missing in videos in memory, and what is said about it."""
    heard, shelf = Heard(), [one for video in videos for one in as_videos(video)]
    plan = make_restoration("recover", ["film"] * len(videos), missing=missing)
    return read_incomplete(plan, heard, Given(shelf, **given)).missing, heard.sentences


@pytest.mark.slow
def test_damage_is_found_said_shown_and_repaired(
    dynpat: Call, refused: Call, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    shown = dynpat("recover", folder, "--detect", "scratches,frozen,black", "--out", out, *QUICK)
    assert shown.exit_code == 0, shown.output
    said = " ".join(shown.stderr.split())
    for sentence in ("Found 2 frozen frames: 5, 6.", "Found 1 black frame: 12.",
                     "Found 1 scratch or speck in 1 frame."):
        assert f"film: {sentence}" in said
    missing = detect_damage(film(), "frozen,black,scratches").mask
    made = np.load(out / "results" / "recovered_000.npy")
    np.testing.assert_array_equal(made[~missing], SEA[~missing])
    before, after = (np.abs(video.astype(float) - SEA).mean() for video in (film(), made))
    assert after < 0.5 * before
    with Image.open(out / "mask_preview.png") as picture:
        red = np.asarray(picture)[16, 16 :: 32 + 4].astype(int)
    assert (red[:, 0] - red[:, 2] > 60).sum() >= 2
    assert json.loads((out / "config.json").read_text())["plan"]["missing"]["detect"] == [
        "frozen", "black", "scratches"
    ]
    again = ("recover", "--resume", "--out", out)
    same = dynpat(*again, "--detect", "black,frozen,scratches", "--iterations", 2,
                  "--format", "npy")
    assert same.exit_code == 0, same.output
    assert "--detect cannot be changed on --resume" in refused(*again, "--detect", "black")


def test_from_python_on_arrays() -> None:
    result = recover(film(), missing={"detect": ["black"]}, iterations=1, window=8)
    black = detect_damage(film(), "black").mask
    np.testing.assert_array_equal(result.recovered[~black], film()[~black])
    assert np.abs(result.recovered[black].astype(float) - SEA[black]).mean() < 20


def test_what_is_found_joins_a_mask_which_is_not_looked_at() -> None:
    logo = np.zeros((32, 32), bool)
    logo[:, 10:20] = True  # over the scratch
    missing, said = found({"detect": "scratches,black", "mask": "an array"}, film(), mask=logo)
    expected = np.broadcast_to(logo, (20, 32, 32)).copy()
    expected[12] = True
    np.testing.assert_array_equal(missing[0], expected)
    assert said == ["array: Found 1 black frame: 12."]
    alone, said = found({"detect": "frozen", "mask": "an array"}, SEA, mask=logo)
    assert said == [] and np.array_equal(alone[0], np.broadcast_to(logo, (20, 32, 32)))


def test_scratches_grow_with_dilate() -> None:
    narrow, wide = (found({"detect": "scratches", "dilate": pixels}, film())[0].sum()
                    for pixels in (0, 2))
    assert wide > 1.5 * narrow


def test_videos_without_damage_help_those_with_some() -> None:
    missing, said = found({"detect": "frozen"}, SEA, film())
    assert not missing[0].any() and missing[1, [5, 6]].all() and len(said) == 1


@pytest.mark.parametrize(("video", "words"), [
    (SEA, "--detect frozen found no such damage; if you see some, show it by --mask or --box."),
    (SEA[np.arange(20) // 2], "in a regular cadence"), (SEA[np.zeros(20, int)], "no such damage"),
])  # fmt: skip
def test_nothing_found_is_one_sentence(video: np.ndarray, words: str) -> None:
    with pytest.raises(BadMaskError) as caught:
        found({"detect": "frozen"}, video)
    assert words in str(caught.value)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_nothing_left_is_one_sentence() -> None:
    others = np.ones((20, 32, 32), bool)
    others[12] = False
    with pytest.raises(BadMaskError, match=r"--detect black and --mask leave nothing visible"):
        found({"detect": "black", "mask": "an array"}, film(), mask=others)


@pytest.mark.parametrize(("options", "words"), [
    (("--detect", "rust"), "frozen, black, scratches"),
    (("--detect", ""), "frozen, black, scratches"),
    (("--detect", "black", "--occlude", "region:0.1"), "give one of both"),
    (("--detect", "black", "--invert-mask"), "change a mask"),
])
def test_refusals(
    refused: Call, folder: Path, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    said = refused("recover", folder, *options, "--out", tmp_path / "run", "--iterations", 1)
    assert words in " ".join(said.split())
    assert not (tmp_path / "run").exists()


def test_damage_from_a_recipe_is_found_in_a_file(refused: Call, tmp_path: Path) -> None:
    made = damage(SEA, "black", 1)
    write_video(tmp_path / "night", made.video, 25)
    plan = make_restoration("recover", tmp_path / "night", missing={"detect": "black"})
    np.testing.assert_array_equal(read_incomplete(plan, Heard()).missing[0], made.mask)
    assert "found no such damage" in refused(
        "recover", tmp_path / "night", "--detect", "frozen", "--out", tmp_path / "run"
    )
