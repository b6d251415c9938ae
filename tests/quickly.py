"""The command line with results of a few steps, judged by few patches: `python quickly.py learn …`.

The demo learns a smaller video. What results look like is not tested; where figures are, the test
asks for `thorough` ones.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

QUICK = {
    "dynpat.restoration.posterior": {"BURN_IN": 2, "SAMPLES": 3, "BETWEEN": 2},
    "dynpat.tasks.demo": {"FRAMES": 12, "SIZE": (24, 24)},
    "dynpat.tasks.learn": {"SAMPLE_STEPS": 5},
    "dynpat.quality.metrics": {"PATCHES": 400, "PROJECTIONS": 16},
}


def hasten(put: Any = setattr) -> None:
    """Let this process make its results in this way, by a function such as `setattr`."""
    for module, values in QUICK.items():
        for name, value in values.items():
            put(import_module(module), name, value)


if __name__ == "__main__":
    from dynpat.devices import load_tensorflow

    load_tensorflow()
    hasten()
    from dynpat_cli.main import main

    main(prog_name="dynpat")
