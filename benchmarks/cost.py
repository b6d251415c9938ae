"""What one update of learning costs: by formulas, and as measured on this machine.

    python benchmarks/cost.py [--updates 3] [--workers 2,8,100] [--json cost.json]

U is the work of a forward pass and the gradient to one video, in floating-point operations; B
observed videos with V windows and K chains each, L Langevin steps, W weights, R replicas:

    work of an update        B·U·(K·L + 3/2·(K + V))      its last term also has ∂f/∂θ
    network, each replica    2·(R − 1)/R · 4·W bytes      a ring adds up the gradients
    network, a checkpoint    the same of the chains, 4·N·K·T·H·W·C bytes

If the formula of the work holds, operations per second are alike for all that is measured.

On paper, not measured, each of R replicas with the chains of one case has

    seconds of an update     work / P + S·k + network / N + 2·(R − 1)·t

of a device that does P operations per second and starts k kernels per pass of the network in S
passes, beside a network of N bytes per second and t seconds from one replica to the next.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from langevin_step import useful_flops

from dynpat.learning.learner import Learner
from dynpat.runs.observed import for_videos
from dynpat.runs.plan import make_model, make_plan
from dynpat.videos import as_videos

CASES: dict[str, dict[str, Any]] = {
    "scene": {"shape": (24, 100, 100)},
    "scene, twice the chains": {"shape": (24, 100, 100), "learn": {"chains": 6}},
    "scene, twice the steps": {"shape": (24, 100, 100), "langevin": {"steps": 10}},
    "scene, twice the frames": {"shape": (48, 100, 100)},
    "scene, a quarter of the pixels": {"shape": (24, 50, 50)},
    "texture": {"shape": (24, 100, 100), "pattern": "texture"},
}


def cost(name: str, updates: int) -> dict[str, Any]:
    """Formulas and mean seconds of an update of one observed video."""
    import numpy as np

    case = CASES[name]
    shape = (*case["shape"], 3)
    plan = make_plan([], pattern=case.get("pattern", "scene"), langevin=case.get("langevin", {}),
                     learn={"iterations": 10**6, "batch": 1, **case.get("learn", {})})
    video = np.random.default_rng(0).integers(0, 256, (1, *shape), np.uint8)
    plan = for_videos(plan, as_videos(video))
    model = make_model(plan, shape, 1)
    learner = Learner(model, video, plan.learn, plan.langevin)
    chains, steps, windows = plan.learn.chains, plan.langevin.steps, 1
    work = sum(useful_flops(model, (1, *shape[:3]))) * (chains * steps + 1.5 * (chains + windows))
    common = {"batch_size": 1, "chains": chains, "seed": plan.learn.seed}
    model.fit(learner.videos, **common)  # traces
    began = time.perf_counter()
    model.fit(learner.videos, steps_per_epoch=updates, **common)
    seconds = (time.perf_counter() - began) / updates
    weights = sum(math.prod(weight.shape) for weight in model.trainable_variables)
    return {
        "chains": chains, "steps": steps, "work": work, "weights": weights,
        "chain_bytes": 4 * chains * math.prod(shape), "seconds": seconds,
    }


def traffic(row: dict[str, Any], replicas: int) -> float:
    """Bytes that each replica sends in an update."""
    return 2 * (replicas - 1) / replicas * 4 * float(row["weights"])


DEVICE = 1e14, 5e-4  # a tenth to a fifth of what makers print; 100 kernels of 5 µs each pass
NETWORKS = {1: (math.inf, 0.0), 8: (3e11, 5e-6), 100: (1.2e10, 2e-5)}  # a box; 100 Gbit/s


def on_paper(row: dict[str, Any], replicas: int) -> tuple[float, float]:
    """Seconds of an update where each replica has the chains of `row`, and the network's share."""
    rate, launch = DEVICE
    bandwidth, latency = NETWORKS[replicas]
    own = row["work"] / rate + (row["steps"] + 1) * launch
    network = traffic(row, replicas) / bandwidth + 2 * (replicas - 1) * latency
    return own + network, network / (own + network)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--updates", type=int, default=3)
    parser.add_argument("--cases", default=";".join(CASES), help="separated by ';'")
    parser.add_argument("--workers", default="2,8,100")
    parser.add_argument("--json", type=Path, default=Path("cost.json"))
    options = parser.parse_args()
    replicas = [int(number) for number in options.workers.split(",")]
    rows = {}
    for name in options.cases.split(";"):
        row = rows[name] = cost(name, options.updates)
        row["traffic"] = {str(number): traffic(row, number) for number in replicas}
        sent = ", ".join(f"{b / 1e6:.1f} MB of {n}" for n, b in row["traffic"].items())
        print(f"{name}: {row['work'] / 1e9:.0f} GFLOP in {row['seconds']:.2f} s, "
              f"{row['work'] / row['seconds'] / 1e9:.0f} GFLOP/s; each replica sends {sent}",
              flush=True)
        for number in NETWORKS:
            seconds, share = on_paper(row, number)
            print(f"    on paper, {number} × {row['chains']} chains: {1000 * seconds:.1f} ms, "
                  f"{number * row['chains'] / seconds:,.0f} chains/s, network {share:.0%}")
    options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
