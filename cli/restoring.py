"""The common part of the commands `recover`, `inpaint` and `extend`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .progress import errors_as_click, show_restoration
from .resuming import MISSING, check_source, make_plan_of
from .running import run_plan, shared_options, show_end

if TYPE_CHECKING:
    from dynpat.runs.plan import Plan


def restore(task: str, videos: tuple[Path, ...], options: dict[str, Any]) -> None:
    """Run a task with the arguments of its command, and show the result."""
    check_source(task, videos, options)
    with errors_as_click():
        from dynpat.devices import load_tensorflow

        load_tensorflow(lean=True)
        from dynpat.tasks.restore import restore as begin

        plan = make_plan_of(task, videos, options, lambda: _new_plan(task, videos, options))
        result = run_plan(plan, options, begin)
    show_end(task, result, options)
    if not (options["as_json"] or options["quiet"]):
        show_restoration(result)


def _new_plan(task: str, videos: tuple[Path, ...], options: dict[str, Any]) -> Plan:
    from dynpat.tasks.restore import make_restoration

    return make_restoration(
        task, videos, **shared_options(options), estimate=options["estimate"],
        missing={name: options.get(name) for name in MISSING},
    )
