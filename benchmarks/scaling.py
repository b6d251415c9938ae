"""Time and memory of a Langevin step against frames, size, chains and filters.

    python benchmarks/scaling.py [--rounds 5] [--json F] [--figure docs/scaling.svg]

Each point is a process of its own, so that its peak of memory is its own too (Linux). The
exponents are fitted to time and memory beyond those of a model so small that only the process
itself counts; 1 is linear.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

BASE = {"frames": 72, "size": 96, "chains": 4, "filters": 48}
SWEEPS = {
    "frames": (72, 108, 144, 216, 288),
    "chains": (4, 6, 8, 12, 16),
    "size": (96, 112, 128, 160, 192),
    "filters": (48, 72, 96, 144, 192),
}


def measure(point: dict[str, int], steps: int, rounds: int) -> dict[str, float]:
    """Median seconds of a step, and the process's peak in bytes, of the default texture network.

    Its weights do not grow with the video, so what is seen is the price of the video.
    """
    from dynpat.devices import load_tensorflow, resolve_precision

    tf = load_tensorflow()
    import statistics
    import time

    from dynpat import langevin
    from dynpat.models import TextureModel

    edge = point["size"]
    model = TextureModel.from_preset(
        "default", frames=point["frames"], size=(edge, edge), precision=resolve_precision("auto"),
        filters=(point["filters"], 48, 24),
    )
    start = tf.random.stateless_normal(
        (point["chains"], point["frames"], edge, edge, 3), [1, 2]
    ) * 30
    times = []
    for number in range(rounds + 1):
        began = time.perf_counter()
        float(tf.reduce_sum(langevin.sample(model, start, steps, 0.3, seed=1)))
        if number:
            times.append((time.perf_counter() - began) / steps)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = 1024 * int(status.split("VmHWM:")[1].split()[0])
    return {"seconds": statistics.median(times), "bytes": float(peak)}


def in_own_process(point: dict[str, int], steps: int, rounds: int) -> dict[str, Any]:
    job = json.dumps({"point": point, "steps": steps, "rounds": rounds})
    done = subprocess.run(
        [sys.executable, __file__, "--point", job], capture_output=True, text=True, check=True
    )
    return {**point, **json.loads(done.stdout.splitlines()[-1])}


def exponent(values: list[float], costs: list[float], at_rest: float) -> float:
    """The slope of log(cost − at_rest) over log(value)."""
    beyond = np.array(costs) - at_rest
    return float(np.polyfit(np.log(values), np.log(beyond), 1)[0])


def draw(sweeps: dict[str, list[dict[str, Any]]], fits: dict[str, Any], path: Path) -> None:
    """Time and memory over each quantity, log-log, with the exponents."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, len(sweeps), figsize=(3 * len(sweeps), 5.5), sharex="col")
    for column, (name, points) in enumerate(sweeps.items()):
        for row, (cost, unit, scale) in enumerate((("seconds", "ms", 1e3), ("bytes", "GB", 1e-9))):
            axis = axes[row, column]
            axis.loglog([p[name] for p in points], [p[cost] * scale for p in points], "o-")
            axis.set_title(f"exponent {fits[name][cost]:.2f}", fontsize=9)
            axis.set_ylabel(f"{'time of a step' if row == 0 else 'peak memory'}, {unit}")
            axis.set_xlabel(name if row else "")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=4, help="Langevin steps in a round")
    parser.add_argument("--json", type=Path, default=Path("scaling.json"))
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--point", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.point:
        print(json.dumps(measure(**json.loads(options.point))))
        return
    at_rest = in_own_process({**BASE, "frames": 8, "size": 16, "chains": 1}, 1, 1)["bytes"]
    sweeps, fits = {}, {}
    for name, values in SWEEPS.items():
        points = [
            in_own_process({**BASE, name: value}, options.steps, options.rounds)
            for value in values
        ]
        sweeps[name] = points
        sizes = [float(value) for value in values]
        fits[name] = {
            "seconds": exponent(sizes, [p["seconds"] for p in points], 0.0),
            "bytes": exponent(sizes, [p["bytes"] for p in points], at_rest),
        }
        print(f"{name}: time ∝ {name}^{fits[name]['seconds']:.2f}, "
              f"memory ∝ {name}^{fits[name]['bytes']:.2f}", flush=True)
        for p in points:
            print(f"  {p[name]:5d}  {1e3 * p['seconds']:8.1f} ms  {p['bytes'] / 1e9:6.2f} GB")
    results = {"base": BASE, "at_rest": at_rest, "exponents": fits, "sweeps": sweeps}
    options.json.write_text(json.dumps(results, indent=1))
    if options.figure:
        draw(sweeps, fits, options.figure)


if __name__ == "__main__":
    main()
