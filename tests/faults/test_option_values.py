"""No combination of options gives a traceback: a result, or one sentence with the right status."""

from __future__ import annotations

import os
import shutil
import socketserver
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from PIL import Image

from dynpat.datasets import flames
from dynpat.videos import write_video

pytestmark = pytest.mark.slow
EXAMPLES = int(os.environ.get("DYNPAT_OPTIONS", "5"))  # of each command; 25 before a release
# What is counted by these is done, however long it takes; so they are small, or nonsense.
COUNTED = {"langevin_steps", "chains", "batch", "count", "steps", "between", "window", "iterations"}
# Each of these ends what would otherwise take its time.
ENDED = {
    "learn": ("--iterations", "2"), "recover": ("--iterations", "2"),
    "inpaint": ("--iterations", "2"), "extend": ("--iterations", "2"),
    "demo": ("--iterations", "2"), "sample": ("--steps", "2"),
}
TEXTS = ("", " ", "x", "-1", "0", "1", "nan", "inf", "-inf", "1e400", "1,2", "0x10", "٣",
         "../..", "a" * 5000, "🔥", "{}", "--", "None")  # fmt: skip
WORDS = {
    "size": ("24", "8x12", "0", "-3x4", "7x", "99999x99999", "1x1", "3x300"),
    "time": ("1s", "0.5s", "0", "1h", "-1s", "1e9h", "2m-3s"),
    "memory": ("4GB", "1KB", "0", "900MB", "1e300TB"),
    "formats": ("npy", "gif,mp4", "png,", "frames", "avi", "npy,npy"),
}


@dataclass(frozen=True)
class Rooms:
    """Files of all kinds, and the words that name them."""

    paths: tuple[str, ...]
    inputs: dict[str, tuple[str, ...]]
    folder: Path


@pytest.fixture(scope="module")
def rooms(learned_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Rooms:
    folder = tmp_path_factory.mktemp("options")
    write_video(folder / "a.mp4", flames(12, (24, 24)), 25)
    write_video(folder / "short.gif", flames(3, (20, 28)), 25)
    write_video(folder / "frames", flames(4, (24, 24)), 25)
    mask = np.zeros((24, 24), np.uint8)
    mask[6:15, 8:17] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    (folder / "empty.mp4").touch()
    (folder / "noise.npz").write_bytes(b"PK\x03\x04" + bytes(range(256)))
    run = Path(shutil.copytree(learned_once, folder / "run"))
    known = [str(path) for path in (
        folder / "a.mp4", folder / "short.gif", folder / "frames", folder / "mask.png",
        folder / "empty.mp4", folder / "noise.npz", run, run / "config.json", folder / "absent",
    )]
    video, mask_file = known[0], known[3]
    inputs = {
        "learn": (video,), "recover": (video, "--occlude", "frames:0.5"),
        "inpaint": (video, "--mask", mask_file), "extend": (video, "--frames", "2"),
        "sample": (str(run),), "evaluate": (video, video), "report": (str(run),),
        "compare": (str(run), str(run)),
    }
    return Rooms(tuple(known), inputs, folder)


def values_of(param: click.Parameter, rooms: Rooms) -> st.SearchStrategy[str]:
    """Right, nearly right and absurd words for an option or argument."""
    kind = param.type
    if isinstance(kind, click.Choice):
        return st.sampled_from([*map(str, kind.choices), *TEXTS])
    if isinstance(kind, click.Path):
        return st.sampled_from([*rooms.paths, *TEXTS])
    if kind.name in WORDS:
        return st.sampled_from([*WORDS[kind.name], *TEXTS])
    if kind.name in ("integer", "integer range", "float", "float range"):
        numbers = ["-7", "0", "1", "2", "3", "0.5", "1e-30"]
        if param.name not in COUNTED:
            numbers += ["12", "1000000000000", str(2**63), "1e30"]
        return st.sampled_from([*numbers, *TEXTS])
    return st.sampled_from([*rooms.paths, "salt-pepper:0.5", "region:0.2", "1,2,3,4", *TEXTS])


@st.composite
def command_lines(draw: Any, command: click.Command, rooms: Rooms) -> list[str]:
    name = str(command.name)
    usual = list(rooms.inputs.get(name, ()))
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    if arguments and draw(st.integers(0, 9)) == 0:
        usual = [draw(values_of(arguments[0], rooms)) for _ in range(draw(st.integers(0, 2)))]
    options = [
        p for p in command.params if isinstance(p, click.Option) and p.name not in ("help", "out")
    ]
    line = [name, *usual]
    for option in draw(st.lists(st.sampled_from(options), max_size=4)) if options else ():
        line.append(draw(st.sampled_from([*option.opts, *option.secondary_opts])))
        if not option.is_flag:
            line.append(draw(values_of(option, rooms)))
    return [*line, *ENDED.get(name, ())]


def commands() -> dict[str, click.Command]:
    from dynpat_cli.main import main

    context = click.Context(main)
    found = {name: main.get_command(context, name) for name in main.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def interrupted(*_: object) -> None:
    """What a server does until somebody presses Ctrl-C."""
    raise KeyboardInterrupt


@pytest.mark.parametrize("name", sorted(commands()))
def test_no_options_give_a_traceback(
    name: str, rooms: Rooms, dynpat: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = commands()[name]
    tally = {0: 0, 1: 0, 2: 0}
    monkeypatch.chdir(rooms.folder)
    monkeypatch.setattr(socketserver.BaseServer, "serve_forever", interrupted)  # of report --serve

    examples = max(1, EXAMPLES // 5) if name == "demo" else EXAMPLES  # which learns each time

    @settings(max_examples=examples, database=None,
              suppress_health_check=list(HealthCheck))
    @given(command_lines(command, rooms))
    def check(line: list[str]) -> None:
        done = dynpat(*line)  # raises whatever is no exit
        tally[done.exit_code] += 1
        assert "Traceback" not in done.output
        if done.exit_code:
            assert done.stderr.rstrip().splitlines()[-1].startswith("Error: "), done.output

    check()
    print(name, tally)
    # Doctor has next to no options, and the demo too few examples for both outcomes to be sure.
    assert tally[0] and (tally[1] or tally[2] or name in ("doctor", "demo"))
