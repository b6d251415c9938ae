"""How much of the damage of the embedded videos is found, and how near its repair comes.

    python benchmarks/damage.py [--frames 40] [--side 64] [--seeds 1]

Two tables for docs/recovery.md. In the first, precision / recall of what `--detect` finds, in
percent: of frames, or of scratched pixels. A found pixel is right if damage is less than three
pixels away; of the damaged pixels, those count that changed by more than 16 grey levels. The last
row counts what is found in undamaged videos. In the second, mean errors in grey levels over all
damaged pixels, whether found or not: before the repair, with interpolation in time, and with the
first guess from which learning starts. Where nothing finds the damage, the recipe's mask is given.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from dynpat.datasets import NAMES, render
from dynpat.datasets.damage import DAMAGES, damage
from dynpat.masks import detect_damage, grow_mask
from dynpat.restoration.first_guess import make_guess
from dynpat.restoration.kriging import interpolate_in_time

DETECT = {"frozen": "frozen", "black": "black", "scratches": "scratches", "dust": "scratches"}
RIGHT = 2  # pixels around damage that are rightly found
VISIBLE = 16  # grey levels of a change


class Repair(NamedTuple):
    """What was found and repaired of one kind of damage in one video.

    Attributes
    ----------
    precision, recall : float
        Shares between 0 and 1; nan if nothing was to be found by itself.
    damaged, interpolated, guessed : float
        Mean errors at damaged pixels, in grey levels.
    """

    precision: float
    recall: float
    damaged: float
    interpolated: float
    guessed: float


def repair(video: np.ndarray, kind: str, seed: int) -> Repair:
    """Damage a video (T, H, W, C), find the damage and guess what belongs there."""
    made = damage(video, kind, seed)
    found, precision, recall = made.mask, float("nan"), float("nan")
    if kind in DETECT:
        found = detect_damage(made.video, DETECT[kind]).mask
        change = np.abs(made.video.astype(float) - video).mean(axis=-1)
        seen = made.mask if DETECT[kind] == kind != "scratches" else change > VISIBLE
        precision = float(grow_mask(made.mask, RIGHT)[found].mean()) if found.any() else 1.0
        recall = float(found[seen].mean())

    def error(of: np.ndarray) -> float:
        return float(np.abs(of.astype(float) - video)[made.mask].mean())

    fills = (interpolate_in_time(made.video, found), make_guess(made.video, found, seed).filled)
    return Repair(precision, recall, error(made.video), *map(error, fills))


def table(head: str, kinds: list[str], cell: Callable[[str, str], str]) -> None:
    """Print a table in Markdown, a row for each kind and a column for each video."""
    print(f"| {head} | {' | '.join(NAMES)} |\n|---|{'---|' * len(NAMES)}")
    for kind in kinds:
        print(f"| {kind} | {' | '.join(cell(kind, name) for name in NAMES)} |", flush=True)
    print()


def main(frames: int = 40, side: int = 64, seeds: int = 1) -> None:
    """Print both tables, row by row."""
    videos = {name: [render(name, frames, (side, side), seed) for seed in range(seeds)]
              for name in NAMES}

    @cache
    def made(kind: str, name: str) -> list[Repair]:
        return [repair(video, kind, seed) for seed, video in enumerate(videos[name])]

    def mean(kind: str, name: str, *fields: str) -> list[float]:
        return [float(np.mean([getattr(one, field) for one in made(kind, name)]))
                for field in fields]

    def found(kind: str, name: str) -> str:
        if kind in DETECT:
            both = mean(kind, name, "precision", "recall")
            return " / ".join(f"{100 * share:.0f}" for share in both)
        alarms = [detect_damage(video, kinds).mask.any(axis=(1, 2)).sum()
                  for kinds in DETECT.values() for video in videos[name]]
        return f"{sum(alarms)} frames"

    def errors(kind: str, name: str) -> str:
        return " → ".join(f"{error:.1f}" for error in
                          mean(kind, name, "damaged", "interpolated", "guessed"))

    table("found, %", [*DETECT, "undamaged"], found)
    table("error", list(DAMAGES), errors)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for option, usual in (("--frames", 40), ("--side", 64), ("--seeds", 1)):
        parser.add_argument(option, type=int, default=usual)
    main(**vars(parser.parse_args()))
