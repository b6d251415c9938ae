"""Whether values that come from a file are of the kinds that their settings have."""

from __future__ import annotations

import dataclasses
import json
import math
import operator
from collections.abc import Mapping
from fnmatch import fnmatchcase
from numbers import Integral, Real
from typing import Any

from dynpat.errors import BadOptionError

KINDS: dict[str, tuple[type, str]] = {  # by the names of types
    "int": (Integral, "a whole number"), "float": (Real, "a number"),
    "bool": (bool, "true or false"), "str": (str, "a text"),
}  # fmt: skip
Tables = Mapping[str, "Tables"]
# Which entries of metrics.json are tables of others, by patterns of their names.
FIGURES: Tables = {
    "synthesised": {}, "floor": {}, "reference": {},
    "video_*": {"guess": {}, "around": {}, "hidden": {}, "truth": {"*": {}}},
}  # fmt: skip
ROW: Tables = {"quality": {}}  # the same of a row of log.jsonl
# What reading a file of a run that is damaged or crafted can raise.
UNFIT = (
    OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError,
)  # fmt: skip


def parsed(text: str | bytes) -> Any:
    """Return the value of JSON that a file of a run holds.

    Raises
    ------
    ValueError, RecursionError
        If it is no JSON, or has half a character in a text, which no file could be given.
    """
    value = json.loads(text)
    json.dumps(value, ensure_ascii=False).encode()
    return value


def told(error: Exception) -> str:
    """Return what an error of a damaged file says, but not the whole of the file."""
    return f"{type(error).__name__}: {error}"[:300]


def require_kinds(kind: type[Any], values: Mapping[str, Any]) -> None:
    """Refuse values of another kind than the fields of a dataclass, such as 1.5 or True chains.

    Parameters
    ----------
    kind : type
        The dataclass. Only its plain fields (numbers, texts, true or false) are looked at.
    values : mapping
        The values of some of its fields, by name.

    Raises
    ------
    BadOptionError
        If a value is of another kind; the message names its field.
    """
    for field in dataclasses.fields(kind):
        name, *rest = str(field.type).split(" | ")
        value = values.get(field.name)
        if name not in KINDS or field.name not in values or (value is None and "None" in rest):
            continue
        fits, what = KINDS[name]
        if not isinstance(value, fits) or (name != "bool" and isinstance(value, bool)):
            raise BadOptionError(
                f"A setting has the wrong type: {field.name} must be {what}; received "
                f"{repr(value)[:80]}. Correct it."
            )


def require_paths(value: Any) -> tuple[str, ...]:
    """Return a list of paths in a file as a tuple.

    Raises
    ------
    BadOptionError
        If the value is no list of texts, or an empty one.
    """
    if not (isinstance(value, list) and value and all(isinstance(path, str) for path in value)):
        raise BadOptionError(
            f"videos must be a list of paths; received {repr(value)[:80]}. Correct it."
        )
    return tuple(value)


def require_inputs(inputs: Any) -> None:
    """Check how a run describes its observed videos.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError
        If a description lacks its shape, rate or hash, has another kind, or there is none.
    """
    for entry in inputs:
        frames, height, width, channels = map(operator.index, entry["shape"])
        if min(frames, height, width, channels) < 1 or not 0 < float(entry["fps"]) < math.inf:
            raise ValueError("an input without shape or rate")
        if not (isinstance(entry["sha256"], str) and isinstance(entry.get("label", ""), str)):
            raise TypeError("an input whose hash or label is no text")
    if not inputs:
        raise ValueError("no inputs")


def require_figures(values: Any, tables: Tables = FIGURES) -> None:
    """Check that figures in a file are finite numbers or nothing, and its tables tables.

    Parameters
    ----------
    values : mapping
        Figures by their names; those that are tables are mappings of their own, or None.
    tables : mapping
        Which of them are tables, by patterns of their names, and what is a table in these.

    Raises
    ------
    AttributeError, OverflowError, TypeError
        If a value is of another kind.
    """
    for name, value in values.items():
        inner = next((of for pattern, of in tables.items() if fnmatchcase(name, pattern)), None)
        if value is None:
            continue
        if inner is not None:
            require_figures(value, inner)
        elif isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
            raise TypeError(f"{name[:80]} is {repr(value)[:80]} and no number")


def require_row(row: Any) -> None:
    """Check a row of the log of a run: its figures, and that it has the number of its update.

    Raises
    ------
    AttributeError, KeyError, OverflowError, TypeError, ValueError
        If the row or a value of it is of another kind, or `update` or `elapsed` is missing.
    """
    require_figures(row, ROW)
    if operator.index(row["update"]) < 0 or float(row["elapsed"]) < 0:
        raise ValueError("a negative update or time")
