"""Learn, sample, recover and evaluate on arrays, without a file.

    python examples/arrays.py [updates]
"""

from __future__ import annotations

import sys

import numpy as np

import dynpat
from dynpat.datasets import flames


def main(updates: int = 200) -> dict[str, float]:
    observed = flames(frames=40, size=(48, 48), seed=0)  # (T, H, W, C) grey levels
    mask = np.zeros(observed.shape[:3], bool)  # True = missing
    mask[:, 20:28, 20:28] = True

    learned = dynpat.learn(observed, pattern="scene", iterations=updates)
    longer = learned.model.sample(count=2, frames=60, seed=0)  # (2, 60, 48, 48, 3)
    recovered = dynpat.recover(observed, mask, iterations=updates).recovered
    figures = dynpat.evaluate(observed, learned.samples, baselines=False)["videos"][0]["figures"]

    assert np.array_equal(recovered[~mask], observed[~mask])  # what was visible stays
    print("new videos:", longer.shape, " figures:", figures)
    return figures


if __name__ == "__main__":
    main(*([int(sys.argv[1])] if len(sys.argv) > 1 else []))
