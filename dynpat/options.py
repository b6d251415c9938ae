"""The options of a run besides its settings, frozen and checked: reading and missing pixels."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dynpat.config import RecoverConfig, from_dict, require, without_former
from dynpat.errors import BadOptionError

OF_TASKS = {  # fields of `Missing` that fit each task
    "recover": ("mask", "box", "detect", "occlude", "invert", "dilate", "truth", "complete"),
    "inpaint": ("mask", "box", "invert", "dilate"),
    "extend": ("before", "after", "between"),
}
TEXTS = {"mask": "the path of a file or folder", "box": "a text x,y,w,h",
         "occlude": "a text such as region:0.16", "truth": "the path of a video"}
MOST_FRAMES = 10**12  # a thousand years of video
DETECTED = ("frozen", "black", "scratches")  # the damage that `dynpat.masks.detecting` finds
COUNTS = {"dilate": "pixels", "before": "frames", "after": "frames", "between": "frames"}


@dataclass(frozen=True)
class Reading:
    """How videos are read.

    Raises
    ------
    BadOptionError
        If a value is out of range or has the wrong type.
    """

    size: tuple[int, int] | None = None
    """Height and width (H, W) in pixels to which pictures are resized; None keeps them."""
    frames: int | None = None
    """Number of frames to read; None reads the usual number."""
    start: int = 0
    """Number of the first frame to read, counted from 0."""
    fps: float | None = None
    """Frames per second to which videos are resampled; None keeps their rate."""
    grey: bool = False
    """Whether to read one channel of luma instead of three of colours."""

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
        for name in ("start", "frames"):
            if (getattr(self, name) or 0) > MOST_FRAMES:
                raise BadOptionError(
                    f"--{name} {getattr(self, name)} is more than any video has; give a smaller "
                    "number."
                )
        if self.fps is not None and not 0 < self.fps <= 1000:
            raise BadOptionError(f"--fps {self.fps} is out of range; give more than 0, up to 1000.")


@dataclass(frozen=True)
class Missing:
    """Which pixels are missing, and how they are recovered.

    Raises
    ------
    BadOptionError
        If a value has the wrong type, or two options contradict each other.
    """

    mask: str | None = None
    """A file or folder in which missing pixels are white."""
    box: str | None = None
    """'x,y,w,h': left, top, width and height of a missing box, in pixels of the video file."""
    detect: tuple[str, ...] = ()
    """The damage to find: 'frozen' frames, 'black' frames, 'scratches'."""
    occlude: str | None = None
    """'salt-pepper:P', 'region:SHARE' or 'frames:SHARE': pixels to hide whose truth is known."""
    invert: bool = False
    """Whether black pixels of the mask are missing, not white ones."""
    dilate: int = 0
    """Number of pixels by which the mask, and found scratches, grow to each side."""
    truth: str | None = None
    """The complete video, with which the recovered pixels are compared."""
    complete: tuple[str, ...] = ()
    """Videos without missing pixels, to learn from as well."""
    before: int = 0
    """Number of new frames before the first one."""
    after: int = 0
    """Number of new frames after the last one."""
    between: int = 0
    """Number of new frames between every two."""
    recover: RecoverConfig = field(default_factory=RecoverConfig)
    """How missing pixels are recovered once a model is learned."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "detect", parse_detect(self.detect))
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
        changed = self.invert or (self.dilate and "scratches" not in self.detect)
        require(not changed or self.mask is not None, "invert and dilate", "change a mask", "none",
                "Give --mask, or leave --invert-mask and --dilate out")

    @classmethod
    def asked(cls, task: str, values: Mapping[str, Any], recover: RecoverConfig) -> Missing:
        """Return what a user asks for in a `task`; empty, 0 and False `values` count as left out.

        Parameters
        ----------
        task : str
            'recover', 'inpaint' or 'extend'.
        values : mapping
            The options by their names.
        recover : RecoverConfig
            How missing pixels are recovered.

        Returns
        -------
        Missing
            The checked options.

        Raises
        ------
        BadOptionError
            If a key is unknown or does not fit the task, or a value has the wrong type.
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
        """Return the options that `to_dict` returned as `values`.

        Raises
        ------
        BadOptionError
            If a key is unknown or a value has the wrong type.
        """
        known = dict(values)
        known["recover"] = from_dict(RecoverConfig, without_former(known.get("recover", {})))
        known["complete"] = tuple(known.get("complete", ()))
        known["detect"] = tuple(known.get("detect", ()))
        return from_dict(cls, known)

    def to_dict(self) -> dict[str, Any]:
        """Return the given options, and how pixels are recovered, as `config.json` stores them."""
        values = {name: value for name, value in asdict(self).items() if value}
        several = {"complete": self.complete, "detect": self.detect}
        return values | {name: list(value) for name, value in several.items() if value}


def parse_detect(kinds: str | Sequence[str]) -> tuple[str, ...]:
    """Return kinds of damage to find, each once, in the order of `DETECTED`.

    Parameters
    ----------
    kinds : str or sequence of str
        Names from `DETECTED`; a text has them separated by commas.

    Returns
    -------
    tuple of str
        The names.

    Raises
    ------
    BadOptionError
        If a name is unknown, or the value is neither a text nor a sequence of texts.
    """
    listed = kinds.lower().split(",") if isinstance(kinds, str) else kinds
    fitting = isinstance(listed, list | tuple)
    names = [str(name).strip() for name in listed] if fitting else []
    wrong = sorted(set(names) - set(DETECTED))
    require(fitting and not wrong, "detect", f"name damage among {', '.join(DETECTED)}",
            ", ".join(map(repr, wrong)) or repr(kinds), "Give one or more, separated by commas")
    return tuple(name for name in DETECTED if name in names)


def _left_out(value: Any) -> bool:
    """Return whether a value counts as left out; an array does not, and is refused by its type."""
    return value is None or (isinstance(value, bool | int | str | list | tuple) and not value)


def _kind(value: object) -> str:
    return f"a value of the type {type(value).__name__}"
