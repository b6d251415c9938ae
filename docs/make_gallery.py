"""Learn the embedded videos, and write the moving picture of the README and the gallery's table:

    python docs/make_gallery.py FOLDER

The videos, the runs and `figures.json` are written into FOLDER; a run that is there already is not
repeated. The picture is `docs/gallery.gif`. It takes half an hour on two cores.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from dynpat.datasets import FRAMES_PER_SECOND, boat, flames, lights, ocean, runner
from dynpat.runs.folder import Run
from dynpat.tasks.made import of_each, read_made
from dynpat.videos import write_video

SIZE, FRAMES, MADE = (64, 64), 40, 40  # of the observed videos, and the number of frames shown
GAP, LINE = 6, 12  # pixels between the panels, and the height of their titles
PAPER, INK = 255, 40  # grey levels
PICTURE = Path(__file__).parent / "gallery.gif"

# The commands by the names of their runs, as docs/gallery.md shows them.
COMMANDS = {
    "flames": "learn videos/flames --time-budget 2m --out runs/flames",
    "ocean": "learn videos/ocean --pattern texture --time-budget 2m --out runs/ocean",
    "lights": "learn videos/lights --time-budget 2m --out runs/lights",
    "runner": "learn videos/runner --pattern action --time-budget 2m --out runs/runner",
    "recovered": "recover videos/flames --occlude region:0.16 --time-budget 90s "
                 "--out runs/recovered",
    "inpainted": "inpaint videos/boat --mask videos/boat_mask --time-budget 90s "
                 "--out runs/inpainted",
    "extended": "extend videos/flames --frames 20 --time-budget 90s --out runs/extended",
    "loop": "sample runs/flames --loop --frames 40 --out runs/loop",
}


def render(folder: Path) -> None:
    """Write the embedded videos as folders of frames."""
    scene = boat(frames=FRAMES, size=SIZE)
    videos = {
        "flames": flames(frames=FRAMES, size=SIZE), "ocean": ocean(frames=FRAMES, size=SIZE),
        "lights": lights(frames=FRAMES, size=SIZE), "runner": runner(frames=20, size=SIZE),
        "boat": scene.video, "boat_mask": 255 * scene.mask[..., None].astype(np.uint8),
    }
    for name, video in videos.items():
        if not (folder / "videos" / name).exists():
            write_video(folder / "videos" / name, video, FRAMES_PER_SECOND)


def run_all(folder: Path) -> dict[str, float]:
    """Run the commands that have not been run; return the seconds that each took."""
    times_file = folder / "times.json"
    times: dict[str, float] = json.loads(times_file.read_text()) if times_file.exists() else {}
    for name, words in COMMANDS.items():
        if name in times:
            continue
        begun = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "dynpat_cli", *words.split(), "--format", "png,gif"],
            cwd=folder, check=True,
        )
        times[name] = time.monotonic() - begun
        times_file.write_text(json.dumps(times))
    return times


def made(folder: Path, name: str, inside: str, pattern: str) -> np.ndarray:
    """Read the first video that a run made, (T, H, W, 3) uint8."""
    return read_made(of_each(folder / "runs" / name / inside, pattern)[0])


def panels(folder: Path) -> list[list[tuple[str, np.ndarray]]]:
    """Return the rows of the picture: titles with their videos."""
    seen = {path.name: read_made(path) for path in (folder / "videos").iterdir()}
    learned = [
        panel for name in ("flames", "ocean", "lights", "runner")
        for panel in ((f"{name}, observed", seen[name]),
                      ("synthesised", made(folder, name, "samples", "synthesised_*")))
    ]
    hidden = made(folder, "recovered", "results", "comparison_*")
    width = seen["flames"].shape[2]
    mask = seen["boat_mask"] > 127
    filled = [
        ("damaged", hidden[:, :, :width]),
        ("recovered", made(folder, "recovered", "results", "recovered_*")),
        ("to remove", np.where(mask, np.uint8(235), seen["boat"])),
        ("inpainted", made(folder, "inpainted", "results", "recovered_*")),
        ("extended", made(folder, "extended", "results", "recovered_*")),
        ("loop", made(folder, "loop", "", "synthesised_*")),
    ]
    return [learned[:4], learned[4:], filled[:4], filled[4:]]


def titled(title: str, video: np.ndarray, frames: int) -> np.ndarray:
    """Return a panel (T, LINE + H, W, 3): a video that is repeated, below its title."""
    _, height, width, _ = video.shape
    line = Image.new("L", (width, LINE), PAPER)
    ImageDraw.Draw(line).text((0, 0), title, fill=INK)
    top = np.repeat(np.asarray(line)[None, ..., None], 3, axis=-1)
    rows = [np.concatenate([top[0], video[n % len(video)]]) for n in range(frames)]
    assert rows[0].shape == (LINE + height, width, 3)
    return np.stack(rows)


def main(folder: Path) -> None:
    """Render, learn, and write the figures."""
    render(folder)
    run_all(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
