"""Learn the embedded videos, and write the moving picture of the README and the gallery's table:

    python docs/make_gallery.py FOLDER

The videos and the runs are written into FOLDER; a command that has ended is not run again. The
picture is `docs/gallery.gif`, and the table is printed. It takes twenty minutes on two cores.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dynpat.datasets import FRAMES_PER_SECOND, boat, flames, lights, ocean, runner
from dynpat.quality.verdict import DECIDING
from dynpat.runs.folder import Run, read_log
from dynpat.tasks.made import of_each, read_made
from dynpat.videos import write_video

SIZE, FRAMES = (64, 64), 40  # of the observed videos
MADE, EVERY = 40, 2  # the first frames that are shown, and which of them
ENLARGED, COLOURS = 2, 144
GAP, LINE = 8, 18  # pixels between the panels, and the height of their titles
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
        ("continued", made(folder, "extended", "results", "recovered_*")[FRAMES // 2 :]),
        ("loop", made(folder, "loop", "", "synthesised_*")),
    ]
    return [learned, filled]


def titled(title: str, video: np.ndarray) -> np.ndarray:
    """Return a panel (MADE, LINE + H, W, 3): an enlarged video, repeated, below its title."""
    video = video[np.arange(0, MADE, EVERY) % len(video)]
    video = video.repeat(ENLARGED, axis=1).repeat(ENLARGED, axis=2)
    line = Image.new("RGB", (video.shape[2], LINE), (PAPER,) * 3)
    ImageDraw.Draw(line).text((0, 1), title, fill=(INK,) * 3, font=ImageFont.load_default(12))
    return np.stack([np.concatenate([np.asarray(line), frame]) for frame in video])


def picture(rows: list[list[tuple[str, np.ndarray]]]) -> np.ndarray:
    """Join rows of titled videos of one size, (T, H, W, 3) uint8, on paper."""
    joined = []
    for row in rows:
        made = [titled(title, video) for title, video in row]
        joined.append(np.concatenate([_framed(panel) for panel in made], axis=2))
    widest = max(row.shape[2] for row in joined)
    return np.concatenate([
        np.pad(row, [(0, 0), (0, 0), (0, widest - row.shape[2]), (0, 0)], constant_values=PAPER)
        for row in joined
    ], axis=1)


def _framed(panel: np.ndarray) -> np.ndarray:
    return np.pad(panel, [(0, 0), (0, GAP), (0, GAP), (0, 0)], constant_values=PAPER)


def write_picture(frames: np.ndarray, path: Path) -> None:
    """Write a GIF with one palette and without dither, which would triple its size."""
    sample = Image.fromarray(np.concatenate(list(frames[:: max(1, len(frames) // 8)])))
    palette = sample.quantize(COLOURS)
    first, *others = [
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in frames
    ]
    first.save(
        path, save_all=True, append_images=others, loop=0, optimize=False,
        duration=round(1000 * EVERY / FRAMES_PER_SECOND),
    )


def table(folder: Path, times: dict[str, float]) -> str:
    """Return the measured figures as the table of docs/gallery.md."""
    lines = [
        "| run | seconds in all | updates | how things look | how things move "
        "| how much each place changes | motion | sharpness |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in ("flames", "ocean", "lights", "runner"):
        run = Run.open(folder / "runs" / name)
        found, floor = run.metrics()["synthesised"], run.metrics()["floor"]
        beside = [f"{found[key]:.2f} ({floor[key]:.2f})" for key in DECIDING]
        ratios = [f"{found[key]:.2f}" for key in ("motion", "sharpness")]
        updates = read_log(run.log_file)[-1]["update"]
        lines.append(f"| {name} | {times[name]:.0f} | {updates} | {' | '.join(beside + ratios)} |")
    return "\n".join(lines)


def main(folder: Path) -> None:
    """Render, learn, draw, and print the table."""
    render(folder)
    times = run_all(folder)
    write_picture(picture(panels(folder)), PICTURE)
    print(table(folder, times))
    print({name: round(seconds) for name, seconds in times.items()})
    print(f"{PICTURE}: {PICTURE.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
