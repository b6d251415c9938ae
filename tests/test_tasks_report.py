"""The pages: what they hold, that they need nothing from outside, and that names do no harm."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dynpat.datasets import lights
from dynpat.errors import BadOptionError, BadRunError
from dynpat.runs.folder import Run
from dynpat.tasks import compare, report, restore as restoring
from dynpat.videos import write_video


def held(page: str) -> list[str]:
    """All that a page would load."""
    return re.findall(r'\s(?:src|href|data-sheet)="([^"]*)"', page)


def test_a_run_s_page_holds_its_videos_figures_curves_and_settings(page: str) -> None:
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    assert captions == ["observed", "synthesised 000", "synthesised 001",
                        "each filter over its frames"]
    titles = re.findall(r"<(?:h2|summary)>(.*?)</", page)
    assert titles == ["More videos", "One row of pixels over time", "Frames",
                      "Quality, in grey levels", "Learning", "Filters of the first layer",
                      "To repeat it", "Settings"]
    assert "distance of patches: how things look" in page and "floor: real against real" in page
    assert "&#34;learning_rate&#34;: 0.0002" in page and "4 updates in" in page


def test_at_the_top_stand_two_videos_and_the_verdict(page: str) -> None:
    top = page[page.index('<div class="top judged">') : page.index("<h2>")]
    assert re.findall(r"<figcaption>(.*?)</figcaption>", top) == ["observed", "synthesised 000"]
    assert "--columns: minmax(0, 24fr) minmax(0, 24fr)" in top  # enlarged alike
    assert top.count("<dt>") == 3 and '<p class="verdict">' in top
    for value, floor in re.findall(r"<strong>(.*?)</strong>.*?real: (.*?)\)", top):
        assert float(value) >= 0 and float(floor) >= 0
    assert set(re.findall(r'<div class="(\w+)"><dt>', top)) <= {"real", "close", "far"}


def test_a_page_in_a_file_asks_no_server(page: str) -> None:
    assert "fetch(" not in page


def test_a_page_loads_nothing_from_outside(page: str) -> None:
    assert len(held(page)) == 7  # three videos, the filters, two pictures, an empty icon
    assert all(url.startswith("data:") for url in held(page))
    assert all(mark.startswith("#") for mark in re.findall(r'xlink:href="([^"]*)"', page))
    assert "@import" not in page and "url(" not in page.replace("url(#", "")
    assert len(page) < 1_000_000


def test_names_cannot_put_code_into_a_page(learned: Path, tmp_path: Path) -> None:
    evil = tmp_path / "<script>alert(1)</script> & 'co'".replace("/", "_")
    learned.rename(evil)
    page = report.write_report(Run.open(evil)).read_text(encoding="utf-8")
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_a_page_of_a_run_that_was_stopped_shows_its_preview(learned: Path) -> None:
    for path in (learned / "samples").iterdir():
        path.unlink()
    (learned / "metrics.json").unlink()
    with (learned / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write('{"update": 5, "elapsed": 9.0, "quality": {"score": 1.75}}\n')
    page = report.write_report(Run.open(learned)).read_text(encoding="utf-8")
    assert "observed | made so far" in page and "Quality, in grey levels" not in page
    assert "After 5 updates the newest video has the score 1.8" in page


@pytest.mark.parametrize("text", [
    "{", "[1]", '{"synthesised": 1}', '{"floor": {"patches": "many"}}', '{"floor": {"x": {}}}',
    '{"video_0": {"truth": 2}}', '{"video_0": {"truth": {"mean": []}}}', '{"\\ud800": 1}',
    '{"reference": {"motion": true}}', '{"synthesised": {"patches": Infinity}}',
])
def test_damaged_figures_are_one_sentence(text: str, learned: Path) -> None:
    (learned / "metrics.json").write_text(text, encoding="utf-8")
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
    top = page[page.index('<div class="top judged">') : page.index("<h2>")]
    assert re.search(
        r'"verdict">Missing pixels are wrong by [\d.]+ grey levels, beside [\d.]+ of the best '
        r"simple method, [\w ]+; they move [\d.]+ times as much as the truth\.<", top,
    )
    assert re.findall(r"<dt>(.*?)</dt>", top) == [
        "error of missing pixels", "error of steps across the border", "motion of missing pixels",
    ]
    assert "(the truth: 1.00)" in top


def test_a_recovery_without_truth_is_judged_beside_what_is_visible(
    flames_file: Path, tmp_path: Path
) -> None:
    plan = restoring.make_restoration(
        "inpaint", flames_file, missing={"box": "8,8,10,10"}, precision="float32",
        learn={"iterations": 1}, estimate="mean",
    )
    run = restoring.restore(plan, tmp_path / "run", formats=("gif",)).run
    figures = Run.open(run).metrics()["video_0"]
    assert figures["hidden"]["error"] > 0 and figures["around"]["motion"] >= 0
    page = (run / "report.html").read_text(encoding="utf-8")
    top = page[page.index('<div class="top judged">') : page.index("<h2>")]
    assert '<p class="verdict">The truth is not known, but known pixels that were hidden' in top
    assert re.findall(r"<dt>(.*?)</dt>", top) == [
        "error of hidden known pixels", "motion of filled-in pixels", "edges of filled-in pixels",
    ]


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
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    assert captions == ["observed", "1: learned", "2: other"]
    assert '<div class="top">' in page  # no verdict beside: the videos have all the room
    assert len(re.findall(r'<td class="best">', page)) > 5
    assert "two or more" in refused("compare", learned)
    dynpat("evaluate", tmp_path / "lights", learned / "samples" / "synthesised_000.gif",
           "--no-baselines", "--report", tmp_path / "how_good.html")
    page = (tmp_path / "how_good.html").read_text(encoding="utf-8")
    assert "synthesised_000.gif" in page and "<summary>Settings" not in page  # it has none


def test_comparing_needs_runs_that_made_something(learned: Path, tmp_path: Path) -> None:
    with pytest.raises(BadOptionError, match="two or more"):
        compare.compare_runs([learned], tmp_path / "page.html")
    for path in (learned / "samples").iterdir():
        path.unlink()
    with pytest.raises(BadRunError, match="holds no"):
        compare.compare_runs([learned, learned], tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()
