"""The common work of `recover`, `inpaint` and `extend`: guess, learn, and estimate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from dynpat import seeds
from dynpat.learning.learner import Learner
from dynpat.learning.missing import Fills
from dynpat.learning.replicas import Replicas
from dynpat.memory import give_back
from dynpat.models import EnergyModel
from dynpat.quality import truth
from dynpat.quality.surroundings import Surroundings, beside_surroundings
from dynpat.reporter import Reporter
from dynpat.restoration.conditional import Conditional
from dynpat.restoration.first_guess import Guess, make_guess, reference_of, with_texture
from dynpat.restoration.kriging import interpolate_in_time
from dynpat.restoration.posterior import Draw, Estimate, estimate
from dynpat.runs.plan import Plan
from dynpat.tasks.common import make_learner
from dynpat.tasks.incomplete import Incomplete
from dynpat.tasks.result import Filled
from dynpat.videos import to_levels


@dataclass(frozen=True)
class Restoring:
    """Learning from incomplete videos: what it started from, and its state.

    Attributes
    ----------
    plan : Plan
        The plan of the run.
    work : Incomplete
        The incomplete videos.
    guesses : dict
        The first guess of each video with missing pixels, by its number.
    given : dict
        The coloured reference given their visible pixels; None if the video is too large for it.
    learner : Learner
        The state of learning.
    fills : Fills
        The missing pixels, as learning moves them.
    """

    plan: Plan
    work: Incomplete
    guesses: dict[int, Guess]
    given: dict[int, Conditional | None]
    learner: Learner
    fills: Fills

    def so_far(self, model: EnergyModel, video: int) -> np.ndarray:
        """Return a video with the present state of its missing pixels, (T, H, W, C) grey levels."""
        state = np.asarray(model.to_grey(self.fills.video[video]))
        known = self.work.frames[video].astype(np.float32)
        return np.where(self.work.missing[video][..., np.newaxis], state, known)

    def estimates(self, reporter: Reporter) -> Iterator[tuple[int, Estimate]]:
        """Yield, after learning, the number and the estimate of each video with missing pixels."""
        plan, work, model = self.plan, self.work, self.learner.finish()
        for number, guess in self.guesses.items():
            give_back()  # the chain needs as much again as learning needed
            found = estimate(
                model, work.frames[number], self.so_far(model, number), work.missing[number],
                guess, plan.langevin, plan.missing.recover, plan.learn.seed,
                plan.learn.observed_noise, self._draw(number), reporter.sampling,
            )
            if plan.missing.recover.estimate == "mean":
                reporter.say(_told(found, guess))
            yield number, found

    def _draw(self, number: int) -> Draw | None:
        """How a sample of a video is drawn around its mean; None if the video is too large."""
        given, guess, work = self.given[number], self.guesses[number], self.work
        if given is None:
            return None

        def draw(mean: np.ndarray, without: np.ndarray) -> np.ndarray:
            give_back()  # what the chain needed
            drawn = with_texture(
                replace(guess, filled=mean, without=without), work.frames[number],
                work.missing[number], seeds.around(self.plan.learn.seed), given,
            )
            given.rest()
            return drawn

        return draw


def begun(
    plan: Plan, work: Incomplete, reporter: Reporter, replicas: Replicas,
    shown: Callable[[int, np.ndarray], None] = lambda number, guess: None,
) -> Restoring:
    """Guess the missing pixels, and prepare learning from there.

    The visible pixels that are hidden to judge guesses are missing while a model is learned, too:
    it could not be judged by pixels that it has learned. `shown` gets the number of a video and
    each guess of it, (T, H, W, C), the quickest first.
    """
    guesses, references, started, seed = {}, {}, [], plan.learn.seed
    unseen = work.missing.copy()
    of_all = zip(work.videos, work.frames, work.missing, strict=True)
    for number, (video, frames, missing) in enumerate(of_all):
        fill = frames.astype(np.float32)
        if missing.any():
            shown(number, interpolate_in_time(frames, missing))
            references[number] = given = reference_of(frames, missing)
            guesses[number] = guess = make_guess(frames, missing, seed, given)
            shown(number, guess.filled)
            fill = with_texture(guess, frames, missing, seed, given)
            fill = np.where(guess.hidden[..., np.newaxis], guess.without, fill)
            unseen[number] |= guess.hidden
            if given is not None:
                given.rest()
        started.append(replace(video, frames=fill))
    give_back()  # what the guesses needed
    learner = make_learner(plan, started, reporter, unseen, replicas)
    fills = learner.model.fills
    assert fills is not None
    return Restoring(plan, work, guesses, references, learner, fills)


def filled(plan: Plan, work: Incomplete, found: Estimate) -> Filled:
    """Return the result for one video, at its full size."""
    give_back()  # what the draw needed
    asked = plan.missing.recover.estimate
    levels, other = chosen(plan, found), found.sample if asked == "mean" else found.mean
    recovered = work.crop.paste(levels) if work.crop else levels
    # Around the missing pixels `recovered` is the whole video, whatever becomes of that one.
    paste = replace(work.crop, frames=recovered).paste if work.crop else np.asarray
    return Filled(recovered, found.spread, asked, partial(paste, to_levels(other)))


def chosen(plan: Plan, found: Estimate) -> np.ndarray:
    """Return the estimate that was asked for, 'mean' or 'sample', at the working size, uint8."""
    return to_levels(getattr(found, plan.missing.recover.estimate))


def _told(found: Estimate, guess: Guess) -> str:
    """Say what the mean is a mix of."""
    parts = {name: (1 - found.weight) * share for name, share in guess.weights.items()}
    parts["the learned model"] = found.weight
    made = ", ".join(f"{100 * share:.0f} % {name}" for name, share in parts.items())
    return f"The mean estimate, as predicts hidden known pixels best: {made}."


@dataclass(frozen=True)
class FilledFigures:
    """How a video was filled in.

    Attributes
    ----------
    missing : float
        The share of its pixels that were missing, from 0 to 1.
    weight : float
        The weight of the learned model in the mean, from 0 to 1; the rest is that of the first
        guess.
    guess : dict
        The share of each method in the first guess, by name.
    uncertainty : float
        The mean standard deviation of missing pixels, in grey levels.
    hidden : dict or None
        The mean error of the mean at known pixels that were hidden to judge it, and that of
        interpolation in time there, in grey levels; None if a sample was asked for, or if no pixel
        was hidden.
    around : Surroundings
        Its motion and edges beside what is visible around.
    truth : dict or None
        `quality.truth.Accuracy` of the results and of simple methods by name, if the truth is
        known.
    """

    missing: float
    weight: float
    guess: dict[str, float]
    uncertainty: float
    around: Surroundings
    hidden: dict[str, float] | None = None
    truth: dict[str, truth.Accuracy] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the figures by name, for JSON; what is not known is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def figures_of(
    plan: Plan, work: Incomplete, found: Estimate, video: int, guess: Guess
) -> FilledFigures:
    """Return how a video was filled in, beside what is visible, and the truth if it is known."""
    missing, visible, recovered = work.missing[video], work.frames[video], chosen(plan, found)
    figures = FilledFigures(
        float(missing.mean()), found.weight, guess.weights, float(found.spread[missing].mean()),
        beside_surroundings(recovered, missing), _on_hidden(plan, found, visible, missing, guess),
    )
    if work.truth is None:
        return figures
    known = work.truth[video]
    estimates = {"recovered": recovered, "mean": found.mean, "sample": found.sample,
                 "guess": guess.filled, **truth.baselines(visible, missing)}
    return replace(figures, truth={
        name: truth.compare(known, made, missing) for name, made in estimates.items()
    })


def _on_hidden(
    plan: Plan, found: Estimate, visible: np.ndarray, missing: np.ndarray, guess: Guess
) -> dict[str, float] | None:
    """Return the error of the mean at hidden known pixels, beside that of interpolation."""
    if plan.missing.recover.estimate != "mean" or found.error is None:
        return None
    simple = interpolate_in_time(visible, missing | guess.hidden)
    wrong = np.abs(simple - visible.astype(np.float32))[guess.hidden]
    return {"error": found.error, "interpolation": float(wrong.mean())}
