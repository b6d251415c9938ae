"""How near the first guess of missing pixels comes, on every embedded video, as a table.

    python benchmarks/recovery_table.py [--size 64] [--frames 48] [--seed 0] [--json table.json]

Some pixels of each video are hidden: a square that jumps, half of the frames, half of all pixels,
or scratches that wander over the picture. Nothing is learned. A row says what share is hidden, the
mean error at hidden pixels, in grey levels, of interpolation in time and of the first guess, and
what the guess is a mix of. The last line says where the guess is worse than interpolation.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from dynpat.datasets import NAMES, render
from dynpat.masks import draw_mask
from dynpat.quality import truth
from dynpat.restoration.first_guess import make_guess
from dynpat.restoration.kriging import interpolate_in_time
from dynpat.videos import to_levels

Shape = tuple[int, int, int]

SCRATCHES = 4  # on a frame
STAYS = 6  # frames for which a scratch is there
WANDERS = 0.7  # pixels by which it moves from frame to frame
DRAWN = {
    "region": "region:0.16", "frames": "frames:0.5", "salt and pepper": "salt-pepper:0.5",
}


def scratches(shape: Shape, seed: int) -> np.ndarray:
    """A mask (T, H, W) of upright lines, one or two pixels wide, that stay for some frames."""
    frames, height, width = shape
    rng = np.random.default_rng(seed)
    mask = np.zeros(shape, bool)
    for first in range(0, frames, STAYS):
        last = min(first + STAYS, frames)
        for place in rng.uniform(1, width - 2, SCRATCHES):
            top, bottom = np.sort(rng.integers(0, height, 2))
            thick = int(rng.integers(1, 3))
            for number in range(first, last):
                place = float(np.clip(place + rng.normal(0, WANDERS), 0, width - thick))
                mask[number, top : bottom + 1, int(place) : int(place) + thick] = True
    return mask


def mask_of(kind: str, shape: Shape, seed: int) -> np.ndarray:
    """The mask (T, H, W) of a kind of damage."""
    return scratches(shape, seed) if kind == "scratches" else draw_mask(DRAWN[kind], shape, seed)


def row(name: str, kind: str, frames: int, size: int, seed: int) -> dict[str, Any]:
    """The figures of one video and one kind of damage."""
    video = render(name, frames, (size, size), seed)
    missing = mask_of(kind, video.shape[:3], seed)
    visible = np.where(missing[..., np.newaxis], np.uint8(0), video)
    guess = make_guess(visible, missing, seed)
    filled, simple = to_levels(guess.filled), to_levels(interpolate_in_time(visible, missing))
    if not np.array_equal(filled[~missing], video[~missing]):
        raise AssertionError(f"Visible pixels of {name} changed under {kind}.")
    found, other = (truth.compare(video, one, missing) for one in (filled, simple))
    return {
        "video": name, "hidden": kind, "share": float(missing.mean()),
        "interpolation": other.error, "guess": found.error, "motion": found.motion,
        "weights": guess.weights,
    }


def line(found: dict[str, Any]) -> str:
    """A row as a line of a table in Markdown."""
    mix = ", ".join(f"{100 * share:.0f} {name}" for name, share in found["weights"].items())
    return (
        f"| {found['video']} | {found['hidden']}, {100 * found['share']:.0f} % | "
        f"{found['interpolation']:.2f} | {found['guess']:.2f} | "
        f"{100 * (found['guess'] / max(found['interpolation'], 1e-9) - 1):+.0f} % | {mix} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--videos", nargs="+", default=sorted(NAMES), choices=NAMES)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print("| video | hidden | interpolation | first guess | | mix (%) |\n|---|---|---|---|---|---|")
    rows = []
    for name in options.videos:
        for kind in (*DRAWN, "scratches"):
            rows.append(row(name, kind, options.frames, options.size, options.seed))
            print(line(rows[-1]), flush=True)
    worse = [f"{r['video']}, {r['hidden']}" for r in rows if r["guess"] > r["interpolation"]]
    print(f"\nWorse than interpolation in time: {'; '.join(worse) or 'nowhere'}.")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
