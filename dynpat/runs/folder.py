"""The run folder: everything of one run, whole at every moment.

    config.json  log.jsonl  model.keras  checkpoints/  preview.gif  samples/
"""

from __future__ import annotations

import hashlib
import platform
import shutil
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dynpat.atomic import (
    is_temporary,
    replacing_file,
    strict_json,
    write_error,
    write_json,
    write_text,
)
from dynpat.errors import BadRunError, DivergedError, DynpatError
from dynpat.kinds import UNFIT, parsed, require_figures, require_inputs, told
from dynpat.runs import lock
from dynpat.runs.log import read_log
from dynpat.runs.naming import new_folder
from dynpat.runs.plan import Plan
from dynpat.videos import Video

if TYPE_CHECKING:
    from dynpat.models import EnergyModel

PACKAGES = ("dynpat", "tensorflow", "keras", "numpy", "av")


class Run:
    """One run folder.

    `Run.create` makes a new one, and `Run.open` opens one that exists.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._config: dict[str, Any] | None = None  # read from the file at the first use

    config_file = property(lambda self: self.folder / "config.json")
    log_file = property(lambda self: self.folder / "log.jsonl")
    model_file = property(lambda self: self.folder / "model.keras")
    best_file = property(lambda self: self.folder / "best.keras")
    checkpoints = property(lambda self: self.folder / "checkpoints")
    preview_file = property(lambda self: self.folder / "preview.gif")
    samples = property(lambda self: self.folder / "samples")
    results = property(lambda self: self.folder / "results")
    observed_file = property(lambda self: self.folder / "observed.gif")
    metrics_file = property(lambda self: self.folder / "metrics.json")
    report_file = property(lambda self: self.folder / "report.html")

    @classmethod
    def create(cls, folder: Path | None, name: str) -> Run:
        """Make a new run folder: the given one, or the first free `runs/<name>`, `runs/<name>-2` ….

        Raises
        ------
        BadRunError
            If the given folder has something in it already.
        OutputError
            If it cannot be made.
        """
        if folder is None:
            return cls(new_folder(Path("runs"), name))
        cls.require_free(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(folder, error.strerror) from error
        return cls(folder)

    @staticmethod
    def require_free(folder: Path) -> None:
        """Refuse a folder that has a run, or anything else that is not from dynpat, in it.

        Raises
        ------
        BadRunError
            If it has.
        """
        if (folder / "config.json").exists():
            raise BadRunError(
                f"'{folder}' already holds a run; give --resume to go on with it, or another --out."
            )
        if folder.exists() and (not folder.is_dir() or _foreign(folder)):
            raise BadRunError(f"'{folder}' exists and is not an empty folder; give another --out.")

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Open a run folder that exists.

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
        """Return the contents of `config.json`.

        Raises
        ------
        BadRunError
            If the file is damaged.
        """
        if self._config is not None:
            return self._config
        try:
            values = parsed(self.config_file.read_bytes())
            Plan.from_dict(values["plan"])
            require_inputs(values["inputs"])
        except (*UNFIT, DynpatError) as error:
            raise BadRunError(
                f"'{self.config_file}' is damaged ({told(error)}); start a new run."
            ) from error
        self._config = dict(values)
        return self._config

    def plan(self) -> Plan:
        """Return the plan of the run."""
        return Plan.from_dict(self.config()["plan"])

    def write_config(self, plan: Plan, videos: list[Video]) -> None:
        """Write every resolved option, versions, and the inputs with hashes of their frames."""
        inputs = [
            {
                "source": str(video.source), "name": video.name, "label": video.label,
                "sha256": fingerprint(video), "shape": list(video.frames.shape), "fps": video.fps,
                "notes": list(video.notes),
            }
            for video in videos
        ]
        self._config = None
        versions = {"python": platform.python_version()} | {p: _version(p) for p in PACKAGES}
        write_json(
            self.config_file, {"plan": plan.to_dict(), "inputs": inputs, "versions": versions}
        )

    def check_inputs(self, videos: list[Video]) -> None:
        """Refuse videos that are not those of the start of the run.

        Raises
        ------
        BadRunError
            If the hashes of the frames differ.
        """
        then = [entry["sha256"] for entry in self.config()["inputs"]]
        if then != [fingerprint(video) for video in videos]:
            raise BadRunError(
                f"The videos are not those that '{self.folder}' was learning from; bring them back "
                "as they were, or start a new run without --resume."
            )

    def sweep(self) -> None:
        """Remove what a killed process left half-written; no other process writes here now."""
        for folder in (self.folder, self.samples, self.results):
            for path in filter(is_temporary, folder.glob(".*")):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    # The methods of the log.

    def trim_log(self, update: int) -> None:
        """Drop the rows after `update`, which a resumed run writes again."""
        rows = [row for row in read_log(self.log_file) if row["update"] <= update]
        write_text(self.log_file, "".join(strict_json(row) + "\n" for row in rows))

    def append_log(self, row: dict[str, Any]) -> None:
        """Append one row, in one write."""
        try:
            with self.log_file.open("a", encoding="utf-8") as file:
                file.write(strict_json(row) + "\n")
        except OSError as error:
            raise write_error(self.log_file, error.strerror) from error

    def metrics(self) -> dict[str, Any]:
        """Return `metrics.json`, the figures of the results; empty if nothing is finished yet."""
        try:
            values = parsed(self.metrics_file.read_bytes())
            require_figures(values)
        except FileNotFoundError:
            return {}
        except UNFIT as error:
            raise BadRunError(
                f"'{self.metrics_file}' is damaged ({told(error)}); delete it."
            ) from error
        return dict(values)

    # The methods of the model.

    def save_model(self, model: EnergyModel, file: Path | None = None) -> None:
        """Save the model, whole or not at all.

        Raises
        ------
        DivergedError
            If a weight is not a finite number; the file that is there stays.
        """
        if not all(np.isfinite(weight.numpy()).all() for weight in model.weights):
            raise DivergedError(
                f"A weight of the model is not a finite number, and so '{file or self.model_file}' "
                "is not written; the checkpoints are kept. Lower --learning-rate or --step-size."
            )
        with replacing_file(file or self.model_file) as temporary:
            model.save(temporary)

    def load_model(self, state: str = "last") -> EnergyModel:
        """Load the learned model, in the safe mode of Keras; `state` is 'last' or 'best'.

        Raises
        ------
        BadRunError
            If there is none yet, or the file is damaged.
        """
        from dynpat.models.loading import load_model  # TensorFlow: a folder is read without it

        file = self.best_file if state == "best" and self.best_file.exists() else self.model_file
        if not file.exists():
            raise BadRunError(
                f"'{self.folder}' holds no model.keras: its learning has not ended; go on with it "
                "by `dynpat learn --resume --out` and this folder."
            )
        return load_model(file)

    def chains(self, slots: Sequence[int]) -> np.ndarray:
        """Return the chains of some slots, (slots, chains, T, H, W, C) on the model's scale.

        Raises
        ------
        BadRunError
            If the folder has no checkpoint, or a damaged one.
        """
        import tensorflow as tf

        from dynpat.learning.chain_store import chains_in

        try:
            return chains_in(tf.train.latest_checkpoint(str(self.checkpoints)), slots)
        except (*UNFIT, IndexError, RuntimeError, tf.errors.OpError) as error:
            raise BadRunError(
                f"'{self.checkpoints}' holds no whole checkpoint with the chains of learning; "
                "sample from noise instead."
            ) from error


def _foreign(folder: Path) -> bool:
    """Return whether a folder has anything but the input of a demo and temporary files in it."""
    ours = {"input", lock.LOCK, lock.HOLDER}
    return any(
        entry.name not in ours and not is_temporary(entry) for entry in folder.iterdir()
    )


def fingerprint(video: Video) -> str:
    """Return the SHA-256 of the shape and the grey levels of a video."""
    digest = hashlib.sha256(repr(video.frames.shape).encode())
    digest.update(np.ascontiguousarray(video.frames).tobytes())
    return digest.hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
