"""Whether learning holds: long runs, their gaps of energies and their figures as time goes on.

    python benchmarks/stability.py VIDEO=PATTERN … [--updates 5000] [--size 64] [--seeds 0 1 2]
                                   [--limit 45m] [--out D]

Every video is learned with every seed, one run after the other. What is not done when the limit is
up is stopped as Ctrl-C stops it, and the same command goes on with it later. The table has, for
each run and each fifth of its updates, the least and the largest gap between the energies of the
observed and the synthesised, and medians of what the run has found of fresh samples.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from cli.options import Duration
from dynpat.runs.log import read_log

FIGURES = ("patches", "motion_patches", "motion", "deviation", "closest_passage")
PARTS = 5
PATIENCE = 300  # seconds for a run to save what it has when it is stopped


def learn(video: str, pattern: str, seed: int, folder: Path, options: argparse.Namespace,
          until: float) -> bool:
    """Learn, or go on learning, until `until` (seconds of the clock); return whether it is done."""
    if (folder / "metrics.json").exists():
        return True
    left = until - time.monotonic()
    if left <= 0:
        return False
    told = ["--resume"] if (folder / "config.json").exists() else [
        video, "--pattern", pattern, "--seed", str(seed), "--iterations", str(options.updates),
        *(["--size", options.size] if options.size else []),
    ]
    line = [sys.executable, "-m", "dynpat_cli", "learn", *told, "--out", str(folder), "--quiet"]
    process = subprocess.Popen(line)
    try:
        code = process.wait(left)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
        return False
    if code:
        raise SystemExit(f"{folder} ended with code {code}.")
    return True


def parts(rows: list[dict[str, Any]], updates: int) -> list[dict[str, float]]:
    """What happened in each fifth of `updates`, as far as there are rows of the log."""
    found = []
    for part in range(PARTS):
        first, last = part * updates // PARTS, (part + 1) * updates // PARTS
        own = [row for row in rows if first < row["update"] <= last]
        if not own:
            continue
        gaps = [row["energy_gap"] for row in own]
        judged = [row["quality"] for row in own if row.get("quality")]
        found.append({
            "last": own[-1]["update"], "least gap": min(gaps), "largest gap": max(gaps),
            **{name: statistics.median(one[name] for one in judged) for name in FIGURES if judged},
        })
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("videos", nargs="+", metavar="VIDEO=PATTERN")
    parser.add_argument("--updates", type=int, default=5000)
    parser.add_argument("--size", help="of the pictures; as `dynpat learn` chooses by default")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--limit", default="45m", help="of all runs together")
    parser.add_argument("--out", type=Path, default=Path("runs/stability"))
    options = parser.parse_args()
    until = time.monotonic() + float(Duration().convert(options.limit, None, None))
    for entry in options.videos:
        video, pattern = entry.rsplit("=", 1)
        for seed in options.seeds:
            folder = options.out / f"{Path(video).stem}-{seed}"
            done = learn(video, pattern, seed, folder, options, until)
            print(f"{folder.name}{'' if done else ' (not done yet)'}")
            for row in parts(read_log(folder / "log.jsonl"), options.updates):
                print(json.dumps({name: float(f"{value:.3g}") for name, value in row.items()}))


if __name__ == "__main__":
    main()
