"""The run folder: everything of one learning run, whole at every moment, and what is done with it.

    config.json  log.jsonl  model.keras  checkpoints/  preview.gif  samples/
"""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NoReturn

import keras
import numpy as np

from dynpat.atomic import replacing_file, write_error, write_json, write_text
from dynpat.config import LangevinConfig, LearnConfig, from_dict, to_dict
from dynpat.errors import BadRunError
from dynpat.learning import Learner, read_log
from dynpat.models import PATTERNS, EnergyModel
from dynpat.videos import Video, write_video

GAP = 4  # grey pixels between the panels of a preview
PACKAGES = ("dynpat", "tensorflow", "keras", "numpy", "av")


@dataclass(frozen=True)
class Plan:
    """All that decides the outcome of a learning run; `config.json` holds it."""

    videos: tuple[str, ...]
    reading: dict[str, Any]
    pattern: str
    preset: str
    model: dict[str, Any]
    langevin: LangevinConfig
    learn: LearnConfig

    def to_dict(self) -> dict[str, Any]:
        return {
            "videos": list(self.videos), "reading": self.reading, "pattern": self.pattern,
            "preset": self.preset, "model": self.model,
            "langevin": to_dict(self.langevin), "learn": to_dict(self.learn),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Plan:
        reading = dict(values["reading"])
        reading["size"] = tuple(reading["size"]) if reading.get("size") else None
        return cls(
            videos=tuple(values["videos"]), reading=reading, pattern=values["pattern"],
            preset=values["preset"], model=dict(values["model"]),
            langevin=from_dict(LangevinConfig, values["langevin"]),
            learn=from_dict(LearnConfig, values["learn"]),
        )


def make_model(plan: Plan, shape: tuple[int, int, int, int]) -> EnergyModel:
    """The unlearned model of a plan for videos of `shape` (T, H, W, C)."""
    frames, height, width, channels = shape
    model = PATTERNS[plan.pattern].from_preset(
        plan.preset, frames=frames, size=(height, width), channels=channels,
        seed=plan.learn.seed, **plan.model,
    )
    return model


class Run:
    """One run folder.

    Use `Run.create` for a new one and `Run.open` for one that is there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    config_file = property(lambda self: self.folder / "config.json")
    log_file = property(lambda self: self.folder / "log.jsonl")
    model_file = property(lambda self: self.folder / "model.keras")
    checkpoints = property(lambda self: self.folder / "checkpoints")
    preview_file = property(lambda self: self.folder / "preview.gif")
    samples = property(lambda self: self.folder / "samples")

    @classmethod
    def create(cls, folder: Path | None, name: str) -> Run:
        """A new run folder: the one asked for, or the first free `runs/<name>`, `runs/<name>-2` ….

        Raises
        ------
        BadRunError
            If the folder asked for already holds something.
        OutputError
            If it cannot be made.
        """
        if folder is None:
            number = 1
            while (folder := Path("runs") / (name if number == 1 else f"{name}-{number}")).exists():
                number += 1
        elif (folder / "config.json").exists():
            raise BadRunError(
                f"'{folder}' already holds a run; give --resume to go on with it, or another --out."
            )
        elif folder.exists() and (not folder.is_dir() or _foreign(folder)):
            raise BadRunError(f"'{folder}' exists and is not an empty folder; give another --out.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(folder, error.strerror) from error
        return cls(folder)

    @classmethod
    def open(cls, folder: Path) -> Run:
        """A run folder that is there.

        Raises
        ------
        BadRunError
            If it is not a run folder.
        """
        run = cls(Path(folder))
        if not run.config_file.is_file():
            raise BadRunError(
                f"'{folder}' is not a run folder: it has no config.json; give the folder that "
                "`dynpat learn` named at its end."
            )
        run.config()
        return run

    def config(self) -> dict[str, Any]:
        """`config.json` as it stands."""
        try:
            values = json.loads(self.config_file.read_text(encoding="utf-8"))
            Plan.from_dict(values["plan"])
            return dict(values)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadRunError(
                f"'{self.config_file}' is damaged ({type(error).__name__}: {error}); "
                "start a new run."
            ) from error

    def plan(self) -> Plan:
        return Plan.from_dict(self.config()["plan"])

    def write_config(self, plan: Plan, videos: list[Video]) -> None:
        """Every option as resolved, versions, and the inputs with hashes of what was read."""
        inputs = [
            {
                "source": str(video.source), "name": video.name, "label": video.label,
                "sha256": fingerprint(video), "shape": list(video.frames.shape), "fps": video.fps,
                "notes": list(video.notes),
            }
            for video in videos
        ]
        versions = {"python": platform.python_version()} | {p: _version(p) for p in PACKAGES}
        write_json(
            self.config_file, {"plan": plan.to_dict(), "inputs": inputs, "versions": versions}
        )

    def check_inputs(self, videos: list[Video]) -> None:
        """Raise `BadRunError` unless the videos are those that the run was started with."""
        then = [entry["sha256"] for entry in self.config()["inputs"]]
        if then != [fingerprint(video) for video in videos]:
            raise BadRunError(
                f"The videos are not those that '{self.folder}' was learning from; bring them back "
                "as they were, or start a new run without --resume."
            )

    # The log.

    def trim_log(self, update: int) -> None:
        """Drop the rows after `update`, which a resumed run writes again."""
        rows = [row for row in read_log(self.log_file) if row.get("update", 0) <= update]
        write_text(self.log_file, "".join(json.dumps(row) + "\n" for row in rows))

    def append_log(self, row: dict[str, Any]) -> None:
        """One more line, in one write."""
        try:
            with self.log_file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        except OSError as error:
            raise write_error(self.log_file, error.strerror) from error

    # The model.

    def save_model(self, model: EnergyModel) -> None:
        with replacing_file(self.model_file) as temporary:
            model.save(temporary)

    def load_model(self) -> EnergyModel:
        """The learned model, with Keras' safe mode on.

        Raises
        ------
        BadRunError
            If there is none yet, or the file is damaged.
        """
        if not self.model_file.exists():
            raise BadRunError(
                f"'{self.folder}' holds no model.keras: its learning has not ended; go on with it "
                "by `dynpat learn --resume --out` and this folder."
            )
        try:
            model = keras.saving.load_model(self.model_file, safe_mode=True, compile=False)
        except Exception as error:  # Keras raises many kinds for a damaged file
            _damaged_model(self.model_file, error)
        if not isinstance(model, EnergyModel):
            _damaged_model(self.model_file, TypeError(type(model).__name__))
        return model

    # Pictures.

    def write_preview(self, observed: np.ndarray, synthesised: np.ndarray, fps: float) -> None:
        """Observed | synthesised, (T, H, W, C) grey levels each, as `preview.gif`."""
        write_video(self.preview_file, side_by_side([observed, synthesised]), fps)


def _foreign(folder: Path) -> bool:
    """Whether a folder holds anything but the rendered input of a demo."""
    return any(entry.name != "input" for entry in folder.iterdir())


def _damaged_model(path: Path, error: Exception) -> NoReturn:
    kind = str(error).splitlines()[0] if str(error) else type(error).__name__
    raise BadRunError(f"'{path}' is not a model of dynpat ({kind}); learn it again.") from error


def side_by_side(videos: list[np.ndarray]) -> np.ndarray:
    """Videos (T, H, W, C) of one size next to each other, as long as the shortest, uint8."""
    frames = min(len(video) for video in videos)
    panels: list[np.ndarray] = []
    for video in videos:
        levels = np.clip(np.rint(video[:frames]), 0, 255).astype(np.uint8)
        if panels:
            panels.append(np.full((*levels.shape[:2], GAP, levels.shape[3]), 128, np.uint8))
        panels.append(levels)
    return np.concatenate(panels, axis=2)


def fingerprint(video: Video) -> str:
    """SHA-256 of the shape and grey levels that were read."""
    digest = hashlib.sha256(repr(video.frames.shape).encode())
    digest.update(np.ascontiguousarray(video.frames).tobytes())
    return digest.hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


class Recorder:
    """A listener of learning: one line of the log per update, the preview now and then."""

    def __init__(
        self, run: Run, fps: float, observed: np.ndarray, every: float,
        tell: Callable[[Learner, dict[str, float]], None] | None,
    ) -> None:
        self.run, self.fps, self.observed, self.every, self.tell = run, fps, observed, every, tell
        self.last = 0.0

    def __call__(self, learner: Learner, figures: dict[str, float]) -> None:
        self.run.append_log({"update": learner.update, **figures})
        if time.monotonic() - self.last >= self.every:
            self.preview(learner)
            self.last = time.monotonic()
        if self.tell:
            self.tell(learner, figures)

    def preview(self, learner: Learner) -> None:
        synthesised = learner.model.to_grey(learner.chains.video[0, 0]).numpy()
        self.run.write_preview(self.observed[: len(synthesised)], synthesised, self.fps)
