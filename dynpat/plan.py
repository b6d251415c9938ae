"""The plan of a run: every option as resolved, to and from `config.json`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dynpat.config import LangevinConfig, LearnConfig, from_dict, to_dict
from dynpat.models import PATTERNS

VERSION = 2  # of what `Plan.to_dict` writes
RENAMED = {"default": "gaussian", "coloured": "default"}  # presets, since version 1
READING = ("size", "frames", "start", "fps", "grey", "window")


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
    task: str = "learn"
    """'learn', 'recover', 'inpaint' or 'extend'."""
    missing: dict[str, Any] = field(default_factory=dict)
    """What says which pixels are missing, for the tasks that fill them; see `dynpat.restoring`."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION, "videos": list(self.videos), "reading": self.reading,
            "pattern": self.pattern, "preset": self.preset, "model": self.model,
            "langevin": to_dict(self.langevin), "learn": to_dict(self.learn),
            "task": self.task, "missing": self.missing,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Plan:
        reading = {name: values["reading"][name] for name in READING}
        reading["size"] = tuple(reading["size"]) if reading["size"] else None
        preset = values["preset"]
        if int(values.get("version", 1)) < VERSION:
            preset = RENAMED.get(preset, preset)
        PATTERNS[values["pattern"]].presets[preset]  # a KeyError if there is none
        return cls(
            videos=tuple(values["videos"]), reading=reading, pattern=values["pattern"],
            preset=preset, model=dict(values["model"]),
            langevin=from_dict(LangevinConfig, values["langevin"]),
            learn=from_dict(LearnConfig, values["learn"]),
            task=str(values.get("task", "learn")), missing=dict(values.get("missing", {})),
        )
