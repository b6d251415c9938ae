"""Masks, written to every kind of file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dynpat.videos import write_video

FRAMES, HEIGHT, WIDTH = SHAPE = (5, 16, 24)


def levels(mask: np.ndarray) -> np.ndarray:
    return np.uint8(255) * mask.astype(np.uint8)


def save_image(path: Path, picture: np.ndarray) -> Path:
    Image.fromarray(picture).save(path)
    return path


def save_mat(path: Path, **arrays: np.ndarray) -> Path:
    pytest.importorskip("scipy").io.savemat(path, arrays)
    return path


def save_hdf5(path: Path, header: bool = False, **arrays: np.ndarray) -> Path:
    """As MATLAB 7.3: axes reversed, and 512 bytes of text in front if `header`."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w", userblock_size=512 if header else 0) as file:
        for name, array in arrays.items():
            file[name] = array.T
        file.create_group("#refs#")
    if header:
        with path.open("r+b") as raw:
            raw.write(b"MATLAB 7.3 MAT-file".ljust(128))
    return path


def save_folder(path: Path, mask: np.ndarray) -> Path:
    path.mkdir()
    for index, frame in enumerate(mask):  # natural order: 8, 9, 10, 11, 12
        save_image(path / f"m{index + 8}.png", levels(frame))
    return path


def save_npz(path: Path, **arrays: np.ndarray) -> Path:
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    return path


def save_npy(path: Path, array: np.ndarray) -> Path:
    np.save(path, array)
    return path


def save_pages(path: Path, mask: np.ndarray) -> Path:
    pages = [Image.fromarray(levels(frame)) for frame in mask]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    return path


def save_video(path: Path, mask: np.ndarray) -> Path:
    write_video(path, levels(mask)[..., None], 25)
    return path
