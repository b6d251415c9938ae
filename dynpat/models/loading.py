"""Load a learned model from its file, safely."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import keras

from dynpat.archive import require_plain
from dynpat.errors import BadRunError
from dynpat.models.presets import EnergyModel


def load_model(file: Path) -> EnergyModel:
    """Load the model in a `.keras` file, in the safe mode of Keras.

    Parameters
    ----------
    file : Path
        The file `model.keras` of a run folder, or another model saved by `EnergyModel.save`.

    Returns
    -------
    EnergyModel
        The model, not compiled.

    Raises
    ------
    BadRunError
        If the file is missing, damaged, or a model of another kind.
    """
    if not file.is_file():
        raise BadRunError(f"'{file}' is not there; give a run folder or a .keras file.")
    kind = keras.saving.get_registered_object(require_plain(file))
    if not (isinstance(kind, type) and issubclass(kind, EnergyModel)):
        _damaged_model(file, TypeError("it is a model of another kind"))
    try:
        model = keras.saving.load_model(file, safe_mode=True, compile=False)
    except Exception as error:  # Keras raises errors of many classes for a damaged file
        _damaged_model(file, error)
    assert isinstance(model, EnergyModel)
    return model


def _damaged_model(path: Path, error: Exception) -> NoReturn:
    kind = str(error).splitlines()[0] if str(error) else type(error).__name__
    raise BadRunError(f"'{path}' is not a model of dynpat ({kind}); learn it again.") from error
