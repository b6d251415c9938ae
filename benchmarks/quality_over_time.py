"""How good new videos are after how much learning: presets, and the reference alone, as one figure.

    python benchmarks/quality_over_time.py VIDEO=PATTERN … [--time 15m] [--size 64] [--figure F.svg]

Each preset learns each video (`fire.avi=scene lake.gif=texture`), one run after the other, alone on
the machine. A run judges a fresh sample of its averaged weights every now and then, and writes down
what it found: the curves are read from its log, by the seconds of learning. The line across is a
draw of the coloured reference, judged alike. Runs that are there already are read, not repeated.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from cli.options import Duration, Size
from dynpat.quality.figures import Judge
from dynpat.reporter import Reporter
from dynpat.runs.folder import Run
from dynpat.runs.log import read_log
from dynpat.runs.observed import read_observed
from dynpat.runs.plan import make_plan
from dynpat.runs.recorder import drawn_from_reference
from dynpat.tasks import learn as tasks

PRESETS = ("default", "gaussian", "paper")
FIGURES = {"patches": "distance of patches", "motion_patches": "distance of patches of change"}
DRAW = "reference alone"
EVERY = 20.0  # seconds between two judgements
TOGETHER = 3  # judgements whose median is drawn

Curves = dict[str, dict[str, list[tuple[float, float]]]]


def learned(
    video: str, pattern: str, preset: str, size: tuple[int, int] | None, budget: float, folder: Path
) -> Run:
    """A run of `budget` seconds in `folder`, which is made unless it is there."""
    if not (folder / "metrics.json").exists():
        plan = make_plan(
            [video], pattern=pattern, preset=preset, size=size,
            learn={"time_budget": budget, "preview_every": EVERY},
        )
        tasks.learn(plan, folder, formats=("npy",))
    return Run.open(folder)


def curves(run: Run) -> dict[str, list[tuple[float, float]]]:
    """For each figure: (seconds of learning, value) at each judgement of a run."""
    rows = [row for row in read_log(run.log_file) if row.get("quality")]
    return {
        name: [(row["elapsed"], row["quality"][name]) for row in rows] for name in FIGURES
    }


def of_the_draw(runs: list[Run], draws: int = 3) -> dict[str, float]:
    """For each figure: the median of a few draws of the coloured reference, if a run has one."""
    models = (run.load_model() for run in runs)
    model = next((one for one in models if one.coloured), None)
    if model is None:
        return {}
    observed = read_observed(runs[0].plan(), Reporter())[0].frames
    judge = Judge(observed)
    found = [judge(drawn_from_reference(model, len(observed), seed)) for seed in range(draws)]
    figures = [one.to_dict() for one in found if one]
    return {name: float(np.median([one[name] for one in figures])) for name in FIGURES}


def smoothed(points: list[tuple[float, float]]) -> np.ndarray:
    """Running median of a few judgements: each is of a single sample."""
    values = np.array(points)
    half = TOGETHER // 2
    middle = [np.median(values[max(n - half, 0) : n + half + 1, 1]) for n in range(len(values))]
    return np.stack([values[:, 0], middle], axis=1)


def draw(found: dict[str, Curves], draws: dict[str, dict[str, float]], file: Path) -> None:
    """One row of pictures a video, one picture a figure."""
    matplotlib.use("svg")
    from matplotlib import pyplot as plt

    plt.rcParams |= {"svg.hashsalt": "dynpat", "font.size": 9}
    figure, rows = plt.subplots(
        len(found), len(FIGURES), figsize=(9, 3 * len(found)), squeeze=False, layout="constrained"
    )
    for (video, presets), row in zip(found.items(), rows, strict=True):
        for (name, title), axes in zip(FIGURES.items(), row, strict=True):
            for preset, lines in presets.items():
                if lines[name]:
                    axes.plot(*smoothed(lines[name]).T, label=preset)
            if name in draws[video]:
                axes.axhline(draws[video][name], ls=":", color="grey", label=DRAW)
            axes.set(title=f"{video}: {title}", xlabel="seconds of learning", yscale="log")
    rows[0][0].legend()
    figure.savefig(file, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("videos", nargs="+", metavar="VIDEO=PATTERN")
    parser.add_argument("--time", default="15m", help="of each run")
    parser.add_argument("--size", help="of the pictures; as `dynpat learn` chooses by default")
    parser.add_argument("--presets", nargs="+", default=PRESETS, choices=PRESETS)
    parser.add_argument("--out", type=Path, default=Path("runs/quality_over_time"))
    parser.add_argument("--figure", type=Path, default=Path("quality_over_time.svg"))
    options = parser.parse_args()
    budget = float(Duration().convert(options.time, None, None))
    size = Size().convert(options.size, None, None) if options.size else None
    found: dict[str, Curves] = {}
    draws: dict[str, Any] = {}
    for entry in options.videos:
        video, pattern = entry.rsplit("=", 1)
        name = Path(video).stem
        runs = {
            preset: learned(video, pattern, preset, size, budget, options.out / f"{name}-{preset}")
            for preset in options.presets
        }
        found[name] = {preset: curves(run) for preset, run in runs.items()}
        draws[name] = of_the_draw(list(runs.values()))
    draw(found, draws, options.figure)
    print(options.figure)


if __name__ == "__main__":
    main()
