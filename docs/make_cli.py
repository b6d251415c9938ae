"""Write docs/cli.md from the commands' own help: python docs/make_cli.py"""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner
from dynpat_cli.main import COMMANDS, main

HEAD = """# Command line

`python docs/make_cli.py` makes this page from the help of the commands.

Messages and progress go to stderr, data (`--json`, `--dry-run`) to stdout. The exit code is 0 if a
command succeeds, 1 if a run fails (disk full, diverged), and 2 for a mistake in input or options.
"""


def page() -> str:
    """Return the whole page."""
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
