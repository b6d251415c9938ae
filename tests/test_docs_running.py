"""Every command and snippet that the documents show does its work, in a folder of tiny videos."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dynpat.datasets import FRAMES_PER_SECOND, boat, flames, ocean
from dynpat.datasets.damage import damage
from dynpat.tasks.serve import PageServer
from dynpat.videos import write_video

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
SMALL = (24, 24)
# Commands whose work is another test's, or which cannot run in a test, with the reason.
ELSEWHERE = {
    "gallery.md": "docs/make_gallery.py runs these very commands (test_docs compares them)",
    "tutorial.md": "test_docs.py does what it says, from its snippet to its last command",
    "cli.md": "it is the help of the commands, compared whole in test_docs.py",
}
NOT_HERE = {
    "python3 -m venv": "it installs from a package index; tox and .ci/run install in this way",
    ".venv/bin/": "it is the tests themselves, and what checks types and style",
    "bash .ci/run": "it is all of the tests in new environments",
    ". .venv/bin/activate": "it changes the shell of whoever types it",
}
LESS = {  # the same command with less work
    "--memory 4GB": "--memory 1GB", "--size 1280x720": "--size 64x48", "--size 200x150":
    "--size 48x40", "--frames 250": "--frames 30", "--frames 100": "--frames 40",
    "--size 64 --frames 40": "--size 32 --frames 12", "--box 120,80,60,40": "--box 30,20,20,12",
}
LEARNING = ("learn", "recover", "inpaint", "extend")


def shown(page: Path) -> list[str]:
    """The commands that stand in lines of their own, without their remarks."""
    text = page.read_text(encoding="utf-8")
    return [line.split(" #")[0].strip() for line in re.findall(r"^    (dynpat .+)$", text, re.M)]


def shorter(command: str) -> list[str]:
    """The words of a command after the name of the program, with less work to do."""
    for much, little in LESS.items():
        command = command.replace(much, little)
    words = shlex.split(re.sub(r"--time-budget \S+", "", command))[1:]
    if words[0] in LEARNING and "--config" not in words:
        words += ["--iterations", "2" if "--resume" in words else "1"]
    if words[0] == "sample":
        words += ["--steps", "4"]
    return words


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that the documents name, as tiny videos, in the current folder."""
    monkeypatch.chdir(tmp_path)
    fire = flames(14, SMALL)
    for name in ("fire", "new", "clip", "damaged"):
        write_video(tmp_path / f"{name}.mp4", fire, FRAMES_PER_SECOND)
    write_video(tmp_path / "other.mp4", flames(14, SMALL, 1), FRAMES_PER_SECOND)
    write_video(tmp_path / "water.mp4", ocean(14, SMALL), FRAMES_PER_SECOND)
    shutil.move("water.mp4", "water.avi")  # its content says what it is
    for label in ("waves", "fires"):
        write_video(tmp_path / "clips" / label / "one.mp4", flames(14, (32, 32)), FRAMES_PER_SECOND)
    scene = boat(14, (48, 72))
    write_video(tmp_path / "sea.mp4", scene.video, FRAMES_PER_SECOND)
    mask = 255 * scene.mask[..., np.newaxis].astype(np.uint8)
    write_video(tmp_path / "boat_mask.mp4", mask, FRAMES_PER_SECOND)
    ruined = damage(damage(ocean(20, (48, 48)), "scratches").video, "frozen", 1).video
    for name in ("film", "tape"):  # a codec would blur the damage
        write_video(tmp_path / name, ruined, FRAMES_PER_SECOND)
    for name, size in (("mask", SMALL), ("clock", (48, 48))):
        white = np.zeros(size, np.uint8)
        white[4:9, 4:9] = 255
        Image.fromarray(white).save(f"{name}.png")
    return tmp_path


@pytest.fixture
def learned_fire(folder: Path, learned_once: Path) -> Path:
    """Two runs that have ended, as `runs/fire` and `runs/other`."""
    for name in ("fire", "other"):
        shutil.copytree(learned_once, folder / "runs" / name)
    return folder


def run_all(page: Path, dynpat: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> int:
    """Type all commands of a page, one after the other; return how many there were."""
    monkeypatch.setattr(PageServer, "serve_forever", lambda self: None)  # it would wait for Ctrl-C
    found = shown(page)
    for command in found:
        words = [re.sub(r"^(film|tape)\.mp4$", r"\1", word) for word in shorter(command)]
        result = dynpat(*words)
        assert result.exit_code == 0, (command, words, result.output)
    return len(found)


@pytest.mark.slow
def test_the_readme_s_commands_work_in_their_order(
    folder: Path, learned_once: Path, dynpat: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(learned_once, folder / "runs" / "other")  # the one to compare with
    assert run_all(ROOT / "README.md", dynpat, monkeypatch) == 21


@pytest.mark.slow
@pytest.mark.parametrize(("page", "count"), [("learn", 3), ("evaluate", 2), ("recovery", 2)])
def test_the_commands_of_a_page_work(
    learned_fire: Path, dynpat: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, page: str,
    count: int,
) -> None:
    assert run_all(DOCS / f"{page}.md", dynpat, monkeypatch) == count
    if page == "evaluate":
        assert (learned_fire / "how_good.html").is_file()


def test_no_command_is_left_out() -> None:
    """A new page, or a new kind of line, needs someone who runs it or a reason."""
    run_here = {"README.md", "learn.md", "evaluate.md", "recovery.md", "scaling.md"}
    for page in PAGES:
        if page.name in ELSEWHERE or page.name in run_here:
            continue
        assert shown(page) == [], page.name
    lines = [line for page in [*PAGES[:2], DOCS / "tutorial.md"]
             for line in re.findall(r"^    (\S.*)$", page.read_text(encoding="utf-8"), re.M)]
    for line in lines:
        assert line.startswith(("dynpat ", *NOT_HERE)), line
    for begin, reason in NOT_HERE.items():
        assert any(line.startswith(begin) for line in lines) and reason


# Snippets of Python, with less work.
SNIPPETS = {
    "README.md": {"time_budget=300": "iterations=1", "recover(video, mask)":
                  "recover(video, mask, iterations=1)", "frames=100": "frames=30"},
    "api.md": {'out="runs/fire"': 'out="runs/again", iterations=1'},
    "gallery.md": {"frames=40": "frames=12"},
    "tutorial.md": {},
}


@pytest.mark.slow
@pytest.mark.parametrize("page", SNIPPETS)
def test_the_snippets_of_a_page_run(learned_fire: Path, page: str) -> None:
    text = next(one for one in PAGES if one.name == page).read_text(encoding="utf-8")
    snippets = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert snippets and all(any(much in one for one in snippets) for much in SNIPPETS[page])
    mask = np.zeros((14, *SMALL), bool)
    mask[:, 8:14, 8:14] = True
    names: dict[str, Any] = {
        "videos": flames(14, SMALL), "video": flames(14, SMALL), "mask": mask,
    }
    for snippet in snippets:
        for much, little in SNIPPETS[page].items():
            snippet = snippet.replace(much, little)
        exec(compile(snippet, page, "exec"), names)
    if page == "README.md":
        assert names["recovered"].shape == names["video"].shape
        assert names["figures"]["videos"]
    if page == "api.md":
        assert (learned_fire / "runs" / "again" / "model.keras").is_file()
        assert names["model"].count_params() > 0


def test_no_page_has_a_snippet_that_does_not_run() -> None:
    found = {page.name for page in PAGES if "```python" in page.read_text(encoding="utf-8")}
    assert found == set(SNIPPETS)
    every = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert set(re.findall(r"^ *```(\w+)", every, re.M)) == {"python"}


# What a shell reads.


def program(folder: Path, name: str, body: str) -> None:
    """Put a program that stands for another one into a folder of the search path."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/bash\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def in_bash(folder: Path, script: str, **variables: str) -> str:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("There is no bash here.")
    path = f"{folder / 'bin'}:/usr/local/bin:/usr/bin:/bin"
    done = subprocess.run([bash, "-c", script], capture_output=True, text=True, cwd=folder,
                          env={"PATH": path, "PYTHONPATH": ":".join(sys.path), **variables})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_shell_completes_after_the_line_that_is_shown(tmp_path: Path) -> None:
    program(tmp_path, "dynpat", f'exec {shlex.quote(sys.executable)} -c '
            '\'from dynpat_cli.main import main; main(prog_name="dynpat")\' "$@"')
    (line,) = re.findall(r"^    (eval .*?) +#", (DOCS / "learn.md").read_text("utf-8"), re.M)
    assert "dynpat" in in_bash(tmp_path, f"{line}\ncomplete -p dynpat")


def block(after: str) -> str:
    """The indented block of scaling.md after a line that ends so."""
    text = (DOCS / "scaling.md").read_text(encoding="utf-8").split(after)[1]
    return "\n".join(line[4:] for line in text.split("\n\n")[1].splitlines())


SAYS = 'echo "$TF_CONFIG"; echo "$@"'
CALL = ["learn", "/data/fire", "--strategy", "multiworker", "--chains", "4", "--out", "/data/run",
        "--quiet"]


def test_the_script_for_slurm_tells_each_task_its_place(tmp_path: Path) -> None:
    """There is no Slurm here: `scontrol` and `srun` are stood for, and dynpat says what it gets."""
    program(tmp_path, "scontrol", "echo one; echo two")
    program(tmp_path, "srun", 'SLURM_PROCID=1 exec "$@"')
    program(tmp_path, "dynpat", SAYS)
    *config, words = in_bash(tmp_path, block("script\nfor Slurm:")).splitlines()
    assert json.loads(" ".join(config)) == {"cluster": {"worker": ["one:2222", "two:2222"]},
                                  "task": {"type": "worker", "index": 1}}
    assert words.split() == CALL


def test_the_job_for_kubernetes_tells_each_pod_its_place(tmp_path: Path) -> None:
    """There is no Kubernetes here: the shell's part of the job runs, as YAML folds it."""
    program(tmp_path, "dynpat", SAYS)
    job = block("headless service `dynpat`:")
    folded = job.split("- >-\n")[1].split("      volumes:")[0]
    script = " ".join(line.strip() for line in folded.splitlines())
    config, words = in_bash(tmp_path, script, JOB_COMPLETION_INDEX="2").splitlines()
    found = json.loads(config)
    assert found["task"] == {"type": "worker", "index": 2}
    assert found["cluster"]["worker"] == [f"dynpat-{n}.dynpat:2222" for n in range(4)]
    assert len(found["cluster"]["worker"]) == int(re.findall(r"completions: (\d+)", job)[0])
    assert words.split() == CALL


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_mentioned_have_the_options_that_are_named(page: Path) -> None:
    from dynpat_cli.main import main

    context = main.make_context("dynpat", [], resilient_parsing=True)
    for mention in re.findall(r"`dynpat ([a-z][^`]*)`", page.read_text(encoding="utf-8")):
        name, *words = mention.split()
        command = main.get_command(context, name)
        assert command is not None, mention
        known = {option for one in command.params for option in one.opts}
        assert {word for word in words if word.startswith("--")} <= known, mention
