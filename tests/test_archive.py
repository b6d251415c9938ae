"""A `.keras` file holds a description and numbers: nothing in it is run, unpacked or followed."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from small_models import small

from dynpat.archive import require_plain
from dynpat.errors import BadRunError
from dynpat.models.loading import load_model
from dynpat.runs.kernel import first_kernel

LAMBDA = {"module": "keras", "registered_name": None, "class_name": "Sequential", "config": {
    "name": "evil", "layers": [{
        "module": "keras.layers", "class_name": "Lambda", "registered_name": None, "config": {
            "name": "run", "function": {"class_name": "__lambda__", "config": {
                "code": "4wEAAA==", "defaults": None, "closure": None}}}}]}}  # fmt: skip
FETCH = {"module": "keras.utils", "class_name": "get_file", "config": "get_file",
         "registered_name": "get_file"}
SHELL = {"module": "os", "class_name": "system", "config": {"command": "true"},
         "registered_name": None}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plain") / "model.keras"
    small("scene").save(path)
    return path


def entries_of(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(file: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file


def described(entries: dict[str, bytes], **changes: Any) -> dict[str, bytes]:
    values = json.loads(entries["config.json"])
    values["config"].update(changes)
    return {**entries, "config.json": json.dumps(values).encode()}


def weighed(entries: dict[str, bytes], change: Callable[[h5py.Group, tuple[int, ...]], object]
            ) -> dict[str, bytes]:
    """Replace the first array of the first layer."""
    content = io.BytesIO(entries["model.weights.h5"])
    with h5py.File(content, "r+") as file:
        place = file["layers"][sorted(file["layers"])[0]]["vars"]
        shape = place["0"].shape
        del place["0"]
        change(place, shape)
    return {**entries, "model.weights.h5": content.getvalue()}


def elsewhere(place: h5py.Group, shape: tuple[int, ...]) -> None:
    place.create_dataset("0", shape, "f4", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def virtual(place: h5py.Group, shape: tuple[int, ...]) -> None:
    layout = h5py.VirtualLayout(shape, "f4")
    layout[...] = h5py.VirtualSource("/etc/passwd", "x", shape)
    place.create_virtual_dataset("0", layout)


def endless(place: h5py.Group, _: tuple[int, ...]) -> None:
    place.create_dataset("0", (10**6, 10**6, 4), "f4", chunks=(100, 100, 1))


CRAFTED: dict[str, Callable[[dict[str, bytes]], dict[str, bytes]]] = {
    "a lambda layer": lambda e: {**e, "config.json": json.dumps(LAMBDA).encode()},
    "a function that fetches": lambda e: {**e, "config.json": json.dumps(FETCH).encode()},
    "an initializer from os": lambda e: described(e, kernel_initializer=SHELL),
    "a path that climbs": lambda e: {**e, "../../evil.txt": b"x"},
    "a path from the root": lambda e: {**e, "/tmp/evil.txt": b"x"},
    "a pickle beside": lambda e: {**e, "assets/data.pkl": b"\x80\x04."},
    "a long description": lambda e: {**e, "config.json": b" " * 2_000_000 + e["config.json"]},
    "a description of nothing": lambda e: {**e, "config.json": b"[]"},
    "a deep description": lambda e: {**e, "config.json": b"[" * 100_000},
    "no weights": lambda e: {name: e[name] for name in ("metadata.json", "config.json")},
    "a link to another file": lambda e: weighed(
        e, lambda place, _: place.__setitem__("0", h5py.ExternalLink("/etc/passwd", "x"))),
    "a link inside": lambda e: weighed(
        e, lambda place, _: place.__setitem__("0", h5py.SoftLink("/layers"))),
    "an array in another file": lambda e: weighed(e, elsewhere),
    "an array of other files": lambda e: weighed(e, virtual),
    "an array without end": lambda e: weighed(e, endless),
    "a network without end": lambda e: described(e, filters=[10**6, 10**6, 5]),
    "modes without end": lambda e: described(e, modes=10**9),
    "pictures without end": lambda e: described(e, size=[10**6, 10**6]),
    "a size of texts": lambda e: described(e, size=["a", "b"]),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_crafted_files_are_refused_before_anything_is_made(
    name: str, saved: Path, tmp_path: Path
) -> None:
    file = write(tmp_path / "model.keras", CRAFTED[name](entries_of(saved)))
    for read in (load_model, first_kernel):
        if read is load_model or name not in ("a lambda layer", "a function that fetches"):
            with pytest.raises(BadRunError, match="is not a model of dynpat") as raised:
                read(file)
            assert len(str(raised.value)) < 600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.keras"]


@pytest.mark.parametrize("packing", [
    zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA,
])
def test_damaged_weights_are_found_however_a_file_is_packed(
    packing: int, saved: Path, tmp_path: Path
) -> None:
    file = tmp_path / "model.keras"
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, content in entries_of(saved).items():
            archive.writestr(name, content)
    assert require_plain(file) == "dynpat>SceneModel" and first_kernel(file) is not None
    with zipfile.ZipFile(file) as archive:
        packed = archive.getinfo("model.weights.h5")
    whole = file.read_bytes()
    begin = whole.index(b"model.weights.h5", packed.header_offset) + len("model.weights.h5")
    # What of an entry's own header is only repeated from the list of entries may be damaged.
    for at in np.linspace(begin, begin + packed.compress_size - 20, 60).astype(int):
        file.write_bytes(whole[:at] + bytes(value ^ 255 for value in whole[at:at + 20])
                         + whole[at + 20:])
        with pytest.raises(BadRunError, match="is not a model of dynpat"):
            require_plain(file)


def test_a_plain_file_is_taken_and_named(saved: Path, tmp_path: Path) -> None:
    assert require_plain(saved) == "dynpat>SceneModel"
    assert require_plain(write(tmp_path / "again.keras", entries_of(saved))) == "dynpat>SceneModel"


def test_weights_that_unpack_to_too_much_are_allowed_by_who_trusts_them(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Path(shutil.copy(saved, tmp_path))
    size = len(entries_of(file)["model.weights.h5"])
    monkeypatch.setenv("DYNPAT_MAX_BYTES", str(size - 1))
    with pytest.raises(BadRunError, match=r"unpacks to .* set DYNPAT_MAX_BYTES to more"):
        load_model(file)
    monkeypatch.setenv("DYNPAT_MAX_BYTES", str(size))
    assert all(np.isfinite(weight.numpy()).all() for weight in load_model(file).weights)


def test_a_file_is_looked_at_without_tensorflow(
    saved: Path, new_process: Callable[..., Any]
) -> None:
    done = new_process("-c", "import sys; from pathlib import Path; "
                       "from dynpat.archive import require_plain; require_plain(Path(sys.argv[1]));"
                       "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules",
                       saved)
    assert done.returncode == 0, done.stderr
