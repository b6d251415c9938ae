"""The log of a run: what a kill cut short is left out, and what is damaged is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from dynpat.errors import BadRunError
from dynpat.runs.log import read_log

ROWS = '{"update": 1, "elapsed": 0.5}\n{"update": 2, "elapsed": 1, "quality": {"score": null}}\n'


@pytest.mark.parametrize("rest", ["", '{"upda', '{"update": 3, "elapsed": 2}', "\0\0\0"])
def test_a_log_that_a_kill_cut_short_is_read_up_to_there(rest: str, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    assert read_log(path) == []
    path.write_text(ROWS + rest)
    assert read_log(path) == [
        {"update": 1, "elapsed": 0.5}, {"update": 2, "elapsed": 1, "quality": {"score": None}},
    ]


@pytest.mark.parametrize("row", [
    '{"upda', "[]", "7", '{"elapsed": 1}', '{"update": 3}', '{"update": "3", "elapsed": 1}',
    '{"update": 3, "elapsed": -1}', '{"update": 3, "elapsed": 1, "quality": 2}',
    '{"update": 3, "elapsed": 1, "contrast": NaN}', '{"update": 3, "elapsed": 1, "gap": "x"}',
    '{"update": 3, "elapsed": 1, "motion": true}', '{"update": 3, "elapsed": 1, "f": {}}',
    '{"update": 3, "elapsed": 1' + "0" * 400 + "}", "\udc80",
    '{"update": 3, "elapsed": 1, "\\ud800": 1}',
])
def test_a_damaged_row_is_named_in_one_sentence(row: str, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes((ROWS + row + "\n").encode("utf-8", "surrogateescape"))
    with pytest.raises(BadRunError, match=r"^Row 3 of '.*log\.jsonl' is damaged.*delete the file"):
        read_log(path)
