"""Videos that pass the network in groups, to bound memory: the same result as all together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dynpat import langevin
from dynpat.config import LangevinConfig
from dynpat.errors import BadOptionError
from dynpat.models import EnergyModel, SceneModel, layers
from dynpat.runs.plan import make_plan
from dynpat.tasks import cost as estimate

SHAPE = (6, 10, 12, 3)
MOVING = LangevinConfig(steps=3, step_size=0.4)


def make(seed: int = 3) -> SceneModel:
    return SceneModel(
        SHAPE[0], SHAPE[1:3], 3, filters=(5, 4, 3), kernels=((5, 5, 5), 3, 2),
        strides=((2, 2, 2), 1, 1), input_scale=0.02, sigma=2.0, seed=seed,
    )


def grey_levels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, *SHAPE), dtype=np.uint8)


@pytest.mark.parametrize("at_once", [1, 2, 3, 4, 5, 9])
def test_a_chain_in_groups_is_the_chain(at_once: int) -> None:
    model = make()
    start = tf.random.stateless_normal((5, *SHAPE), [1, 2]) * 20
    arguments = (
        start, tf.constant(4), tf.constant(0.5), tf.constant(1.0), tf.constant(7, tf.int64),
    )
    seen: list[Any] = []

    def energy(video: tf.Tensor) -> tf.Tensor:
        tf.py_function(lambda count: seen.append(int(count)), [tf.shape(video)[0]], [])
        return model(video)

    grouped, _ = langevin.chain(energy, *arguments, at_once=at_once)
    np.testing.assert_allclose(grouped, langevin.chain(model, *arguments)[0], rtol=1e-5, atol=1e-4)
    assert max(seen) <= at_once and sum(seen) == 5 * 4


def learned(at_once: int, noise: float) -> tuple[EnergyModel, list[dict[str, float]]]:
    model = make()
    model.compile(
        keras.optimizers.SGD(0.2), langevin=MOVING, observed_noise=noise, gap_limit=noise / 30,
        at_once=at_once
    )
    rows: list[dict[str, float]] = []

    def keep(batch: int, logs: Any) -> None:
        rows.append({name: float(value) for name, value in logs.items()})

    callback = keras.callbacks.LambdaCallback(on_train_batch_end=keep)
    model.fit(
        grey_levels(), chains=2, batch_size=3, steps_per_epoch=4, seed=1, callbacks=[callback]
    )
    return model, rows


@pytest.mark.parametrize("noise", [0.0, 3.0])
@pytest.mark.parametrize("at_once", [1, 4, 8, 100])
def test_learning_in_groups_is_the_same_learning(at_once: int, noise: float) -> None:
    (ours, our_rows), (theirs, their_rows) = learned(at_once, noise), learned(0, noise)
    for mine, other in zip(our_rows, their_rows, strict=True):
        assert mine == pytest.approx(other, rel=1e-3, abs=1e-5)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-4)
    assert not np.allclose(ours.get_weights()[-2], make().get_weights()[-2], atol=1e-6)


def test_learning_is_the_same_with_folded_and_with_plain_convolutions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In float32, to rounding, over the first updates."""
    results = []
    for folded in (True, False):
        monkeypatch.setattr(layers, "best_form", lambda *a, folded=folded: (folded, a[-1]))
        results.append(learned(0, 3.0))
    (ours, our_rows), (theirs, their_rows) = results
    for mine, other in zip(our_rows, their_rows, strict=True):
        assert mine == pytest.approx(other, rel=1e-3, abs=1e-5)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-4)


def test_as_many_videos_at_once_as_memory_allows() -> None:
    model, shape = make(), SHAPE
    plan = make_plan("a.mp4", precision="float32", learn={"iterations": 1, "chains": 6})

    def at_once(memory: int | None) -> int:
        limited = replace(plan, learn=replace(plan.learn, memory=memory))
        return estimate.videos_at_once(model, limited, shape, 2, 10**6)

    def needed(count: int) -> int:
        return estimate.memory_bytes(model, plan, shape, 2, 10**6, count)

    assert at_once(None) == at_once(needed(0)) == at_once(10**12) == 0
    for count in (1, 2, 5):
        assert at_once(needed(count)) == count
        assert at_once(needed(count + 1) - 1) == count
    with pytest.raises(BadOptionError, match=r"--memory .*GB is too little: .* GB are needed"):
        at_once(needed(1) - 1)
