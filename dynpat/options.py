"""What users ask for beside settings, frozen and checked: how videos are read, what is missing."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dynpat.config import RecoverConfig, from_dict, require, without_former
from dynpat.errors import BadOptionError

OF_TASKS = {  # fields of `Missing` that fit each task
    "recover": ("mask", "box", "occlude", "invert", "dilate", "truth", "complete"),
    "inpaint": ("mask", "box", "invert", "dilate"),
    "extend": ("before", "after", "between"),
}
TEXTS = {"mask": "the path of a file or folder", "box": "a text x,y,w,h",
         "occlude": "a text such as region:0.16", "truth": "the path of a video"}
COUNTS = {"dilate": "pixels", "before": "frames", "after": "frames", "between": "frames"}


@dataclass(frozen=True)
class Reading:
    """How videos are read.

    Raises
    ------
    BadOptionError
        If a value is out of range or of a wrong kind.
    """

    size: tuple[int, int] | None = None
    """(H, W) in pixels that pictures are resized to."""
    frames: int | None = None
    """How many frames are read."""
    start: int = 0
    """Number of the first frame that is read."""
    fps: float | None = None
    """Frames per second that the video is resampled to."""
    grey: bool = False
    """Whether there is one channel of luma instead of three of colours."""

    def __post_init__(self) -> None:
        try:
            self._check()
        except TypeError as error:
            raise BadOptionError(
                f"An option of reading has the wrong kind ({error}); received {self}. Give size as "
                "two whole numbers, frames, start and fps as numbers."
            ) from error

    def _check(self) -> None:
        if self.size is not None:  # as JSON and NumPy give it, too
            object.__setattr__(self, "size", tuple(map(operator.index, self.size)))
            if len(self.size) != 2 or min(self.size) < 1:
                raise BadOptionError(
                    f"--size {self.size} is not a size; give at least 1 pixel a side."
                )
        if self.frames is not None:
            object.__setattr__(self, "frames", operator.index(self.frames))
            if self.frames < 1:
                raise BadOptionError(f"--frames {self.frames} is too few; give 1 or more.")
        object.__setattr__(self, "start", operator.index(self.start))
        if self.start < 0:
            raise BadOptionError(f"--start {self.start} is negative; give 0 or more.")
        if self.fps is not None and not 0 < self.fps <= 1000:
            raise BadOptionError(f"--fps {self.fps} is out of range; give more than 0, up to 1000.")


@dataclass(frozen=True)
class Missing:
    """What says which pixels are missing, and how they are estimated.

    Raises
    ------
    BadOptionError
        If a value is of a wrong kind.
    """

    mask: str | None = None
    """A file or folder in which missing pixels are white."""
    box: str | None = None
    """'x,y,w,h': left, top, width and height in pixels of the video's own size."""
    occlude: str | None = None
    """'salt-pepper:P', 'region:SHARE' or 'frames:SHARE' of pixels that are hidden to try it out."""
    invert: bool = False
    """Whether black is missing."""
    dilate: int = 0
    """Pixels by which the mask grows."""
    truth: str | None = None
    """The video as it was before; it measures what was recovered."""
    complete: tuple[str, ...] = ()
    """Videos of which nothing is missing, to learn from as well."""
    before: int = 0
    """New frames before the first."""
    after: int = 0
    """New frames after the last."""
    between: int = 0
    """New frames between every two."""
    recover: RecoverConfig = field(default_factory=RecoverConfig)
    """How missing pixels are estimated once a model is learned."""

    def __post_init__(self) -> None:
        for name, what in TEXTS.items():
            value = getattr(self, name)
            require(value is None or isinstance(value, str), name, f"be {what}", _kind(value),
                    "Write arrays into a file, or give them to dynpat.recover or dynpat.inpaint")
        for name, what in COUNTS.items():
            value = getattr(self, name)
            require(isinstance(value, int) and not isinstance(value, bool) and value >= 0, name,
                    f"be a whole number of {what} that is not negative", repr(value),
                    f"Give {name} as such a number")
        require(isinstance(self.invert, bool), "invert", "be True or False", repr(self.invert),
                "Use True where black is missing")
        require(not (self.invert or self.dilate) or self.mask is not None, "invert and dilate",
                "change a mask", "none", "Give --mask, or leave --invert-mask and --dilate out")

    @classmethod
    def asked(cls, task: str, values: Mapping[str, Any], recover: RecoverConfig) -> Missing:
        """What a user asks for in a task; what is None, empty, 0 or False counts as left out.

        Raises
        ------
        BadOptionError
            If a key is unknown or does not fit the task, or a value is of a wrong kind.
        """
        fitting = OF_TASKS[task]
        said = {name: value for name, value in values.items() if not _left_out(value)}
        wrong = sorted(set(said) - set(fitting))
        require(not wrong, "missing", f"have keys among {', '.join(fitting)} for {task}",
                ", ".join(map(str, wrong)), "Correct or remove them")
        for name in {"mask", "truth"} & set(said):
            if isinstance(said[name], Path):
                said[name] = str(said[name])
        if "complete" in said:
            paths = said["complete"]
            paths = [paths] if isinstance(paths, str | Path) else paths
            said["complete"] = tuple(str(path) for path in paths)
        return cls(recover=recover, **said)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Missing:
        """What `to_dict` gave back.

        Raises
        ------
        BadOptionError
            If a key is unknown or a value is of a wrong kind.
        """
        known = dict(values)
        known["recover"] = from_dict(RecoverConfig, without_former(known.get("recover", {})))
        known["complete"] = tuple(known.get("complete", ()))
        return from_dict(cls, known)

    def to_dict(self) -> dict[str, Any]:
        """For `config.json`: what is there, and how missing pixels are estimated."""
        values = {name: value for name, value in asdict(self).items() if value}
        return values | ({"complete": list(self.complete)} if self.complete else {})


def _left_out(value: Any) -> bool:
    """Whether a value says nothing; an array says something, and is refused by its kind."""
    return value is None or (isinstance(value, bool | int | str | list | tuple) and not value)


def _kind(value: object) -> str:
    return f"a value of the type {type(value).__name__}"
