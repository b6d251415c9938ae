"""dynpat learns what moves: spatial-temporal generative ConvNets for videos.

The public names are imported on first use: `import dynpat` does not load TensorFlow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dynpat.devices import use_onednn
from dynpat.registering import register_with_keras

if TYPE_CHECKING:  # for editors and type checkers: the same names as below
    from dynpat.config import (
        LangevinConfig as LangevinConfig,
        LearnConfig as LearnConfig,
        ModelConfig as ModelConfig,
        RecoverConfig as RecoverConfig,
    )
    from dynpat.errors import (
        BadMaskError as BadMaskError,
        BadOptionError as BadOptionError,
        BadRunError as BadRunError,
        BadVideoError as BadVideoError,
        ClusterError as ClusterError,
        DivergedError as DivergedError,
        DynpatError as DynpatError,
        OutputError as OutputError,
    )
    from dynpat.models import (
        ActionModel as ActionModel,
        EnergyModel as EnergyModel,
        SceneModel as SceneModel,
        TextureModel as TextureModel,
    )
    from dynpat.models.layers import AllOfSpace as AllOfSpace, StridedConv3D as StridedConv3D
    from dynpat.options import Missing as Missing, Reading as Reading
    from dynpat.reporter import Reporter as Reporter
    from dynpat.runs.plan import Plan as Plan, make_plan as make_plan
    from dynpat.tasks.arrays import (
        extend as extend,
        inpaint as inpaint,
        learn as learn,
        load_model as load_model,
        recover as recover,
    )
    from dynpat.tasks.compare import compare_runs as compare_runs
    from dynpat.tasks.demo import demo as demo
    from dynpat.tasks.evaluate import evaluate as evaluate
    from dynpat.tasks.restore import make_restoration as make_restoration, restore as restore
    from dynpat.tasks.result import (
        Filled as Filled,
        Learned as Learned,
        Restored as Restored,
        Result as Result,
    )
    from dynpat.tasks.resume import resume as resume
    from dynpat.tasks.sample import sample as sample
    from dynpat.videos import (
        Video as Video,
        read_video as read_video,
        read_videos as read_videos,
        write_video as write_video,
    )

_HOMES = {
    "LangevinConfig": "dynpat.config",
    "LearnConfig": "dynpat.config",
    "ModelConfig": "dynpat.config",
    "RecoverConfig": "dynpat.config",
    "BadMaskError": "dynpat.errors",
    "BadOptionError": "dynpat.errors",
    "BadRunError": "dynpat.errors",
    "BadVideoError": "dynpat.errors",
    "ClusterError": "dynpat.errors",
    "DivergedError": "dynpat.errors",
    "DynpatError": "dynpat.errors",
    "OutputError": "dynpat.errors",
    "ActionModel": "dynpat.models",
    "EnergyModel": "dynpat.models",
    "SceneModel": "dynpat.models",
    "TextureModel": "dynpat.models",
    "AllOfSpace": "dynpat.models.layers",
    "StridedConv3D": "dynpat.models.layers",
    "Missing": "dynpat.options",
    "Reading": "dynpat.options",
    "Reporter": "dynpat.reporter",
    "Plan": "dynpat.runs.plan",
    "make_plan": "dynpat.runs.plan",
    "extend": "dynpat.tasks.arrays",
    "inpaint": "dynpat.tasks.arrays",
    "learn": "dynpat.tasks.arrays",
    "load_model": "dynpat.tasks.arrays",
    "recover": "dynpat.tasks.arrays",
    "compare_runs": "dynpat.tasks.compare",
    "demo": "dynpat.tasks.demo",
    "evaluate": "dynpat.tasks.evaluate",
    "resume": "dynpat.tasks.resume",
    "make_restoration": "dynpat.tasks.restore",
    "restore": "dynpat.tasks.restore",
    "Filled": "dynpat.tasks.result",
    "Learned": "dynpat.tasks.result",
    "Restored": "dynpat.tasks.result",
    "Result": "dynpat.tasks.result",
    "sample": "dynpat.tasks.sample",
    "Video": "dynpat.videos",
    "read_video": "dynpat.videos",
    "read_videos": "dynpat.videos",
    "write_video": "dynpat.videos",
}

__all__ = ["__version__", *sorted(_HOMES)]
__version__ = "0.1.0"

use_onednn()
register_with_keras()


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'dynpat' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
