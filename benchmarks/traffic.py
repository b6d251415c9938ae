"""What the replicas of a cluster send in an update, counted by this machine beside the formula.

    python benchmarks/traffic.py [--workers 2] [--frames 24] [--size 64] [--updates 40]

Two clusters of processes on this machine learn the same short video, one for `--updates` updates
more than the other. All that they send goes through the loopback device, whose bytes Linux counts;
the difference is what these updates send. A ring of R replicas that adds up W weights sends

    2·(R − 1) · 4·W bytes

in all. Other programs that use the loopback device meanwhile are counted, too.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

FIRST = 5  # updates of the shorter run


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--updates", type=int, default=40)
    parser.add_argument("--json", type=Path, default=Path("traffic.json"))
    options = parser.parse_args()
    from dynpat.datasets import flames
    from dynpat.videos import write_video

    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "flames.gif"
        write_video(video, flames(options.frames, (options.size, options.size)), 25)
        few, many = (
            learned_together(video, Path(folder) / str(updates), options.workers, updates)
            for updates in (FIRST, FIRST + options.updates)
        )
        weights = weights_of(Path(folder) / str(FIRST))
    counted = (many - few) / options.updates
    formula = 2 * (options.workers - 1) * 4 * weights
    print(f"{options.workers} workers, {weights:,} weights: {counted / 1e6:.2f} MB an update in "
          f"all, {counted / formula:.2f} times the {formula / 1e6:.2f} MB of the formula; "
          f"{few / 1e6:.1f} MB to start, for {FIRST} updates, and to end")
    options.json.write_text(json.dumps({
        "workers": options.workers, "weights": weights, "counted": counted, "formula": formula,
    }))


def learned_together(video: Path, out: Path, workers: int, updates: int) -> int:
    """Let a cluster learn; return the bytes that went through the loopback device meanwhile."""
    sockets = [socket.socket() for _ in range(workers)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    cluster = {"worker": [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]}
    for one in sockets:
        one.close()
    before = loopback_bytes(Path("/proc/net/dev").read_text(encoding="ascii"))
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "dynpat_cli", "learn", str(video), "--iterations", str(updates),
             "--chains", str(2 * workers), "--precision", "float32", "--format", "npy", "--quiet",
             "--strategy", "multiworker", "--out", str(out)],
            env={**os.environ, "TF_CONFIG": json.dumps(
                {"cluster": cluster, "task": {"type": "worker", "index": index}}
            )},
        )
        for index in range(workers)
    ]
    if any([process.wait() for process in processes]):
        raise SystemExit("A process of the cluster failed; see what it said above.")
    return loopback_bytes(Path("/proc/net/dev").read_text(encoding="ascii")) - before


def loopback_bytes(table: str) -> int:
    """Return the bytes sent through the loopback device, from the text of /proc/net/dev."""
    (line,) = (line for line in table.splitlines() if line.strip().startswith("lo:"))
    return int(line.split(":")[1].split()[8])


def weights_of(run: Path) -> int:
    """Return the number of weights of the model of a run."""
    from dynpat import load_model

    return sum(math.prod(weight.shape) for weight in load_model(run).trainable_variables)


if __name__ == "__main__":
    main()
