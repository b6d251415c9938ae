"""Files appear whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dynpat.atomic import (
    replacing_file,
    strict_json,
    temporary_beside,
    write_error,
    write_json,
    write_text,
)
from dynpat.errors import OutputError


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "config.json"
    target.write_text("old")
    with replacing_file(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
        assert temporary.parent == target.parent and temporary != target
    assert target.read_text() == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["config.json"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt], ids=lambda e: e.__name__)
def test_an_error_or_interrupt_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: type[BaseException]
) -> None:
    target = tmp_path / "video.gif"
    target.write_text("old")
    with pytest.raises(error), replacing_file(target) as temporary:
        temporary.write_text("half of the n")
        raise error
    assert target.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["video.gif"]


def test_a_refusal_of_the_system_is_one_sentence_with_remedy(tmp_path: Path) -> None:
    target = tmp_path / "video.gif"
    with pytest.raises(OutputError) as caught, replacing_file(target):
        raise OSError(28, "No space left on device")
    message = str(caught.value)
    assert str(target) in message and "No space left on device" in message
    assert "--out" in message and "Errno" not in message
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="could not write"):
        write_text(tmp_path / "file" / "deeper" / "config.json", "text")


def test_missing_folders_are_made_and_the_ending_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "ä.json"
    value = {"name": "Wärme", "numbers": [1, 2.5, None]}
    write_json(target, value)
    assert json.loads(target.read_text(encoding="utf-8")) == value
    assert "Wärme" in target.read_text(encoding="utf-8")
    temporary = temporary_beside(tmp_path / "clip.mp4")
    assert temporary.suffix == ".mp4" and temporary.name.startswith(".")


def test_strict_json_has_no_infinity() -> None:
    values = {"a": [1.5, float("inf")], "b": (float("nan"), "ü")}
    assert strict_json(values) == '{"a": [1.5, null], "b": [null, "ü"]}'


@pytest.mark.parametrize(("reason", "remedy"), [
    ("Read-only file system", "choose another --out"),
    ("File name too long", "choose a shorter --out"),
    ("No space left on device", "free some space or choose another --out"),
])
def test_the_remedy_fits_what_the_system_said(reason: str, remedy: str) -> None:
    assert str(write_error(Path("x"), reason)) == f"could not write 'x': {reason}; {remedy}."


def test_what_tensorflow_puts_around_a_reason_is_left_out(tmp_path: Path) -> None:
    reason = (
        "Graph execution error:\n\nDetected at node SaveV2_2 defined at\n"
        "/tmp/chains/0-0-2; No space left on device\n\t [[{{node SaveV2_2}}]]\n"
        "Hint: report_tensor_allocations_upon_oom. [Op:__inference_step_7]"
    )
    assert str(write_error(tmp_path / "run", reason)) == (
        f"could not write '{tmp_path / 'run'}': No space left on device; free some space or choose "
        "another --out."
    )
