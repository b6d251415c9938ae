"""Public docstrings document every parameter and every error, in one dialect: typed numpydoc."""

from __future__ import annotations

import dataclasses
import doctest
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import pytest

import dynpat
from dynpat import errors

PACKAGE = Path(dynpat.__file__).parent
MODULES = [
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for path in sorted(PACKAGE.rglob("*.py")) if path.stem != "__init__"
]
SECTIONS = ("Parameters", "Attributes", "Returns", "Yields", "Raises", "Notes", "Examples")
ENTRIES = ("Parameters", "Attributes", "Raises")
TYPED = ("Parameters", "Attributes")
ERRORS = {name for name, found in vars(errors).items() if inspect.isclass(found)}
WITH_EXAMPLES = (
    "LangevinConfig", "LearnConfig", "TextureModel", "Video", "StridedConv3D", "AllOfSpace",
    "learn", "recover", "evaluate", "read_video", "write_video",
)


def public() -> Iterator[tuple[str, Any]]:
    """Every public function and class, and the public methods that dynpat's classes define."""
    seen: set[int] = set()
    rooms = [dynpat, *(importlib.import_module(f"dynpat.{path.parent.name}")
                       for path in sorted(PACKAGE.glob("*/__init__.py")))]
    for room in rooms:
        for name in getattr(room, "__all__", ()):
            found = getattr(room, name)
            if not callable(found) or id(found) in seen:
                continue
            seen.add(id(found))
            yield f"{room.__name__}.{name}", found
            if inspect.isclass(found):
                for base in found.__mro__:
                    if base.__module__.startswith("dynpat."):
                        yield from methods(base, seen)


def methods(owner: type, seen: set[int]) -> Iterator[tuple[str, Any]]:
    for name, found in vars(owner).items():
        function = inspect.unwrap(getattr(found, "__func__", found))
        hidden = name.startswith("_") or hasattr(keras.Model, name)
        if inspect.isfunction(function) and not hidden and id(function) not in seen:
            seen.add(id(function))
            yield f"{owner.__name__}.{name}", function


PUBLIC = dict(public())


def sections(text: str) -> dict[str, list[str]]:
    """The lines of each section of a docstring; "" holds what stands before the first."""
    found: dict[str, list[str]] = {"": []}
    name, lines = "", text.splitlines()
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if line and re.fullmatch("-{3,}", following) and len(following) == len(line):
            name = line
            assert name not in found, f"the section {name} stands twice"
            found[name] = []
        elif not re.fullmatch("-{3,}", line):
            found[name].append(line)
    return found


def entries(lines: list[str]) -> dict[str, str]:
    """What a section says of each of its names; the type stands in the key."""
    found: dict[str, str] = {}
    key = ""
    for line in lines:
        if line and not line.startswith(" "):
            key = line
            found[key] = ""
        elif line.strip():
            assert key, f"a description without a name: {line}"
            found[key] = f"{found[key]} {line.strip()}".strip()
    return found


def documented(text: str, section: str) -> list[str]:
    return [
        name.strip() for key in entries(sections(text).get(section, []))
        for name in key.split(" : ")[0].split(",")
    ]


def parameters(found: Any) -> set[str]:
    names = set()
    for parameter in inspect.signature(found).parameters.values():
        star = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}
        names.add(star.get(parameter.kind, "") + parameter.name)
    return names - {"self", "cls"}


@pytest.mark.parametrize("name", PUBLIC)
def test_sections_are_numpydoc(name: str) -> None:
    text = inspect.getdoc(PUBLIC[name])
    assert text, "it has no docstring"
    assert "One clear sentence." not in text
    found = sections(text)
    assert re.search(r"[.?!:]$", text.split("\n\n")[0]), "the first line is no sentence"
    assert "\n" not in text.split("\n\n")[0], "the first sentence takes more than a line"
    assert set(found) <= {"", *SECTIONS}
    for section in ENTRIES:
        for key, said in entries(found.get(section, [])).items():
            assert said.endswith("."), f"{key}: no sentence"
            assert section not in TYPED or " : " in key, f"{key}: no type"


@pytest.mark.parametrize("name", PUBLIC)
def test_every_parameter_is_documented_and_no_other(name: str) -> None:
    """In a section, or of short functions and methods each in backticks."""
    found = PUBLIC[name]
    text = inspect.getdoc(found) or ""
    if dataclasses.is_dataclass(found):  # each field says what it is where it is defined
        source = inspect.getsource(found)
        attributes = documented(text, "Attributes")
        for field in vars(found).get("__annotations__", {}):
            below = re.search(rf'^    {field}:.*\n    """', source, re.MULTILINE)
            assert below or field in attributes or f"`{field}`" in text, field
        return
    if inspect.isclass(found) and (
        "__init__" not in vars(found) or issubclass(found, tuple | Exception)
    ):
        return
    said = documented(text, "Parameters")
    assert len(said) == len(set(said))
    if said:
        missing_ones = parameters(found) - set(said)
        assert set(said) <= parameters(found)
        assert missing_ones <= ({"**kwargs"} if inspect.isclass(found) else set())
    else:
        for parameter in parameters(found):
            assert f"`{parameter.strip('*')}`" in text, parameter


@pytest.mark.parametrize("name", PUBLIC)
def test_every_error_that_is_named_has_its_cause(name: str) -> None:
    text = inspect.getdoc(PUBLIC[name]) or ""
    for key, said in entries(sections(text).get("Raises", [])).items():
        for error in key.split(","):
            own = error.strip().rsplit(".", 1)[-1]
            assert own in ERRORS or own.endswith("Error"), f"{own} is no error"
        assert len(said.split()) > 3, f"{key}: {said}"


@pytest.mark.parametrize("name", PUBLIC)
def test_every_error_that_is_raised_is_named(name: str) -> None:
    """What the function itself raises; what it calls is documented there."""
    found = PUBLIC[name]
    if inspect.isclass(found):
        return
    raised = set(re.findall(r"raise (\w+Error)\(", inspect.getsource(found)))
    assert raised & ERRORS <= set(re.findall(r"\w+Error", inspect.getdoc(found) or ""))


@pytest.mark.parametrize("module", MODULES)
def test_no_parameter_is_documented_without_its_type(module: str) -> None:
    """One dialect in all modules, whether public or not."""
    for found in vars(importlib.import_module(module)).values():
        if getattr(found, "__module__", "") == module and inspect.getdoc(found):
            for key in entries(sections(inspect.getdoc(found) or "").get("Parameters", [])):
                assert " : " in key, f"{found.__name__}: {key}"


@pytest.mark.parametrize("module", [
    name for name in MODULES if name != "dynpat.tasks.arrays"  # which learns: a slow test runs it
    and ">>> " in (PACKAGE.parent / f"{name.replace('.', '/')}.py").read_text(encoding="utf-8")
])
def test_examples_in_docstrings_run(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = doctest.testmod(importlib.import_module(module))
    assert found.attempted > 0 and found.failed == 0


def test_main_names_have_examples() -> None:
    assert [name for name in WITH_EXAMPLES
            if ">>> " not in (inspect.getdoc(getattr(dynpat, name)) or "")] == []
