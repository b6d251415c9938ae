"""Tell Keras where the classes in a model file are, without importing Keras or TensorFlow.

Keras finds the classes of a file by the names under which they were registered, and those of
dynpat are registered when their modules are imported, which takes TensorFlow. Until then a stand-in
of each name is registered, which imports the class when a file asks for it. So

    import dynpat
    model = keras.saving.load_model("runs/fire/model.keras")

works, and `import dynpat` stays quick: the stand-ins are registered as soon as Keras is imported.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

PACKAGE = "dynpat"
# The registered classes and their modules.
HOMES = {
    "ActionModel": "dynpat.models.presets",
    "AllOfSpace": "dynpat.models.layers",
    "BlindConv3D": "dynpat.models.blind",
    "ColouredReference": "dynpat.reference.coloured",
    "EnergyModel": "dynpat.models.energy",
    "Reference": "dynpat.reference.gaussians",
    "SceneModel": "dynpat.models.presets",
    "StridedConv3D": "dynpat.models.layers",
    "TextureModel": "dynpat.models.presets",
}


def register_with_keras() -> None:
    """Register the stand-ins now if Keras is imported, and else as soon as it is."""
    keras = sys.modules.get("keras")
    if hasattr(keras, "saving"):
        _register(keras)
    else:
        sys.meta_path.insert(0, _KerasFinder())


def _register(keras: Any) -> None:
    """Register a stand-in of each class; the class itself takes its place when it is imported."""
    for name, home in HOMES.items():
        keras.saving.register_keras_serializable(PACKAGE, name)(_stand_in(name, home))


def _stand_in(name: str, home: str) -> type:
    """Return a class that Keras can revive the class `name` of the module `home` from."""

    def get_config(self: object) -> dict[str, Any]:
        raise NotImplementedError(f"Only {home}.{name} itself has a configuration.")

    def from_config(cls: type, config: dict[str, Any]) -> Any:
        return getattr(import_module(home), name).from_config(config)

    return type(name, (), {"get_config": get_config, "from_config": classmethod(from_config)})


class _KerasFinder(MetaPathFinder):
    """Finds Keras as the other finders do, and registers the stand-ins after its import."""

    def __init__(self) -> None:
        self.asking = False  # the others, who would ask this finder again

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where Keras is; None for all other modules."""
        if fullname != "keras" or self.asking:
            return None
        self.asking = True
        try:
            spec = find_spec(fullname)
        finally:
            self.asking = False
        if spec is not None and spec.loader is not None:
            spec.loader = _KerasLoader(spec.loader)
        return spec


class _KerasLoader(Loader):
    """Imports Keras by its own loader, and registers the stand-ins."""

    def __init__(self, own: Loader) -> None:
        self.own = own

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return the module, or None for a usual one."""
        return self.own.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Import the module; nothing of this loader remains on it."""
        assert module.__spec__ is not None
        module.__loader__ = module.__spec__.loader = self.own
        self.own.exec_module(module)
        _register(module)
