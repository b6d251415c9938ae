"""The documents stay true."""

from __future__ import annotations

import ast
import importlib
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

import dynpat

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands(page: Path) -> list[list[str]]:
    """What a page tells to type, without the name of the program."""
    if page.name == "cli.md":  # checked whole
        return []
    lines = re.findall(r"^    dynpat (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [shlex.split(line.split(" #")[0]) for line in lines]


def test_cli_page_is_what_the_commands_say(script: Callable[[str], ModuleType]) -> None:
    said = re.sub(r"\s+", " ", script("docs/make_cli.py").page())
    written = re.sub(r"\s+", " ", (ROOT / "docs" / "cli.md").read_text(encoding="utf-8"))
    assert written == said, "run python docs/make_cli.py"


def test_readme_names_only_what_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)]+)\)", readme):
        assert (ROOT / link).exists(), link
    from dynpat_cli.main import COMMANDS

    used = set(re.findall(r"^    dynpat (\w+)", readme, flags=re.MULTILINE))
    assert used and used <= set(COMMANDS)
    for name in re.findall(r"dynpat\.(\w+)\(", readme):
        assert hasattr(dynpat, name), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_shown_can_be_typed(page: Path) -> None:
    """Click reads it without a complaint; that it works is tested elsewhere."""
    from dynpat_cli.main import main

    context = main.make_context("dynpat", [], resilient_parsing=True)
    for name, *arguments in commands(page):
        command = main.get_command(context, name)
        assert command is not None, name
        command.make_context(name, list(arguments), parent=context)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not link.startswith("http"):
            assert (page.parent / link).exists(), link


def test_the_site_has_every_page() -> None:
    listed = re.findall(r": (\w+\.md)", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert sorted(listed) == [page.name for page in PAGES[1:]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_snippet_is_python_and_names_what_exists(page: Path) -> None:
    for snippet in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        for node in ast.walk(ast.parse(snippet)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert node.value.id != "dynpat" or hasattr(dynpat, node.attr), node.attr
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("dynpat"):
                module = importlib.import_module(str(node.module))
                assert all(hasattr(module, name.name) for name in node.names), node.module


def test_the_gallery_shows_the_commands_of_its_script(script: Callable[[str], ModuleType]) -> None:
    shown = commands(ROOT / "docs" / "gallery.md")
    gallery = script("docs/make_gallery.py")
    assert shown == [words.split() for words in gallery.COMMANDS.values()]
    assert gallery.PICTURE == ROOT / "docs" / "gallery.gif"


def test_the_gallery_s_snippet_renders_what_its_commands_learn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    (snippet,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(snippet, "gallery", "exec"), {})
    named = {word for words in commands(ROOT / "docs" / "gallery.md") for word in words
             if word.startswith("videos/")}
    assert len(named) == 6 and all((tmp_path / name).is_dir() for name in named)


def test_the_picture_of_the_readme_moves_and_is_small() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (place,) = re.findall(r"^!\[.*\]\((.*)\)$", readme, flags=re.MULTILINE)
    assert readme.index(place) < readme.index("## Try it")
    assert (ROOT / place).stat().st_size < 2_000_000
    with Image.open(ROOT / place) as picture:
        assert getattr(picture, "n_frames", 1) >= 15 and picture.width >= 800


def test_the_picture_s_script_joins_titled_panels(
    script: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    gallery = script("docs/make_gallery.py")
    video = np.random.default_rng(0).integers(0, 256, (5, 20, 30, 3), dtype=np.uint8)
    frames = gallery.picture([[("one", video), ("two", video)], [("three", video)]])
    wide, high = 30 * gallery.ENLARGED + gallery.GAP, 20 * gallery.ENLARGED + gallery.LINE
    assert frames.shape == (20, 2 * (high + gallery.GAP), 2 * wide, 3)
    shown = frames[1, gallery.LINE : high : gallery.ENLARGED, : wide - gallery.GAP]
    np.testing.assert_array_equal(shown[:, :: gallery.ENLARGED], video[gallery.EVERY])
    gallery.write_picture(frames, tmp_path / "picture.gif")
    with Image.open(tmp_path / "picture.gif") as picture:
        assert picture.n_frames == 20 and picture.info["duration"] == 80


def test_the_citation_names_this_version_and_the_paper() -> None:
    cited = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {dynpat.__version__}\n" in cited
    assert "Synthesizing Dynamic Patterns by Spatial-Temporal Generative ConvNet" in cited


SHORTER = {"--time-budget": "--iterations", "100": "30"}  # by number, not by time; of frames


@pytest.mark.slow
def test_the_tutorial_does_what_it_says(
    dynpat: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its snippet and its commands, one after the other, with less time to learn."""
    monkeypatch.chdir(tmp_path)
    tutorial = ROOT / "docs" / "tutorial.md"
    (snippet,) = re.findall(r"```python\n(.*?)```", tutorial.read_text(encoding="utf-8"), re.DOTALL)
    small = snippet.replace("frames=40, size=(64, 64)", "frames=20, size=(24, 24)")
    assert small != snippet
    exec(compile(small, "tutorial", "exec"), {})
    assert Path("flames.mp4").is_file()
    for words in commands(tutorial):
        if "runs/other" in words:  # only there to show what comes next
            continue
        shorter = [SHORTER.get(word, re.sub(r"^\d+m$", "3", word)) for word in words]
        if "--resume" in words:
            shorter += ["--iterations", "5"]
        elif words[0] == "sample":
            shorter += ["--steps", "4"]
        shown = dynpat(*shorter)
        assert shown.exit_code == 0, (words, shown.output)
    for file in ("flames/preview.gif", "flames/report.html", "recovered/report.html",
                 "longer/results/recovered_000.gif"):
        assert (tmp_path / "runs" / file).is_file(), file


@pytest.mark.slow
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cell by cell in one namespace, with few updates."""
    monkeypatch.chdir(tmp_path)
    notebook = json.loads((ROOT / "examples" / "quickstart.ipynb").read_text(encoding="utf-8"))
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(not cell.get("outputs") for cell in notebook["cells"])
    names: dict[str, Any] = {}
    for cell in code:
        for much, little in {"UPDATES = 400": "UPDATES = 2", "(48, 48)": "(24, 24)"}.items():
            cell = cell.replace(much, little)
        exec(compile(cell, "quickstart", "exec"), names)
    assert names["UPDATES"] == 2 and names["observed"].shape == (40, 24, 24, 3)
    assert names["synthesised"].shape == names["observed"].shape
    assert (tmp_path / "runs" / "quickstart" / "report.html").is_file()
