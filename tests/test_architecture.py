"""Imports point downwards only, the screen is the command line's, nothing heavy loads early, and
each module has its test file."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE, CLI = REPOSITORY / "dynpat", REPOSITORY / "cli"
# From the bottom upwards: a module may import what stands before it, packages as one.
ORDER = (
    "registering", "errors", "atomic", "kinds", "config", "options", "reporter", "memory",
    "devices", "seeds", "threads", "langevin", "denoising", "datasets", "videos", "archive",
    "masks", "reference", "learning", "models",
    "restoration", "quality", "report", "runs", "tasks", "__init__",
)  # fmt: skip
MODULES = sorted(PACKAGE.rglob("*.py"))
COMMANDS = sorted(CLI.rglob("*.py"))
TESTS = sorted((REPOSITORY / "tests").rglob("*.py"))
TEST_FILES = [path for path in TESTS if path.match("tests/test_*.py")]
# `dynpat/room/module.py` is tested in `tests/test_room_module.py`. Those without a file of their
# own are tested with what needs them:
TESTED_IN = {
    "denoising": "reference_coloured", "errors": "cli_mistakes",
    "kinds": "config",
    "models/footprint": "models_tiling", "models/new_videos": "tasks_arrays",
    "models/tiles": "models_tiling", "models/waves": "models_tiling_coloured",
    "restoration/neighbourhoods": "restoration_conditional",
    "threads": "restoration_kriging", "videos/resizing": "restoration_crop",
    "models/view": "reference_coloured",
    "reference/groups": "reference_coloured", "reference/visible": "reference_gaussians",
    "report/page": "tasks_report", "reporter": "cli",
    "tasks/common": "tasks_learn", "tasks/compare": "tasks_report", "tasks/demo": "cli",
    "runs/naming": "runs_folder", "tasks/doctor": "cli", "tasks/filling": "tasks_restore",
    "tasks/large": "models_tiling", "tasks/result": "tasks_arrays", "tasks/resume": "tasks_learn",
    "videos/arrays": "tasks_arrays",
    "videos/levels": "videos_writing", "videos/native_worker": "videos_native",
    "videos/notes": "videos_files", "videos/opening": "masks_reading",
}
# Not about one room of the package.
OVERALL = {
    "architecture", "benchmarks", "browser", "cli", "docs", "docstrings", "examples", "quickly",
    "without",
}
LONGEST = 300


class Import(NamedTuple):
    module: str
    """Dotted, absolute; for `from a import b` it is `a`."""
    names: tuple[str, ...]
    line: int
    early: bool
    """Whether it runs when the module is imported."""


def name_of(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def imports(path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    late = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        or (isinstance(outer, ast.If) and "TYPE_CHECKING" in ast.dump(outer.test))
        for inner in ast.walk(outer)
    }
    for node in ast.walk(tree):
        early = id(node) not in late
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, (), node.lineno, early)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            yield Import(absolute(path, node), names, node.lineno, early)


def absolute(path: Path, node: ast.ImportFrom) -> str:
    """The module of `from … import`, dots at its beginning resolved."""
    if node.level == 0:
        return str(node.module)
    folder = path.parents[node.level - 1].relative_to(REPOSITORY)
    package = ".".join(("dynpat_cli" if part == "cli" else part) for part in folder.parts)
    return f"{package}.{node.module}" if node.module else package


def rooms_of(found: Import) -> list[str]:
    """Which modules or packages right below `dynpat` it reaches."""
    parts = found.module.split(".")
    if parts[0] != "dynpat":
        return []
    if len(parts) > 1:
        return [parts[1]]
    inner = [name for name in found.names if name in ORDER]
    return inner if inner and len(inner) == len(found.names) else [*inner, "__init__"]


def room_of(path: Path) -> str:
    first, *rest = path.relative_to(PACKAGE).parts
    return first if rest else path.stem


def test_every_module_has_its_place() -> None:
    assert {room_of(path) for path in MODULES} == set(ORDER)
    assert len(ORDER) == len(set(ORDER))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_import_downwards_only(path: Path) -> None:
    own = room_of(path)
    upwards = [
        f"line {found.line}: {room}"
        for found in imports(path)
        for room in rooms_of(found)
        if ORDER.index(room) >= ORDER.index(own)
        and not (room == own and (PACKAGE / own).is_dir())
    ]
    assert upwards == []


@pytest.mark.parametrize("package", [
    "videos", "masks", "datasets", "reference", "learning", "restoration", "quality", "report",
    "runs", "tasks",
])
def test_packages_have_no_cycles_inside(package: str) -> None:
    """Taking away again and again the modules that need none of the rest leaves nothing."""
    needs = {
        f"dynpat.{package}.{path.stem}": {
            found.module for found in imports(path)
            if found.module.startswith(f"dynpat.{package}.")
        }
        for path in sorted((PACKAGE / package).glob("*.py"))
    }
    while free := {name for name, needed in needs.items() if not needed & set(needs)}:
        needs = {name: needed for name, needed in needs.items() if name not in free}
    assert needs == {}


@pytest.mark.parametrize("path", [*MODULES, *COMMANDS], ids=name_of)
def test_nothing_private_crosses_modules(path: Path) -> None:
    """`_names` are the business of their own module; `datasets._boat` of its own package."""
    own = path.parent.name
    private = [
        f"line {found.line}: {found.module} {name}"
        for found in imports(path)
        if found.module.split(".")[0] in ("dynpat", "dynpat_cli")
        for name in (*found.module.split("."), *found.names)
        if name.startswith("_") and not name.startswith("__")
        and not found.module.startswith(f"dynpat.{own}._")
    ]
    assert private == []


@pytest.mark.parametrize("path", COMMANDS, ids=name_of)
def test_the_command_line_does_not_touch_private_attributes(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    touched = [
        f"line {node.lineno}: {node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and not (isinstance(node.value, ast.Name) and node.value.id == "self")
    ]
    assert touched == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_the_library_knows_no_command_line(path: Path) -> None:
    reached = {found.module.split(".")[0] for found in imports(path)}
    assert not reached & {"click", "rich", "dynpat_cli", "cli", "tqdm"}


@pytest.mark.parametrize("path", COMMANDS, ids=name_of)
def test_only_progress_knows_rich(path: Path) -> None:
    knows = any(found.module.split(".")[0] == "rich" for found in imports(path))
    assert knows == (path.name == "progress.py")


@pytest.mark.parametrize("path", COMMANDS, ids=name_of)
def test_commands_load_nothing_heavy_when_imported(path: Path) -> None:
    light = {"atomic", "config", "errors", "reporter", "__init__"}
    early = [found for found in imports(path) if found.early]
    assert {room for found in early for room in rooms_of(found)} <= light
    assert not {found.module.split(".")[0] for found in early} & {"tensorflow", "keras", "av"}


@pytest.mark.parametrize("module", [
    "dynpat", "dynpat.config", "dynpat.videos", "dynpat.tasks.evaluate", "dynpat_cli.main",
])  # fmt: skip
def test_importing_does_not_load_tensorflow(module: str) -> None:
    code = (
        f"import sys, {module}; "
        "print(sorted({'tensorflow', 'keras', 'rich'} & set(sys.modules)))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "[]"


def test_public_names_are_all_there() -> None:
    import dynpat

    assert sorted(dynpat.__all__) == sorted({*dynpat.__all__}) and len(dynpat.__all__) > 5
    assert set(dir(dynpat)) >= set(dynpat.__all__)
    for name in dynpat.__all__:
        assert getattr(dynpat, name) is not None, name
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = dynpat.nonsense


def test_each_module_has_its_test_file() -> None:
    """Named after it, or in the table, which holds no other."""
    modules = {
        path.relative_to(PACKAGE).with_suffix("").as_posix()
        for path in MODULES if not path.name.startswith("_")
    }
    named = {path.stem.removeprefix("test_") for path in TEST_FILES}
    assert {name for name in modules if name.replace("/", "_") not in named} == set(TESTED_IN)
    assert set(TESTED_IN.values()) <= named


@pytest.mark.parametrize("path", TEST_FILES, ids=name_of)
def test_test_files_are_named_for_what_they_test(path: Path) -> None:
    """The room that a name begins with is imported there, or by a helper that is."""
    room = path.stem.split("_")[1]
    assert room in {*ORDER, *OVERALL}
    found = list(imports(path))
    helpers = [file for file in TESTS if file.stem in {one.module for one in found}]
    found += [one for helper in helpers for one in imports(helper)]
    assert room in OVERALL or room in {name for one in found for name in rooms_of(one)}


@pytest.mark.parametrize("path", [*MODULES, *COMMANDS, *TESTS], ids=name_of)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST
