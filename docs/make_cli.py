"""Write docs/cli.md from the commands' own help: python docs/make_cli.py"""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner
from dynpat_cli.main import COMMANDS, main

HEAD = """# Command line

Made from the commands' own help by `python docs/make_cli.py`.

Messages and progress go to stderr; data (`--json`, `--dry-run`) to stdout. Exit code 0: done; 1: a
failed run (disk full, diverged); 2: a mistake in the input or the options.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for words in ([], *([name] for name in COMMANDS)):
        result = CliRunner().invoke(
            main, [*words, "--help"], prog_name="dynpat", terminal_width=96
        )
        shown = "\n".join(f"    {line}".rstrip() for line in result.output.splitlines())
        parts.append(f"## `{' '.join(['dynpat', *words])}`\n\n{shown}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    Path(__file__).with_name("cli.md").write_text(page(), encoding="utf-8")
