"""Read the first kernel of a saved model without Keras and TensorFlow, which load slowly."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import h5py
import numpy as np

from dynpat.archive import WEIGHTS, require_plain
from dynpat.errors import BadRunError

LAYERS = ("blind_conv3d", "strided_conv3d")  # names of a first layer in the file of Keras


def first_kernel(file: Path) -> np.ndarray | None:
    """Read the kernel of the first layer of a `.keras` file.

    Parameters
    ----------
    file : Path
        The file.

    Returns
    -------
    ndarray or None
        The kernel, (T, H, W, C, filters) float32; None if the layer is no convolution.

    Raises
    ------
    BadRunError
        If the file is damaged.
    """
    require_plain(file)
    try:
        with zipfile.ZipFile(file) as archive:
            kernels = json.loads(archive.read("config.json"))["config"]["kernels"]
            if not isinstance(kernels[0], list):
                return None
            with archive.open(WEIGHTS) as stored, h5py.File(stored, "r") as weights:
                layers = weights["layers"]
                name = next(name for name in LAYERS if name in layers)
                return np.asarray(layers[name]["vars"]["0"])
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, IndexError, StopIteration) as error:
        raise BadRunError(
            f"'{file}' is not a model of dynpat ({type(error).__name__}); learn it again."
        ) from error
