"""Write a picture for the documentation from a run on an embedded video:

    python docs/make_pictures.py RUN docs/flames.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from dynpat.runs.folder import Run
from dynpat.videos import read_video

EVERY, FRAMES, ROWS, ENLARGED = 5, 8, 3, 2


def main(run: Path, out: Path) -> None:
    opened = Run.open(run)
    paths = [opened.observed_file, *sorted(opened.samples.glob("synthesised_*.gif"))][:ROWS]
    rows = [
        np.concatenate(list(read_video(path).frames[: EVERY * FRAMES : EVERY]), axis=1)
        for path in paths
    ]
    picture = np.concatenate(rows, axis=0).repeat(ENLARGED, axis=0).repeat(ENLARGED, axis=1)
    Image.fromarray(picture).save(out, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
