"""GIF and MP4 as players and browsers want them."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from making_videos import noise, ramp
from PIL import Image

from dynpat.videos import read_video, write_video


def test_gif_delays_follow_the_rate(tmp_path: Path) -> None:
    write_video(tmp_path / "a.gif", noise(30), 30)
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.info["loop"] == 0
        delays = []
        for index in range(getattr(gif, "n_frames", 1)):
            gif.seek(index)
            delays.append(gif.info["duration"])
    assert sum(delays) == 1000
    assert set(delays) == {30, 40}


def test_gif_that_plays_once(tmp_path: Path) -> None:
    write_video(tmp_path / "a.gif", noise(3), 10, loop=False)
    with Image.open(tmp_path / "a.gif") as gif:
        assert "loop" not in gif.info


def test_gif_has_a_fastest_rate(tmp_path: Path) -> None:
    notes = write_video(tmp_path / "a.gif", ramp(6), 60)
    assert notes == [
        "The GIF plays at 50 instead of 60 frames per second, the fastest that browsers show."
    ]
    assert read_video(tmp_path / "a.gif").fps == 50


def test_gif_of_grey_frames_stays_grey(tmp_path: Path) -> None:
    frames = np.linspace(0, 255, 4 * 16 * 20).reshape(4, 16, 20, 1).astype(np.uint8)
    write_video(tmp_path / "a.gif", frames, 10)
    back = read_video(tmp_path / "a.gif").frames.astype(int)
    assert np.ptp(back, axis=-1).max() == 0
    assert np.abs(back - frames).max() <= 4


def test_mp4_pads_odd_sides(tmp_path: Path) -> None:
    notes = write_video(tmp_path / "a.mp4", ramp(3, height=31, width=33), 25)
    assert notes == ["The MP4 was padded from 33x31 to 34x32 because H.264 wants even sizes."]
    assert read_video(tmp_path / "a.mp4").frames.shape == (3, 32, 34, 3)


def test_mp4_suits_browsers(clip: Path) -> None:
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
    data = clip.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_mp4_keeps_colours(tmp_path: Path) -> None:
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [200, 120, 40]], np.uint8)
    frames = np.broadcast_to(colours[:, None, None], (4, 32, 32, 3))
    write_video(tmp_path / "a.mp4", frames, 5)
    back = read_video(tmp_path / "a.mp4").frames.astype(int)
    assert np.abs(back - frames).mean() < 4
