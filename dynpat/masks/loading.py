"""Load masks from the kinds of files that they come in: images, videos and arrays."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ImageOps

from dynpat.errors import BadMaskError, BadVideoError
from dynpat.videos import IMAGE_ENDINGS, VIDEO_ENDINGS, read_video
from dynpat.videos.finding import frame_files
from dynpat.videos.limits import BYTES, most, opened_image
from dynpat.videos.model import size_text
from dynpat.videos.notes import reason

KINDS_SENTENCE = (
    "give an image, a folder of images, a video or GIF, or an array as .npy, .npz or .mat"
)

GREY = 16  # levels by which the channels of a palette's grey may differ
_MIDDLE = 127  # the last level that counts as black; lossy masks have every level
_HDF5 = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True)
class Wanted:
    """Which frames of which file are wanted, and whether black is missing."""

    path: Path
    frames: int
    start: int
    invert: bool
    numbers: tuple[int, ...] = ()
    """The numbers of the video's frames in its file, if these do not follow each other."""

    @property
    def end(self) -> int:
        """The least number of frames of a mask that counts as the video file does."""
        return max(self.numbers) + 1 if self.numbers else self.start + self.frames

    def chosen(self, count: int) -> list[int]:
        """Return which of the `count` frames of the mask belong to the video."""
        if count in (1, self.frames):
            return list(range(count))
        end = self.end
        if count >= end:
            return list(self.numbers or range(self.start, end))
        begun = f", or of {end} or more counted as the video file is" if self.start else " or more"
        raise self.bad(
            f"has {count} frames, but the video has {self.frames} from frame {self.start} on; give "
            f"a mask of one frame, which serves for all, or of {self.frames}{begun}"
        )

    def missing(self, levels: np.ndarray, limit: float) -> np.ndarray:
        """Return where any channel of levels (..., C) tells that a pixel is missing."""
        return np.any(levels <= limit if self.invert else levels > limit, axis=-1)

    def bad(self, problem: str) -> BadMaskError:
        """Return an error about this mask; the sentence gets its full stop here."""
        return BadMaskError(f"The mask '{self.path}' {problem}.")


def load_mask(wanted: Wanted) -> np.ndarray:
    """Return the wanted frames of the mask at its own size, `bool` (T or 1, h, w)."""
    path, ending = wanted.path, wanted.path.suffix.lower()
    with _reported(wanted):
        if not path.exists():
            raise wanted.bad("does not exist; check the spelling of the path")
        if path.is_dir():
            return _from_folder(wanted)
        if ending in IMAGE_ENDINGS:
            return _from_image(wanted)
        if ending in VIDEO_ENDINGS:
            return _from_video(wanted)
        if ending in (".npy", ".npz"):
            return _from_array(_numpy_array(wanted), wanted, "(H, W), (T, H, W) or (T, H, W, C)")
        if ending == ".mat":
            array = _hdf5_array(wanted) if _is_hdf5(path) else _matlab_array(wanted)
            array = np.moveaxis(array, 2, 0) if array.ndim in (3, 4) else array
            return _from_array(array, wanted, "(H, W), (H, W, T) or (H, W, T, C)")
    raise wanted.bad(f"is of a kind that is not read ('{ending}'); {KINDS_SENTENCE}")


def mask_of_array(array: np.ndarray, wanted: Wanted) -> np.ndarray:
    """Return the wanted frames of a mask in memory, as `load_mask` does."""
    return _from_array(array, wanted, "(H, W) or (T, H, W)")


@contextmanager
def _reported(wanted: Wanted) -> Iterator[None]:
    """Turn any error of the readers on a broken or hostile file into a `BadMaskError`."""
    try:
        yield
    except BadMaskError:
        raise
    except BadVideoError as error:
        # The rest of the message names options that choose frames of the video, not of its mask.
        problem = re.split("; |[.] ", str(error).removeprefix(f"'{wanted.path}' "))[0].rstrip(".")
        raise wanted.bad(f"{problem}; give another copy of it, or a folder of images") from error
    except Exception as error:  # the readers do not document which errors they raise
        why = reason(error).splitlines()[0].rstrip(".")
        raise wanted.bad(
            f"cannot be read ({why}); it may be damaged or of another format: give another copy"
        ) from error


def _from_folder(wanted: Wanted) -> np.ndarray:
    """Return one frame for each image that lies in the folder, in natural order."""
    files = frame_files(wanted.path)
    if not files:
        raise wanted.bad(f"is a folder without images ({', '.join(IMAGE_ENDINGS)}) in it; "
                         "give one that directly holds them")
    pictures: list[np.ndarray] = []
    for file in [files[number] for number in wanted.chosen(len(files))]:
        with _reported(replace(wanted, path=file)):
            pictures.append(next(_pages(file)))
    return _from_pictures(pictures, wanted)


def _from_image(wanted: Wanted) -> np.ndarray:
    """Return one frame for each page of an image file."""
    pages = list(_pages(wanted.path))
    if not any(page.any() for page in pages) and not wanted.invert and _hidden(wanted.path):
        raise wanted.bad(
            "is black where it is opaque, and its opacity counts for nothing; put it on white, or "
            "paint white what is missing"
        )
    return _from_pictures([pages[number] for number in wanted.chosen(len(pages))], wanted)


def _hidden(path: Path) -> bool:
    """Return whether the opacity of a picture varies, which a mask ignores."""
    with opened_image(path) as image:
        return "A" in image.getbands() and len(set(image.getchannel("A").getextrema())) > 1


def _from_pictures(pictures: list[np.ndarray], wanted: Wanted) -> np.ndarray:
    for index, picture in enumerate(pictures):
        if picture.shape[:2] != pictures[0].shape[:2]:
            first, other = (size_text(*one.shape[:2]) for one in (pictures[0], picture))
            raise wanted.bad(f"has pictures of different sizes ({first} pixels, but {other} in "
                             f"number {index}); bring them to one size")
    # Label images have the levels 0 and 1, both of which lie below the middle of 0..255.
    highest = max(int(picture.max()) for picture in pictures)
    limit = 0 if highest <= 1 else _MIDDLE
    if 1 < highest <= _MIDDLE and not wanted.invert:
        raise wanted.bad(
            f"has no level above {_MIDDLE}, only up to {highest}; white is missing. If its levels "
            "are labels, save it with 255 where they are not 0, or as bool in .npy"
        )
    return np.stack([wanted.missing(picture, limit) for picture in pictures])


def _pages(path: Path) -> Iterator[np.ndarray]:
    """Yield the pictures of an image file as `uint8` (h, w, 1 or 3), upright."""
    with opened_image(path) as image:
        pages = getattr(image, "n_frames", 1)
        _require_bytes(pages * image.height * image.width)
        for index in range(pages):
            image.seek(index)
            yield _levels(ImageOps.exif_transpose(image))


def _levels(image: Any) -> np.ndarray:
    """Return levels 0..255 of a Pillow image of any mode, `uint8` (h, w, 1 or 3).

    Opacity is left out.
    """
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image)[..., None]
        # Pillow would cut these levels off at 255.
        return np.where(values > max(float(values.max()), 0) / 2, 255, 0).astype(np.uint8)
    if image.mode == "P" and _is_coloured(image):  # these are labels, and 0 is the background
        return np.where(np.asarray(image) > 0, 255, 0).astype(np.uint8)[..., None]
    if image.mode in ("P", "PA"):
        # The way leads through RGBA, because Pillow warns if a palette loses its opacities at once.
        image = image.convert("RGBA").convert("RGB").convert("L")
    if image.mode in ("1", "L", "LA", "La"):
        return np.asarray(image.convert("L"))[..., None]
    return np.asarray(image.convert("RGB"))


def _is_coloured(image: Any) -> bool:
    """Return whether a palette image uses a colour that is no grey."""
    colours = np.reshape(image.getpalette("RGB"), (-1, 3))
    used = colours[np.unique(np.asarray(image)) % max(len(colours), 1)]
    return bool(np.any(np.ptp(used, axis=1) > GREY))


def _from_video(wanted: Wanted) -> np.ndarray:
    frames = read_video(wanted.path, grey=True, at_most=wanted.end).frames
    return wanted.missing(frames[wanted.chosen(len(frames))], _MIDDLE)


def _from_array(array: np.ndarray, wanted: Wanted, expected: str) -> np.ndarray:
    """Return frames of numbers (h, w), (n, h, w) or (n, h, w, c)."""
    if array.dtype.kind not in "biuf":
        raise wanted.bad(f"holds {array.dtype} values; save it as bool or as plain numbers")
    if array.ndim not in (2, 3, 4) or array.size == 0:
        raise wanted.bad(f"holds an array of shape {array.shape}; save one of shape {expected}")
    largest = float(array.max())
    if not np.isfinite(largest):
        raise wanted.bad("holds values that are not finite; save it as bool, or with 0 and 1")
    array = array[None] if array.ndim == 2 else array
    array = array if array.ndim == 4 else array[..., None]
    return wanted.missing(array[wanted.chosen(len(array))], max(largest, 0) / 2)


def _picked(names: list[str], wanted: Wanted) -> str:
    """Return which of the named arrays of a file is the mask."""
    for name in ("masks", "mask", *(names if len(names) == 1 else ())):
        if name in names:
            return name
    shown = [name[:40] for name in names[:5]] + (["…"] if len(names) > 5 else [])
    raise wanted.bad(f"holds no array 'masks' or 'mask' (but {', '.join(shown) or 'none'}); "
                     "rename the one that is meant")


def _numpy_array(wanted: Wanted) -> np.ndarray:
    try:
        with wanted.path.open("rb") as raw:  # NumPy does not close damaged archives
            if raw.read(2) == b"PK":
                raw.seek(0)
                arrays = np.load(raw, allow_pickle=False)
                name = _picked(list(arrays), wanted)
                _require_bytes(sum(
                    part.file_size for part in arrays.zip.infolist()
                    if part.filename.removesuffix(".npy") == name
                ))
                return np.asarray(arrays[name])
        # The file is mapped, so that a long mask takes only the memory of the wanted frames.
        return np.asarray(np.load(wanted.path, allow_pickle=False, mmap_mode="r"))
    except ValueError as error:  # the message of NumPy recommends to unpickle the file
        raise wanted.bad(
            "is no array of bool or numbers (or damaged, or holds Python objects); write it anew "
            "with numpy.save"
        ) from error


def _is_hdf5(path: Path) -> bool:
    """Return whether a MATLAB file is of version 7.3: an HDF5 file, perhaps behind a header."""
    with path.open("rb") as file:
        head = file.read(512 + len(_HDF5))
    return head.startswith(_HDF5) or head.endswith(_HDF5)


def _matlab_array(wanted: Wanted) -> np.ndarray:
    try:
        from scipy.io import loadmat, whosmat
    except ImportError as error:
        raise wanted.bad("needs SciPy to be read; run pip install scipy, or save it as .npy"
                         ) from error
    shapes = {name: shape for name, shape, _ in whosmat(wanted.path)}
    name = _picked(list(shapes), wanted)
    _require_bytes(math.prod(shapes[name]))
    array = loadmat(wanted.path, variable_names=[name])[name]
    return np.asarray(array.toarray() if hasattr(array, "toarray") else array)


def _hdf5_array(wanted: Wanted) -> np.ndarray:
    try:
        import h5py
    except ImportError as error:
        raise wanted.bad("needs h5py to be read; run pip install h5py, or save it as .npy"
                         ) from error
    with h5py.File(wanted.path, "r") as file:
        names = [name for name, item in file.items() if isinstance(item, h5py.Dataset)]
        # MATLAB stores columns first, so that the axes are reversed in HDF5.
        dataset = file[_picked(names, wanted)]
        _require_bytes(dataset.size * dataset.dtype.itemsize)
        return np.asarray(dataset[()]).T


def _require_bytes(count: int) -> None:
    """Refuse an array whose file unpacks to too much."""
    if count > most(BYTES):
        raise BadVideoError(
            f"unpacks to {count / 1e9:.3g} GB, and {most(BYTES) / 1e9:.3g} GB are the most that is "
            f"read (set {BYTES} to more if you trust the file)"
        )
