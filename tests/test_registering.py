"""Keras loads models of dynpat after `import dynpat` alone, which loads neither."""

from __future__ import annotations

import importlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import keras
import pytest

import dynpat.registering as registering
import dynpat.tasks.arrays

Process = Callable[..., subprocess.CompletedProcess[str]]
LOAD = """
model = keras.saving.load_model(sys.argv[1])
print(json.dumps([type(model).__module__, type(model).__name__, model.count_params()]))
assert "dynpat" not in (type(keras.__spec__.loader).__module__, type(keras.__loader__).__module__)
"""
QUIETLY = "import dynpat\nassert not {'keras', 'tensorflow'} & set(sys.modules)\n"
ORDERS = {
    "dynpat first": f"{QUIETLY}import keras\n",
    "Keras first": "import keras\nimport dynpat\n",
    "a part of Keras first": f"{QUIETLY}from keras.src import ops\nimport keras\n",
    "TensorFlow first": "import tensorflow\nimport dynpat\nimport keras\n",
    "a room that needs Keras first": "import dynpat.reference.coloured\nimport keras\n",
}


QUICK = ("dynpat first", "Keras first")  # the others take as long as these


@pytest.mark.parametrize("order", [
    order if order in QUICK else pytest.param(order, marks=pytest.mark.slow) for order in ORDERS
])
def test_keras_loads_a_model(new_process: Process, learned_once: Path, order: str) -> None:
    file = learned_once / "model.keras"
    done = new_process("-c", f"import json, sys\n{ORDERS[order]}{LOAD}", file)
    assert done.returncode == 0, done.stderr
    expected = dynpat.tasks.arrays.load_model(file).count_params()
    assert json.loads(done.stdout) == ["dynpat.models.presets", "SceneModel", expected]


@pytest.mark.slow
def test_without_dynpat_keras_does_not_know_the_model(
    new_process: Process, learned_once: Path
) -> None:
    """So the tests above see what is tested."""
    file = learned_once / "model.keras"
    done = new_process("-c", f"import json, sys, keras\n{LOAD}", file)
    assert done.returncode != 0 and "Could not locate class 'SceneModel'" in done.stderr


def test_every_registered_class_has_a_stand_in() -> None:
    importlib.import_module("dynpat.models.blind")  # not all models need it
    registered = {
        name.removeprefix("dynpat>"): kind
        for name, kind in keras.saving.get_custom_objects().items() if name.startswith("dynpat>")
    }
    assert {name: kind.__module__ for name, kind in registered.items()} == registering.HOMES


def test_a_stand_in_makes_the_class_it_stands_for() -> None:
    stand_in = registering._stand_in("AllOfSpace", registering.HOMES["AllOfSpace"])
    layer = dynpat.AllOfSpace(3, kernel=2)
    revived = stand_in.from_config(layer.get_config())  # type: ignore[attr-defined]
    assert type(revived) is dynpat.AllOfSpace and revived.get_config() == layer.get_config()
    with pytest.raises(NotImplementedError, match=r"layers\.AllOfSpace"):
        stand_in().get_config()


def test_without_keras_nothing_is_found(new_process: Process) -> None:
    """The finder leaves it to the others to say so."""
    code = (
        "import sys\nimport dynpat\nsys.path.clear()\n"
        "try:\n    import keras\nexcept ModuleNotFoundError as error:\n    print(error)"
    )
    assert new_process("-c", code).stdout.strip() == "No module named 'keras'"
