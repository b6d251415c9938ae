"""The log of a run: a row of JSON for each update of the weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dynpat.errors import BadRunError
from dynpat.kinds import UNFIT, parsed, require_row, told


def read_log(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a `log.jsonl`; a last row that a kill cut short is left out.

    Raises
    ------
    BadRunError
        If a row is damaged otherwise.
    """
    rows: list[dict[str, Any]] = []
    try:
        *whole, _ = path.read_bytes().split(b"\n") if path.exists() else [b""]
        for line in whole:
            row = parsed(line)
            require_row(row)
            rows.append(row)
    except UNFIT as error:
        raise BadRunError(
            f"Row {len(rows) + 1} of '{path}' is damaged ({told(error)}); delete the file, which "
            "holds only the curves of learning."
        ) from error
    return rows
