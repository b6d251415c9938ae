"""Write files whole or not at all: they are written under another name, then renamed."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from dynpat.errors import OutputError

# What to do, by words in the message of the operating system.
REMEDIES = {
    "read-only": "choose another --out", "name too long": "choose a shorter --out",
    "permission": "choose another --out, or change the folder's permissions",
    "not a directory": "choose another --out", "is a directory": "choose another --out",
}


def temporary_beside(target: Path) -> Path:
    """Return a hidden name beside the target, on the same disk; FFmpeg needs the same ending."""
    return target.with_name(f".{target.stem}.tmp-{os.getpid()}{target.suffix}")


def is_temporary(path: Path) -> bool:
    """Return whether a name is one of `temporary_beside`, as a killed process leaves it behind."""
    return fnmatch(path.name, ".*.tmp-*")


def write_error(target: Path, reason: object) -> OutputError:
    """Return the error for a file that could not be written, with one sentence and a remedy."""
    text = str(reason)
    if "[Op:" in text:  # TensorFlow puts names of its own around the message
        text = text.split(" [Op:")[0].rsplit(";", 1)[-1].strip().partition("\n")[0]
    remedy = next(
        (what for words, what in REMEDIES.items() if words in text.lower()),
        "free some space or choose another --out",
    )
    return OutputError(f"could not write '{target}': {text}; {remedy}.")


@contextmanager
def replacing_file(target: Path) -> Iterator[Path]:
    """Give a temporary path that takes the place of the target if the block succeeds.

    Raises
    ------
    OutputError
        If the system refuses to write (disk full, no permission); no partial file remains.
    """
    temporary = temporary_beside(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        raise write_error(target, error.strerror or error) from error
    finally:
        # The file remains only if something failed, or if the user interrupted the block.
        if temporary.exists():
            temporary.unlink()


def write_text(target: Path, text: str) -> None:
    """Write a text file, whole or not at all.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with replacing_file(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def strict_json(value: Any, indent: int | None = None) -> str:
    """Return a value as JSON that every parser reads: numbers that are not finite become null."""
    return json.dumps(_finite(value), indent=indent, ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_json(target: Path, value: Any) -> None:
    """Write a value as indented JSON, whole or not at all.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    write_text(target, strict_json(value, indent=2) + "\n")
