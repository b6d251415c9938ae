"""The documents stay true."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import dynpat

ROOT = Path(__file__).parent.parent


def test_cli_page_is_what_the_commands_say(script: Callable[[str], ModuleType]) -> None:
    said = re.sub(r"\s+", " ", script("docs/make_cli.py").page())
    written = re.sub(r"\s+", " ", (ROOT / "docs" / "cli.md").read_text(encoding="utf-8"))
    assert written == said, "run python docs/make_cli.py"


def test_readme_names_only_what_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)]+)\)", readme):
        assert (ROOT / link).exists(), link
    from dynpat_cli.main import COMMANDS

    used = set(re.findall(r"^    dynpat (\w+)", readme, flags=re.MULTILINE))
    assert used and used <= set(COMMANDS)
    for name in re.findall(r"dynpat\.(\w+)\(", readme):
        assert hasattr(dynpat, name), name
