"""Read frames in rare formats with the native decoders of tensorflow-io.

The decoders run in a process of their own, because some do not survive a damaged file, and because
TensorFlow then loads only there. If they cannot be loaded, Pillow reads what it can.
"""

from __future__ import annotations

import atexit
import io
import json
import subprocess
import sys
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import IO, Any

import numpy as np

from dynpat.errors import BadVideoError
from dynpat.videos.files import without_alpha
from dynpat.videos.notes import note_once, reason

KINDS = {
    ".exr": "exr", ".hdr": "hdr", ".tif": "tiff", ".tiff": "tiff", ".avif": "avif",
    ".jp2": "jp2", ".pnm": "pnm", ".ppm": "pnm", ".pgm": "pnm",
}  # fmt: skip
ALONE = (".exr", ".hdr")  # formats that nothing else reads
SHOULDER = 0.9  # linear light from which on it is compressed; as much is left for all above
_STARTING = Lock()
REMEDY = (
    "install dynpat[tfio] on Linux with Python 3.12 or older, or convert the frames to PNG"
)


class NativeError(Exception):
    """The message of a native decoder about a file."""


class Decoders:
    """The process of the decoders; `available` and `why` tell whether they load, and why not."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()
        self.why = "it is not installed"
        if find_spec("tensorflow_io") is not None:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dynpat.videos.native_worker"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )
            try:
                self.why = self._answer().get("error", "")
            except (EOFError, ValueError):
                self.why = "its process ends at once"
        self.available = not self.why

    def decode(self, kind: str, path: Path) -> np.ndarray | None:
        """Return the picture in a file as the decoder gives it, or None if Pillow reads it better.

        Raises
        ------
        NativeError
            If the file is damaged, or the decoder did not survive it.
        """
        with self._lock:  # one question at a time, of several videos that are read at once
            return self._decoded(kind, path)

    def _decoded(self, kind: str, path: Path) -> np.ndarray | None:
        stdin, stdout = self._pipes()
        try:
            stdin.write(json.dumps({"kind": kind, "path": str(path.absolute())}).encode() + b"\n")
            stdin.flush()
            answer = self._answer()
            if "error" in answer:
                raise NativeError(answer["error"])
            if "beyond" in answer:
                return None
            data = stdout.read(answer["bytes"])
            return np.asarray(np.load(io.BytesIO(data), allow_pickle=False))
        except (OSError, EOFError, ValueError) as error:
            _started.cache_clear()  # the next file starts a new process
            self.close()
            raise NativeError("the native decoder broke off; the file is damaged") from error

    def _answer(self) -> dict[str, Any]:
        line = self._pipes()[1].readline()
        if not line:
            raise EOFError
        return dict(json.loads(line))

    def close(self) -> None:
        """End the process."""
        if self.process is None:
            return
        for pipe in self._pipes():
            with suppress(OSError):
                pipe.close()
        self.process.kill()
        self.process.wait()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self.process and self.process.stdin and self.process.stdout
        return self.process.stdin, self.process.stdout


def decoders() -> Decoders:
    """Return the decoders, which start when they are first needed."""
    with _STARTING:
        return _started()


@lru_cache(maxsize=1)
def _started() -> Decoders:
    started = Decoders()
    atexit.register(started.close)
    return started


def read_native(path: Path, notes: list[str]) -> np.ndarray | None:
    """Read one frame with a native decoder; return None if Pillow has to read it.

    Parameters
    ----------
    path : Path
        The image file.
    notes : list of str
        A list that gets a sentence for everything that was changed.

    Returns
    -------
    ndarray or None
        `uint8` (H, W, 3). Linear light (EXR, HDR) is tone-mapped to sRGB.

    Raises
    ------
    BadVideoError
        If the file is damaged, or of a kind that nothing reads here.
    """
    ending = path.suffix.lower()
    if ending not in KINDS:
        return None
    if not decoders().available:
        if ending in ALONE:
            raise BadVideoError(
                f"'{path}' is read by tensorflow-io alone, which does not load here "
                f"({decoders().why}); {REMEDY}."
            )
        return None
    try:
        picture = decoders().decode(KINDS[ending], path)
    except NativeError as error:
        raise bad_image(path, error) from error
    if picture is None:
        return None
    if picture.dtype.kind == "f":
        note_once(notes, "Linear light was tone-mapped to sRGB; above 0.9 it is compressed.")
        picture = _standard(picture)
    if picture.shape[-1] == 1:
        picture = picture.repeat(3, axis=-1)
    return without_alpha(picture, notes) if picture.shape[-1] == 4 else picture


def bad_image(path: Path, error: BaseException) -> BadVideoError:
    """Return the error for an image that is damaged."""
    return BadVideoError(
        f"'{path}' cannot be read as an image ({reason(error)}); replace it or remove it from "
        "the folder."
    )


def _standard(light: np.ndarray) -> np.ndarray:
    """Turn linear light, 1 = white, into grey levels of sRGB (IEC 61966-2-1), uint8.

    Light above `SHOULDER` is compressed, so that what is brighter than white is told apart. The
    curve is the same for all frames, because one that followed their light would make them flicker.
    """
    light = np.maximum(np.nan_to_num(light.astype(np.float32)), 0)
    above, room = np.maximum(light - SHOULDER, 0), 1 - SHOULDER
    light = np.minimum(light, SHOULDER) + room * above / (above + room)
    curved = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * np.minimum(curved, 1)).astype(np.uint8)
