"""Call the command line in a process of its own that meets with a fault; see `test_moments.py`.

The processes are forked from one that has imported TensorFlow and not used it, and so begin at
once.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dynpat_cli.main import COMMANDS, main
from quickly import hasten

from dynpat.tasks import evaluate, learn, report, restore, resume, sample  # noqa: F401

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["calling"])
SECONDS = 240.0  # of a command that is not even large
STARTED = {name: main.get_command(None, name) for name in COMMANDS}  # type: ignore[arg-type]


@dataclass(frozen=True)
class Fault:
    """What happens to a command.

    `number` signals of `kind` come when the `count`-th file is half written; no file may grow
    beyond `largest` bytes; the file `gone` is removed at that moment; nobody reads `unread` (1 is
    stdout, 2 is stderr); the clock of the day `jumps`.
    """

    kind: int = 0
    number: int = 1
    count: int = 1
    largest: int | None = None
    gone: str = ""
    unread: tuple[int, ...] = ()
    jumps: bool = False


@dataclass(frozen=True)
class Done:
    """How a command ended: its exit status (negative: a signal) and what it wrote."""

    code: int | None
    stdout: str
    stderr: str


def called(place: Path, *arguments: object, fault: Fault | None = None) -> Done:
    """Call the command line below `place`, with a fault or without."""
    texts = [place / "stdout.txt", place / "stderr.txt"]
    return ended(start(place, arguments, fault or Fault(), texts), texts)


def ended(process: Any, texts: list[Path]) -> Done:
    """Wait for a process of `start`, which is killed if it takes too long."""
    process.join(SECONDS)
    code = process.exitcode
    if process.is_alive():
        process.kill()
        process.join()
    return Done(code, *(text.read_text(encoding="utf-8") for text in texts))


def start(place: Path, arguments: tuple[object, ...], fault: Fault, texts: list[Path]) -> Any:
    process = SERVER.Process(
        target=_live, args=([str(part) for part in arguments], fault, place, texts)
    )
    process.start()
    return process


def _live(arguments: list[str], fault: Fault, place: Path, texts: list[Path]) -> None:
    os.chdir(place)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, text in enumerate(texts, start=1):
        target = os.open(text, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        if number in fault.unread:
            reader, target = os.pipe()
            os.close(reader)
        os.dup2(target, number)
    for name, number in (("stdout", 1), ("stderr", 2)):
        setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115
    hasten()
    _meet(fault)
    main(arguments, prog_name="dynpat")


def _meet(fault: Fault) -> None:
    """Let the fault happen from now on."""
    if fault.jumps:
        jumps = iter(range(10**9, 0, -(10**6)))
        time.time = lambda: float(next(jumps, 5))
    if fault.largest is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (fault.largest, fault.largest))
    if fault.kind or fault.gone:
        _at_files(fault.count, lambda: _strike(fault))


def _strike(fault: Fault) -> None:
    if fault.gone:
        os.unlink(fault.gone)
    for _ in range(fault.number if fault.kind else 0):
        os.kill(os.getpid(), fault.kind)
        time.sleep(0)  # a moment at which the signal is heard


def _at_files(count: int, strike: Callable[[], None]) -> None:
    """Strike once, when the `count`-th file is about to take its place."""
    replace, left = os.replace, [count]

    def watched(source: Any, target: Any) -> None:
        left[0] -= 1
        if not left[0]:
            strike()
        replace(source, target)

    os.replace = watched  # type: ignore[assignment]
