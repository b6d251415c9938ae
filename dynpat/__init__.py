"""dynpat learns what moves: spatial-temporal generative ConvNets for videos.

The public names are imported on first use: `import dynpat` does not load TensorFlow.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "EnergyModel": "dynpat.models",
    "TextureModel": "dynpat.models",
    "SceneModel": "dynpat.models",
    "ActionModel": "dynpat.models",
    "StridedConv3D": "dynpat.models.layers",
    "AllOfSpace": "dynpat.models.layers",
    "LangevinConfig": "dynpat.config",
    "LearnConfig": "dynpat.config",
    "DynpatError": "dynpat.errors",
    "Reporter": "dynpat.reporter",
    "Video": "dynpat.videos",
    "read_video": "dynpat.videos",
    "read_videos": "dynpat.videos",
    "write_video": "dynpat.videos",
    "evaluate": "dynpat.tasks.evaluate",
    "learn": "dynpat.tasks.learn",
    "make_plan": "dynpat.tasks.learn",
    "make_restoration": "dynpat.tasks.restore",
    "restore": "dynpat.tasks.restore",
    "resume": "dynpat.tasks.learn",
    "sample": "dynpat.tasks.sample",
}

__all__ = ["__version__", *sorted(_HOMES)]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'dynpat' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
