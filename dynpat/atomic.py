"""Files that appear whole or not at all: written beside their place, then renamed into it."""

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

# By what the system says.
REMEDIES = {
    "read-only": "choose another --out", "name too long": "choose a shorter --out",
    "permission": "choose another --out, or change the folder's permissions",
    "not a directory": "choose another --out", "is a directory": "choose another --out",
}


def temporary_beside(target: Path) -> Path:
    """Hidden name beside the target, on the same disk; it keeps the ending for FFmpeg."""
    return target.with_name(f".{target.stem}.tmp-{os.getpid()}{target.suffix}")


def is_temporary(path: Path) -> bool:
    """Whether a name is one of `temporary_beside`: what a killed process left half-written."""
    return fnmatch(path.name, ".*.tmp-*")


def write_error(target: Path, reason: object) -> OutputError:
    """The one sentence for a file that could not be written."""
    text = str(reason)
    if "[Op:" in text:  # TensorFlow wraps what the system said in names of its own
        text = text.split(" [Op:")[0].rsplit(";", 1)[-1].strip()
    remedy = next(
        (what for words, what in REMEDIES.items() if words in text.lower()),
        "free some space or choose another --out",
    )
    return OutputError(f"could not write '{target}': {text}; {remedy}.")


@contextmanager
def replacing_file(target: Path) -> Iterator[Path]:
    """Give a temporary path that takes the target's place when all went well.

    Raises
    ------
    OutputError
        If the system refuses (disk full, no permission); nothing half-written stays.
    """
    temporary = temporary_beside(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        raise write_error(target, error.strerror or error) from error
    finally:
        # Gone already unless something failed; an interrupt by the user cleans up as well.
        if temporary.exists():
            temporary.unlink()


def write_text(target: Path, text: str) -> None:
    """Write a text file atomically."""
    with replacing_file(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def strict_json(value: Any, indent: int | None = None) -> str:
    """A value as JSON that every parser reads: numbers that are not finite become null."""
    return json.dumps(_finite(value), indent=indent, ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_json(target: Path, value: Any) -> None:
    """Write a value as indented JSON atomically."""
    write_text(target, strict_json(value, indent=2) + "\n")
