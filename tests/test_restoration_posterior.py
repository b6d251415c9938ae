"""Chains on missing pixels: exact where the energy is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from flat_energy import MOVING, SHAPE, flat

from dynpat.config import RecoverConfig
from dynpat.errors import BadOptionError, DivergedError
from dynpat.restoration import posterior
from dynpat.restoration.first_guess import Guess
from dynpat.restoration.posterior import estimate


def case() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, SHAPE).astype(np.float32), rng.random(SHAPE[:3]) < 0.5


def guess_of(video: np.ndarray, missing: np.ndarray, level: float) -> Guess:
    filled = np.where(missing[..., np.newaxis], level, video).astype(np.float32)
    hidden = ~missing & (np.arange(SHAPE[1]) % 4 == 0)[:, np.newaxis]
    without = np.where(hidden[..., np.newaxis], level, filled).astype(np.float32)
    return Guess(filled, hidden, without, {})


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set how many steps and states there are: `states(burn_in=2, samples=3, between=2)`."""
    def choose(**values: int) -> None:
        for name, value in values.items():
            monkeypatch.setattr(posterior, name.upper(), value)

    return choose


def test_the_estimate_is_the_posterior_of_a_known_energy(states: Callable[..., None]) -> None:
    """The chain of f = 0 has variance ε²/(1 − (1 − ε²/2σ²)²) around the mean."""
    video, missing = case()
    states(burn_in=60, samples=200, between=10)
    config = RecoverConfig("sample")
    found = estimate(
        flat(), video, guess_of(video, missing, 100).filled, missing,
        guess_of(video, missing, 100), MOVING, config, seed=1,
    )
    factor = 1 - MOVING.step_size**2 / (2 * 2.0**2)
    deviation = MOVING.step_size / np.sqrt(1 - factor**2)
    assert found.mean[missing].mean() == pytest.approx(100, abs=0.1)
    assert found.spread[missing].mean() == pytest.approx(deviation, rel=0.05)
    # A state, settled without noise: nearer to the mean than the chain is, by each step's factor.
    assert found.sample[missing].std() == pytest.approx(deviation * factor**20, rel=0.15)
    for made in (found.mean, found.sample):
        np.testing.assert_array_equal(made[~missing], video[~missing])
    assert found.spread[~missing].max() == 0 and found.weight == 1


@pytest.mark.parametrize(("truth", "weight"), [(100.0, 1.0), (40.0, 0.0)])
def test_the_mean_trusts_what_predicts_hidden_pixels(
    truth: float, weight: float, states: Callable[..., None]
) -> None:
    """The model says 100, the guess says 40: whoever is right about the visible wins."""
    states(burn_in=60, samples=50, between=5)
    _, missing = case()
    video = np.full(SHAPE, truth, np.float32)
    guess = guess_of(video, missing, 40)
    found = estimate(
        flat(), video, guess.filled, missing, guess, MOVING,
        RecoverConfig("mean"), seed=0,
    )
    assert found.weight == pytest.approx(weight, abs=0.02)
    assert found.mean[missing].mean() == pytest.approx(truth, abs=1.5)


def test_a_sample_is_drawn_around_the_mean_that_is_judged(states: Callable[..., None]) -> None:
    """The model says 100, which is right, and the guess 90; the draw adds 7 to the mean."""
    states(burn_in=20, samples=20, between=5)
    _, missing = case()
    video = np.full(SHAPE, 100, np.float32)
    guess = guess_of(video, missing, 90)
    asked: list[tuple[np.ndarray, np.ndarray]] = []

    def draw(mean: np.ndarray, without: np.ndarray) -> np.ndarray:
        asked.append((mean, without))
        return mean + 7

    found = estimate(
        flat(), video, guess.filled, missing, guess, MOVING, RecoverConfig("sample"), 0, draw=draw
    )
    [(mean, without)] = asked
    np.testing.assert_allclose(found.sample[missing], mean[missing] + 7, atol=1e-3)
    np.testing.assert_array_equal(found.sample[~missing], video[~missing])
    # Hidden pixels are estimated as missing ones are.
    assert without[guess.hidden].mean() == pytest.approx(100, abs=1.5)
    assert mean[missing].mean() == pytest.approx(100, abs=1.5)


def test_a_model_that_counts_for_nothing_moves_one_chain(
    states: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guess is right, and so the mean is the guess; the spread is that of the only chain."""
    states(burn_in=60, samples=50, between=5)
    _, missing = case()
    video = np.full(SHAPE, 40, np.float32)
    guess, moved, told = guess_of(video, missing, 40), [], []
    chain = posterior._late_states

    def counted(*given: Any) -> posterior._Late:
        moved.append(given)
        return chain(*given)

    monkeypatch.setattr(posterior, "_late_states", counted)
    found = estimate(
        flat(), video, guess.filled, missing, guess, MOVING, RecoverConfig("sample"), 0,
        draw=lambda mean, without: mean, progress=lambda *done: told.append(done),
    )
    assert len(moved) == 1 and found.weight == 0
    np.testing.assert_array_equal(found.mean, guess.filled)
    assert found.spread[missing].min() > 0 and found.spread[~missing].max() == 0
    assert told[-1][0] == told[-1][1] == 2 * (60 + 50 * 5)


def test_progress_ends_at_its_total(states: Callable[..., None]) -> None:
    states(burn_in=2, samples=3, between=2)
    video, missing = case()
    told: list[tuple[int, int]] = []
    guess = guess_of(video, missing, 90)
    estimate(flat(), video, guess.filled, missing, guess, MOVING,
             RecoverConfig("mean"), 0, progress=lambda *n: told.append(n))
    assert told[-1] == (16, 16) and told == sorted(told)


def test_settings_out_of_range_are_named() -> None:
    with pytest.raises(BadOptionError, match="estimate must be mean or sample"):
        RecoverConfig(estimate="best")


def test_the_chain_of_an_estimate_sees_visible_pixels_with_grain(
    states: Callable[..., None]
) -> None:
    states(burn_in=2, samples=1, between=2)
    video, missing = case()
    guess = guess_of(video, missing, 100)
    seen: list[np.ndarray] = []
    model = flat()
    known = model.to_model(video[np.newaxis]).numpy()[0]
    energy = model.call

    def look(state: tf.Tensor) -> tf.Tensor:
        tf.py_function(lambda now: seen.append(now.numpy()[0]), [state], [])
        return energy(state)

    model.call = look
    config = RecoverConfig("sample")
    found = estimate(model, video, guess.filled, missing, guess, MOVING, config, 1, 2.5)
    noisy = [float((state - known)[~missing].std()) for state in seen]
    assert noisy[:4] == pytest.approx([2.5] * 4, rel=0.1)
    assert max(noisy[4:]) == 0  # settling
    np.testing.assert_array_equal(found.mean[~missing], video[~missing])


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e6])
def test_a_chain_that_runs_away_is_an_error_and_no_result(
    value: float, states: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    states(burn_in=1, samples=2, between=1)
    video, missing = case()
    guess = guess_of(video, missing, 100)
    monkeypatch.setattr(
        posterior.langevin, "sample", lambda model, video, *_, **__: tf.fill(video.shape, value)
    )
    with pytest.raises(DivergedError, match="ran away after 2 Langevin steps"):
        estimate(flat(), video, guess.filled, missing, guess, MOVING, RecoverConfig("mean"), 1)
