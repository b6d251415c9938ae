"""A Langevin step in tiles against the same step of the whole video: time and memory.

    python benchmarks/tiled_sampling.py [--size 480] [--frames 64] [--memory 1.6GB] [--steps 2]

Each is a process of its own, with an unlearned texture of the preset `default`, whose work is that
of a learned one. Time is in seconds per megapixel and frame; ratios are of processors' time, which
other work on the machine hardly changes. Memory is the most that the process took, without pages of
files. Then the work of tiles is computed for 1920×1080 and 250 frames in
4 GB.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from dynpat.devices import load_tensorflow, resolve_precision

tf = load_tensorflow()

import numpy as np  # noqa: E402

from dynpat import langevin  # noqa: E402
from dynpat.datasets import ocean  # noqa: E402
from dynpat.models import EnergyModel, TextureModel  # noqa: E402
from dynpat.models.sampling import chain_shape  # noqa: E402
from dynpat.models.tiles import round_up  # noqa: E402
from dynpat.models.tiling_coloured import ColouredTiledChain, grid_of  # noqa: E402

LARGE = (250, 1080, 1920, 3), 4 * 10**9


def model_of(preset_size: int = 100) -> EnergyModel:
    model = TextureModel.from_preset(
        "default", frames=24, size=(preset_size, preset_size), precision=resolve_precision("auto")
    )
    model.adapt(ocean(24, (preset_size, preset_size))[np.newaxis])
    return model


class Peak:
    """Looks at the memory of this process, again and again."""

    def __init__(self) -> None:
        self.bytes, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            status = Path("/proc/self/status").read_text(encoding="ascii")
            self.bytes = max(self.bytes, 1000 * int(status.split("RssAnon:")[1].split()[0]))

    def end(self) -> int:
        self._over.set()
        self._thread.join()
        return self.bytes


def measure(kind: str, shape: tuple[int, ...], memory: int, steps: int) -> dict[str, float]:
    """Seconds of a step and the peak of memory, in this process."""
    model = model_of()
    moving = model.usual_langevin
    peak = Peak()
    found: dict[str, float] = {}
    if kind == "whole":
        model.reference.ready_for((1, *shape))
        video = model.draw_start((1, *shape), seed=0)

        def run(count: int) -> None:
            moved = langevin.sample(model, video, count, moving.step_size, seed=1,
                                    momentum=moving.momentum)
            float(tf.reduce_sum(moved))
    else:
        folder = tempfile.TemporaryDirectory()
        chain = ColouredTiledChain(model, shape, memory, Path(folder.name), seed=0)
        found["work"] = work_of(shape, memory)

        def run(count: int) -> None:
            for _ in range(count):
                chain.move(moving, 1.0)
    run(1)
    began, worked = time.perf_counter(), time.process_time()
    run(steps)
    found["seconds"] = (time.perf_counter() - began) / steps
    found["work_seconds"] = (time.process_time() - worked) / steps
    if kind != "whole":
        folder.cleanup()
    return found | {"peak": peak.end()}


def in_its_own_process(kind: str, options: argparse.Namespace) -> dict[str, float]:
    line = [sys.executable, __file__, "--size", str(options.size), "--frames", str(options.frames),
            "--memory", options.memory, "--steps", str(options.steps), "--only", kind]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def work_of(shape: tuple[int, ...], memory: int) -> float:
    """How often the values of a chain pass the network, on average, if it is cut."""
    grid = grid_of(model_of(), shape, memory)
    return grid.work() / math.prod(grid.shape)


def chain_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the chain from which a video (T, H, W, C) is cut."""
    model = model_of()
    edges, _ = chain_shape(model, shape, ())  # type: ignore[arg-type]
    return (*(round_up(model, axis, n) for axis, n in enumerate(edges[:3], start=1)), shape[3])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=int, default=480)
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--memory", default="1.6GB")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--only", choices=("whole", "tiles"))
    options = parser.parse_args()
    shape = (options.frames, options.size, options.size, 3)
    memory = int(1e9 * float(options.memory.removesuffix("GB")))
    if options.only:
        print(json.dumps(measure(options.only, shape, memory, options.steps)))
        return
    million = math.prod(shape[:3]) / 1e6
    found = {kind: in_its_own_process(kind, options) for kind in ("whole", "tiles")}
    for kind, row in found.items():
        print(f"{kind}: {row['seconds'] / million:.3f} s per megapixel and frame, of which "
              f"{row['work_seconds'] / million:.3f} s of processors; {row['peak'] / 1e9:.2f} GB")
    ratio = found["tiles"]["work_seconds"] / found["whole"]["work_seconds"]
    work, large = found["tiles"]["work"], work_of(chain_of(LARGE[0]), LARGE[1])
    print(f"tiles take {ratio:.2f} times the time of processors, with {work:.2f} times the work in "
          "the network")
    print(f"1920×1080 and 250 frames in {LARGE[1] / 1e9:.0f} GB: {large:.2f} times the work, so "
          f"about {ratio * large / work:.2f} times the time")


if __name__ == "__main__":
    main()
