"""Record learning while it works: a row of the log for each update, and the preview."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from dynpat.errors import DivergedError
from dynpat.learning.learner import Learner
from dynpat.models import EnergyModel
from dynpat.models.sampling import ask, sample_videos, usual_frames
from dynpat.quality.figures import Judge, Judged
from dynpat.report.pictures import joined
from dynpat.reporter import Reporter
from dynpat.runs.folder import Run
from dynpat.runs.log import read_log
from dynpat.videos import to_levels, write_video

PREVIEW_STEPS = 40  # number of Langevin steps from noise to a preview
MOST_OF_TIME = 0.08  # the largest share of the time for previews; slow ones become rarer
GAP = 4  # width in pixels of the grey gap between the panels of a preview


class Recorder:
    """A listener of learning that writes a row of the log for each update, and previews.

    Parameters
    ----------
    run : Run
        The run folder to write into.
    fps : float
        The frames per second of the preview.
    observed : ndarray
        The first panel of the preview, (T, H, W, C) grey levels.
    every : float
        The seconds between two previews.
    reporter : Reporter
        What receives each update.
    made : callable
        A function that returns the video to show beside `observed`, (T, H, W, C) grey levels, or
        None if there is none yet.
    judge : Judge or None
        The judge of these videos; without one no best state is kept.

    Attributes
    ----------
    drawn : ndarray or None
        A draw of a coloured reference, (T, H, W, C) in 0 … 255, made at the beginning.
    """

    def __init__(
        self, run: Run, fps: float, observed: np.ndarray, every: float, reporter: Reporter,
        made: Callable[[Learner], np.ndarray | None], judge: Judge | None = None,
    ) -> None:
        self.run, self.fps, self.observed, self.every = run, fps, observed, every
        self.reporter, self.made, self.judge = reporter, made, judge
        self.last = self.cost = 0.0
        self.best: float | None = None
        self.drawn: np.ndarray | None = None

    def begin(self, learner: Learner) -> None:
        """Show a draw of a coloured reference at once, and count it as the first of all states."""
        if not learner.model.coloured:
            return
        frames, seed = learner.videos.shape[1], learner.config.seed
        self.drawn = np.clip(drawn_from_reference(learner.model, frames, seed), 0, 255)
        judged = self.judge(self.drawn) if self.judge else None
        if learner.update == 0:
            write_video(self.run.preview_file, side_by_side([self.observed, self.drawn]), self.fps)
            self.last = time.monotonic()
            self._keep_best(learner, judged)
        elif self.run.best_file.exists():
            self.best = self._best_known(judged)

    def __call__(self, learner: Learner, figures: dict[str, float]) -> None:
        row: dict[str, Any] = {"update": learner.update, **figures}
        begun = time.monotonic()
        if begun - self.last >= max(self.every, self.cost / MOST_OF_TIME):
            with learner.averaged():
                judged = self.preview(learner)
                row["quality"] = judged.to_dict() if judged else {}
                self._keep_best(learner, judged)
            self.last = time.monotonic()
            self.cost = self.last - begun
        self.run.append_log(row)
        self.reporter.learning(
            learner.update, learner.fraction_done(), figures, self.run.preview_file
        )

    def preview(self, learner: Learner) -> Judged | None:
        """Write `preview.gif`, the observed video beside a new one, and judge the new one."""
        made = self.made(learner)
        if made is None:
            return None
        write_video(self.run.preview_file, side_by_side([self.observed, made]), self.fps)
        return self.judge(np.clip(made, 0, 255)) if self.judge else None

    def _keep_best(self, learner: Learner, judged: Judged | None) -> None:
        """Save the state with the best score as `best.keras`."""
        if judged is None:
            return
        if self.best is None:
            self.best = self._best_known(None)
        if judged.score < self.best:
            self.best = judged.score
            self.run.save_model(learner.model, self.run.best_file)

    def _best_known(self, drawn: Judged | None) -> float:
        """Return the best score of a resumed run: that of the draw, or one in its log."""
        if not self.run.best_file.exists():
            return math.inf
        rows = [row.get("quality") or {} for row in read_log(self.run.log_file)]
        scores = [row["score"] for row in rows if "score" in row]
        return min([*scores, *([drawn.score] if drawn else [])], default=math.inf)


def drawn_from_reference(model: EnergyModel, frames: int, seed: int) -> np.ndarray:
    """Return a draw of the reference, (T, H, W, C) grey levels, as long as a sample.

    `frames` is the length of the observed videos.
    """
    own = usual_frames(model, frames)
    asked = ask(model, model.langevin_config, steps=0, frames=own, seed=seed)
    return next(sample_videos(model, asked))


def synthesised(learner: Learner) -> np.ndarray | None:
    """Return a new video that shows what was learned so far, (T, H, W, C); None if there is none.

    It is sampled anew, because some chains of learning may just have started again from noise.
    """
    model = learner.model
    if not (learner.config.renewed or learner.config.life):
        return np.asarray(model.to_grey(learner.chains.first()))
    try:
        return next(sample_videos(model, ask(model, model.langevin_config, steps=PREVIEW_STEPS)))
    except DivergedError:  # chains of a young model may run away; the watch looks after learning
        return None


def side_by_side(videos: list[np.ndarray]) -> np.ndarray:
    """Join videos (T, H, W, C) of one size side by side, as long as the shortest, uint8."""
    frames = min(len(video) for video in videos)
    return joined([to_levels(video[:frames]) for video in videos], axis=2, gap=GAP)
