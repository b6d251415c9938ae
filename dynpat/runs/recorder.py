"""What learning leaves behind while it works: a line of the log per update, and the preview."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from dynpat.errors import DivergedError
from dynpat.learning.learner import Learner
from dynpat.models.sampling import ask, sample_videos, usual_frames
from dynpat.quality.figures import Judge, Judged
from dynpat.report.pictures import joined
from dynpat.reporter import Reporter
from dynpat.runs.folder import Run, read_log
from dynpat.videos import to_levels, write_video

PREVIEW_STEPS = 40  # Langevin steps from noise to a preview
MOST_OF_TIME = 0.08  # that previews take: they become rarer where they are slow
GAP = 4  # grey pixels between the panels of a preview


class Recorder:
    """A listener of learning: one line of the log per update, the preview now and then.

    Parameters
    ----------
    run, fps
        Where to write, and frames per second of the preview.
    observed
        (T, H, W, C) grey levels, the preview's first panel.
    every
        Seconds from one preview to the next.
    reporter
        Told of each update.
    made
        What the preview shows beside `observed`: (T, H, W, C) grey levels, None if not yet.
    judge
        Of what is made; without one there is no best state.

    Attributes
    ----------
    drawn
        A draw of a coloured reference, (T, H, W, C) in 0 … 255, once the recorder has begun.
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
        self.drawn = np.clip(_drawn_from_reference(learner), 0, 255)
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
        """Observed | made so far, as `preview.gif`; returns what the judge says of the latter."""
        made = self.made(learner)
        if made is None:
            return None
        write_video(self.run.preview_file, side_by_side([self.observed, made]), self.fps)
        return self.judge(np.clip(made, 0, 255)) if self.judge else None

    def _keep_best(self, learner: Learner, judged: Judged | None) -> None:
        """`best.keras` is the best state by the score."""
        if judged is None:
            return
        if self.best is None:
            self.best = self._best_known(None)
        if judged.score < self.best:
            self.best = judged.score
            self.run.save_model(learner.model, self.run.best_file)

    def _best_known(self, drawn: Judged | None) -> float:
        """The best score of a resumed run: that of the draw, or one in its log."""
        if not self.run.best_file.exists():
            return math.inf
        rows = [row.get("quality") or {} for row in read_log(self.run.log_file)]
        scores = [row["score"] for row in rows if "score" in row]
        return min([*scores, *([drawn.score] if drawn else [])], default=math.inf)


def _drawn_from_reference(learner: Learner) -> np.ndarray:
    """A draw of the reference, (T, H, W, C) grey levels, as long as a sample."""
    model = learner.model
    frames = usual_frames(model, learner.videos.shape[1])
    asked = ask(model, model.langevin_config, steps=0, frames=frames, seed=learner.config.seed)
    return next(sample_videos(model, asked))


def synthesised(learner: Learner) -> np.ndarray | None:
    """A video that stands for what was learned so far, (T, H, W, C); None if there is none yet.

    Some chains may just have started again from noise, so it is a fresh one then.
    """
    model = learner.model
    if not (learner.config.renewed or learner.config.life):
        return np.asarray(model.to_grey(learner.chains.video[0, 0]))
    try:
        return next(sample_videos(model, ask(model, model.langevin_config, steps=PREVIEW_STEPS)))
    except DivergedError:  # a young model may not hold a chain; the watch looks after learning
        return None


def side_by_side(videos: list[np.ndarray]) -> np.ndarray:
    """Videos (T, H, W, C) of one size next to each other, as long as the shortest, uint8."""
    frames = min(len(video) for video in videos)
    return joined([to_levels(video[:frames]) for video in videos], axis=2, gap=GAP)
