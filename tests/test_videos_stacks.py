"""Image files of several pictures are videos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dynpat.datasets import flames
from dynpat.videos import find_videos, read_video

SIZE = (48, 64)  # height, width


@pytest.mark.parametrize(("name", "options"), [
    ("a.png", {}), ("a.webp", {"lossless": True}), ("a.tif", {}),
])
def test_image_files_of_several_pictures_are_videos(
    tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    """Animated PNG and WebP, TIFF stacks; the delay of the first two is their rate."""
    frames = flames(5, SIZE)
    first, *rest = (Image.fromarray(frame) for frame in frames)
    first.save(tmp_path / name, save_all=True, append_images=rest, duration=50, **options)
    assert find_videos(tmp_path / name) == [tmp_path / name]
    video = read_video(tmp_path / name)
    np.testing.assert_array_equal(video.frames, frames)
    assert video.fps == pytest.approx(25 if name.endswith("tif") else 20)
    assert any("names no frame rate" in note for note in video.notes) == name.endswith("tif")
    assert read_video(tmp_path / name, frames=2, start=1).frames.shape[0] == 2
