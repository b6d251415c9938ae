"""Where the time of an update of the presets `default` goes: convolutions, and all that is not.

    python benchmarks/update_profile.py [--updates 3] [--size 100] [--frames 24] [--most 10]

TensorFlow's profiler notes each operation, on one thread. Convolutions and matrix products of
layers count as such, with their gradients; all else is casts, padding, noise, the reference,
figures and the optimizer.
"""

from __future__ import annotations

import argparse
import glob
import os
import tempfile
from collections import defaultdict
from typing import Any

if __name__ == "__main__":  # who imports this keeps the threads that there are
    for name in ("TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = "1"  # so that no operation waits for another one in the account

from dynpat.devices import load_tensorflow

tf = load_tensorflow()

import numpy as np  # noqa: E402

from dynpat.datasets import flames  # noqa: E402
from dynpat.learning.learner import Learner  # noqa: E402
from dynpat.models import PATTERNS  # noqa: E402
from dynpat.runs.observed import for_videos  # noqa: E402
from dynpat.runs.plan import make_model, make_plan  # noqa: E402
from dynpat.videos import as_videos  # noqa: E402

WAITING = ("Run",)  # of the executor, for the operations of other threads
PRODUCTS = ("Conv3D", "MatMul", "Conv2D")  # in the names of their kinds


def learner_of(pattern: str, frames: int, size: int) -> Learner:
    video = flames(frames, (size, size))[np.newaxis]
    plan = make_plan([], pattern=pattern, preset="default", learn={"iterations": 10**6})
    plan = for_videos(plan, as_videos(video))
    return Learner(make_model(plan, video.shape[1:], 1), video, plan.learn, plan.langevin)


def profile(learner: Learner, updates: int) -> dict[str, float]:
    """Seconds of an update in each kind of operation."""
    common: dict[str, Any] = {
        "batch_size": learner.config.batch, "chains": learner.config.chains,
        "seed": learner.config.seed,
    }
    learner.model.fit(learner.videos, **common)  # traces
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        learner.model.fit(learner.videos, steps_per_epoch=updates, **common)
        tf.profiler.experimental.stop()
        (path,) = glob.glob(f"{folder}/**/*.xplane.pb", recursive=True)
        return {kind: seconds / updates for kind, seconds in seconds_of(path).items()}


def seconds_of(path: str) -> dict[str, float]:
    """Seconds of each kind of operation, without those of others inside it."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    space = xplane_pb2.XSpace()
    with open(path, "rb") as file:
        space.ParseFromString(file.read())
    found: dict[str, float] = defaultdict(float)
    for plane in space.planes:
        if plane.name != "/host:CPU":
            continue
        names = {key: entry.name for key, entry in plane.event_metadata.items()}
        for line in plane.lines:
            kinds = [(event.offset_ps, event.duration_ps, names[event.metadata_id].split(":")[-1])
                     for event in line.events if ":" in names[event.metadata_id]]
            for kind, seconds in _alone(kinds):
                if kind not in WAITING:
                    found[kind] += seconds
    return dict(found)


def _alone(events: list[tuple[int, int, str]]) -> list[tuple[str, float]]:
    """The seconds of events of one thread (start, length, kind), less those inside them."""
    own = [float(length) for _, length, _ in events]
    order = sorted(range(len(events)), key=lambda n: (events[n][0], -events[n][1]))
    open_ones: list[int] = []
    for number in order:
        start, length, _ = events[number]
        while open_ones and sum(events[open_ones[-1]][:2]) <= start:
            open_ones.pop()
        if open_ones:
            # The clock is coarse: what begins inside may seem to end a little later.
            end = sum(events[open_ones[-1]][:2])
            own[open_ones[-1]] -= min(start + length, end) - start
        open_ones.append(number)
    kinds = [kind for _, _, kind in events]
    return [(kind, max(alone, 0.0) / 1e12) for kind, alone in zip(kinds, own, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--updates", type=int, default=3)
    parser.add_argument("--size", type=int, default=100)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--most", type=int, default=10, help="kinds of operations to show")
    options = parser.parse_args()
    for pattern in PATTERNS:
        found = profile(learner_of(pattern, options.frames, options.size), options.updates)
        total = sum(found.values())
        products = sum(own for kind, own in found.items() if any(p in kind for p in PRODUCTS))
        print(f"{pattern}: {total:.2f} s an update, {1 - products / total:.0%} outside of "
              "convolutions and products", flush=True)
        for kind, own in sorted(found.items(), key=lambda item: -item[1])[: options.most]:
            print(f"    {kind:<36}{own:7.3f} s {own / total:5.0%}")


if __name__ == "__main__":
    main()
