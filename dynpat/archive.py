"""Look into a `.keras` file before anything in it is made, unpacked or followed."""

from __future__ import annotations

import json
import lzma
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import h5py

from dynpat.errors import BadRunError
from dynpat.kinds import UNFIT
from dynpat.videos.limits import BYTES, most

WEIGHTS = "model.weights.h5"
ENTRIES = {"metadata.json", "config.json", WEIGHTS}
# What unpacking can raise besides; Keras packs nothing, but another program may have done so.
_DAMAGED = (
    zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, EOFError, zlib.error, lzma.LZMAError,
)
MOST_TEXT = 1_000_000  # bytes of a JSON entry; ours have some thousands


def require_plain(file: Path) -> str:
    """Refuse a `.keras` file that can hold more than a description and numbers.

    Keras would make whatever class the file names, unpack whatever it holds, and follow links of
    HDF5 into other files.

    Parameters
    ----------
    file : Path
        The file, which is there.

    Returns
    -------
    str
        The registered name of the class of the model, which the caller must know.

    Raises
    ------
    BadRunError
        If it is no such file, holds other entries, unpacks to more than the limit of memory, has
        links that lead out of it, or describes a model that does not fit its numbers.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _require_entries(file, archive)
            if archive.testzip() is not None:
                raise zipfile.BadZipFile
            config = json.loads(archive.read("config.json"))
            # They are read where they lie: with its optimizer a model may have gigabytes.
            with archive.open(WEIGHTS) as stored, h5py.File(stored, "r") as weights:
                _require_size(file, config["config"], _bytes_of(file, weights))
            _require_no_code(file, config["config"])
            return str(config["registered_name"])
    except (*UNFIT, *_DAMAGED) as error:
        raise _refused(file, "it is cut off, or no Keras file") from error


def _require_entries(file: Path, archive: zipfile.ZipFile) -> None:
    names = archive.namelist()
    foreign = sorted(set(names) - ENTRIES)
    if foreign or len(names) != len(set(names)):
        what = repr(foreign[0])[:80] if foreign else "one entry twice"
        raise _refused(file, f"it holds {what}")
    sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    if max(size for name, size in sizes.items() if name.endswith(".json")) > MOST_TEXT:
        raise _refused(file, "its description is too long")
    _require_bytes(file, sizes[WEIGHTS])


def _require_no_code(file: Path, values: dict[str, Any]) -> None:
    """Refuse a part of the model, such as an initializer, that is made from any other package."""
    for value in values.values():
        module = str(value.get("module") or "keras") if isinstance(value, dict) else "keras"
        if module.split(".")[0] != "keras":
            raise _refused(file, f"it asks for {module[:80]!r}")


def _require_size(file: Path, values: dict[str, Any], stored: int) -> None:
    """Refuse a model that would be larger than its `stored` bytes, before memory is taken."""
    picture = math.prod(values["size"]) * int(values["channels"])
    _require_bytes(file, 4 * picture * int(values["frames"]))
    channels, needed = int(values["channels"]), int(values["modes"]) * int(values["channels"])
    for count, kernel in zip(values["filters"], values["kernels"], strict=True):
        needed += channels * count * (math.prod(kernel) if isinstance(kernel, list) else 1)
        channels = count
    if 4 * needed > stored:
        raise _refused(file, "its description does not fit its numbers")


def _bytes_of(file: Path, weights: h5py.File) -> int:
    """Return the bytes of all arrays; refuse links, arrays that lie elsewhere, and too much."""
    total = 0
    waiting = [weights]
    while waiting:
        group = waiting.pop()
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise _refused(file, f"its {name[:80]!r} leads to another place")
            item = group[name]
            if isinstance(item, h5py.Group):
                waiting.append(item)
                continue
            if item.external or item.is_virtual:
                raise _refused(file, f"its {name[:80]!r} lies in another file")
            total += math.prod(item.shape) * item.dtype.itemsize
            _require_bytes(file, total)
    return total


def _require_bytes(file: Path, count: int) -> None:
    if count > most(BYTES):
        raise _refused(
            file, f"it unpacks to {count / 1e9:.3g} GB, and {most(BYTES) / 1e9:.3g} GB are the "
            f"most that is read; set {BYTES} to more if you trust it"
        )


def _refused(file: Path, why: str) -> BadRunError:
    return BadRunError(f"'{file}' is not a model of dynpat ({why}); learn it again.")
