"""The pages: what they hold, that they need nothing from outside, and that names do no harm."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from dynpat.datasets import flames, lights
from dynpat.errors import BadOptionError, BadRunError
from dynpat.report import curves, pictures
from dynpat.runs.folder import Run
from dynpat.tasks import compare, report, restore as restoring
from dynpat.videos import read_video, write_video


def held(page: str) -> list[str]:
    """All that a page would load."""
    return re.findall(r'\s(?:src|href|data-sheet)="([^"]*)"', page)


def picture(url: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",", 1)[1]))))


@pytest.fixture(scope="module")
def page(learned_once: Path) -> str:
    return (learned_once / "report.html").read_text(encoding="utf-8")


def test_a_run_s_page_holds_its_videos_figures_curves_and_settings(page: str) -> None:
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    assert captions == ["observed", "synthesised 000", "synthesised 001",
                        "each filter over its frames"]
    for title in ("Frames", "One row of pixels over time", "Quality, in grey levels", "Learning",
                  "To repeat it", "Settings"):
        assert f"<h2>{title}</h2>" in page
    assert "distance of patches: how things look" in page and "floor: real against real" in page
    assert "&#34;learning_rate&#34;: 0.001" in page and "4 updates in" in page


def test_a_page_loads_nothing_from_outside(page: str) -> None:
    assert len(held(page)) == 7  # three videos, the filters, two pictures, an empty icon
    assert all(url.startswith("data:") for url in held(page))
    assert all(mark.startswith("#") for mark in re.findall(r'xlink:href="([^"]*)"', page))
    assert "@import" not in page and "url(" not in page.replace("url(#", "")
    assert len(page) < 1_000_000


def test_the_sheet_of_a_video_is_its_frames_row_by_row(page: str, learned_once: Path) -> None:
    (first, *_), video = re.findall(r"<canvas(.*?)></canvas>", page, re.DOTALL), read_video(
        learned_once / "observed.gif").frames
    value = dict(re.findall(r'([\w-]+)="([^"]*)"', first))
    columns, frames = int(value["data-columns"]), int(value["data-frames"])
    height, width = int(value["height"]), int(value["width"])
    assert (frames, height, width) == video.shape[:3]
    sheet = picture(value["data-sheet"]).astype(float)
    for number, frame in enumerate(video):
        row, column = divmod(number, columns)
        part = sheet[row * height : (row + 1) * height, column * width : (column + 1) * width]
        assert np.abs(part - frame).mean() < 8  # WebP is lossy
        others = [np.abs(part - other).mean() for other in video]
        assert int(np.argmin(others)) == number


def test_the_curves_are_one_drawing_in_the_page_s_colours() -> None:
    rows = [{"update": n, "energy_gap": n * 0.1, "contrast": 1.0, "gradient_norm": 2.0 / n,
             "step_seconds": 0.2, **({"quality": {"score": 3.0 / n}} if n % 5 == 0 else {})}
            for n in range(1, 31)]
    drawing = curves.draw_curves(rows)
    ElementTree.fromstring(drawing)
    assert all(name in drawing for name in curves.MEANINGS)
    assert "#000000" not in drawing and "currentColor" in drawing
    assert drawing == curves.draw_curves(rows)
    assert curves.draw_curves(rows[:1]) == ""


def test_the_slice_is_the_row_that_changes_most() -> None:
    video = np.full((6, 10, 8, 3), 50, np.uint8)
    video[1::2, 7, 2:5] = 200
    shown = picture(pictures.slices({"one": video, "two": 255 - video}).source)
    assert shown.shape == (6, 8 + pictures.GAP + 8, 3)
    np.testing.assert_array_equal(shown[:, :8], video[:, 7])
    np.testing.assert_array_equal(shown[:, 8 + pictures.GAP:], 255 - video[:, 7])


@pytest.mark.parametrize("channels", [1, 3])
def test_filters_are_tiles_of_equal_contrast(channels: int) -> None:
    kernel = np.random.default_rng(0).normal(size=(4, 5, 6, channels, 7)) * np.arange(1, 8)
    tiles = pictures.filters(kernel)
    assert tiles.dtype == np.uint8 and tiles.shape[0] == 4 and tiles.shape[3] == 3
    high, wide = 5 + pictures.GAP, 6 + pictures.GAP
    for number in range(7):
        row, column = divmod(number, tiles.shape[2] // wide)
        tile = tiles[:, row * high : row * high + 5, column * wide : column * wide + 6]
        assert np.abs(tile.astype(int) - 128).max() >= 126


def test_large_videos_are_shrunk_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_PIXELS", 8 * 20 * 30)
    large = pictures.panel("flames", flames(8, (40, 60)))
    assert "shrunk" in large.caption and (large.height, large.width) == (20, 30)
    assert "shrunk" not in pictures.panel("flames", flames(8, (20, 30))).caption


def test_names_cannot_put_code_into_a_page(learned: Path, tmp_path: Path) -> None:
    evil = tmp_path / "<script>alert(1)</script> & 'co'".replace("/", "_")
    learned.rename(evil)
    page = report.write_report(Run.open(evil)).read_text(encoding="utf-8")
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_a_page_of_a_run_that_was_stopped_shows_its_preview(learned: Path) -> None:
    for path in (learned / "samples").iterdir():
        path.unlink()
    (learned / "metrics.json").unlink()
    page = report.write_report(Run.open(learned)).read_text(encoding="utf-8")
    assert "observed | made so far" in page and "Quality, in grey levels" not in page


def test_damaged_figures_are_one_sentence(learned: Path) -> None:
    (learned / "metrics.json").write_text("{", encoding="utf-8")
    with pytest.raises(BadRunError, match=r"metrics\.json.*delete it"):
        report.write_report(Run.open(learned))


def test_a_recovery_s_page_shows_what_was_visible_and_the_truth(
    flames_file: Path, tmp_path: Path
) -> None:
    plan = restoring.make_restoration(
        "recover", flames_file, missing={"occlude": "region:0.2"}, precision="float32",
        learn={"iterations": 1},
    )
    run = restoring.restore(plan, tmp_path / "run", formats=("gif",)).run
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "visible | recovered | truth where it is known" in page
    assert "video 0 beside the truth" in page and "interpolation in time" in page


def test_the_commands_write_pages(
    dynpat: Callable[..., Any], refused: Callable[..., str], learned: Path, tmp_path: Path
) -> None:
    (learned / "report.html").unlink()
    shown = dynpat("report", learned)
    assert shown.exit_code == 0 and shown.stdout.strip() == str(learned / "report.html")
    assert (learned / "report.html").is_file()
    other = tmp_path / "other"
    write_video(tmp_path / "lights", lights(12, (24, 24)), 25)
    dynpat("learn", tmp_path / "lights", "--out", other, "--iterations", 1, "--chains", 1)
    shown = dynpat("compare", learned, other, "--out", tmp_path / "both.html")
    assert shown.exit_code == 0, shown.output
    page = (tmp_path / "both.html").read_text(encoding="utf-8")
    assert "1: learned" in page and "2: other" in page
    assert re.search(r"learn\.chains</th><td>2</td><td>1</td>", page)
    assert "learn.seed" not in page  # the same in both
    assert "two or more" in refused("compare", learned)
    dynpat("evaluate", tmp_path / "lights", learned / "samples" / "synthesised_000.gif",
           "--no-baselines", "--report", tmp_path / "how_good.html")
    page = (tmp_path / "how_good.html").read_text(encoding="utf-8")
    assert "synthesised_000.gif" in page and "<h2>Settings</h2>" not in page  # it has none


def test_comparing_needs_runs_that_made_something(learned: Path, tmp_path: Path) -> None:
    with pytest.raises(BadOptionError, match="two or more"):
        compare.compare_runs([learned], tmp_path / "page.html")
    for path in (learned / "samples").iterdir():
        path.unlink()
    with pytest.raises(BadRunError, match="holds no"):
        compare.compare_runs([learned, learned], tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()
