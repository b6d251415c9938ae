"""Load a learned model from its file, safely."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import NoReturn

import keras

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
    try:
        model = keras.saving.load_model(file, safe_mode=True, compile=False)
    except Exception as error:  # Keras raises errors of many classes for a damaged file
        _damaged_model(file, error)
    if not isinstance(model, EnergyModel):
        _damaged_model(file, TypeError(type(model).__name__))
    return model


def _damaged_model(path: Path, error: Exception) -> NoReturn:
    kind = str(error).splitlines()[0] if str(error) else type(error).__name__
    if not zipfile.is_zipfile(path):
        kind = "it is cut off, or no Keras file"
    raise BadRunError(f"'{path}' is not a model of dynpat ({kind}); learn it again.") from error
