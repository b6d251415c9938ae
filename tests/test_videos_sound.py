"""The sound of a video stays with it where it can."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from making_videos import encoded

from dynpat.datasets import flames
from dynpat.reporter import Reporter
from dynpat.tasks.restore import make_restoration, restore
from dynpat.videos import read_video
from dynpat.videos.sound import add_sound


def with_tone(path: Path, frames: np.ndarray, codec: str = "aac") -> Path:
    """A video file with a tone of 440 hertz."""
    with av.open(str(path), "w") as container:
        seen = container.add_stream("libx264", rate=25)
        seen.height, seen.width, seen.pix_fmt = *frames.shape[1:3], "yuv420p"
        heard = container.add_stream(codec, rate=48000)
        heard.layout = "mono"
        for picture in frames:
            container.mux(seen.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(seen.encode())
        times = np.arange(48000 * len(frames) // 25) / 48000
        wave = (8000 * np.sin(2 * np.pi * 440 * times)).astype(np.int16)
        for first in range(0, len(wave) - 1023, 1024):
            part = av.AudioFrame.from_ndarray(wave[np.newaxis, first : first + 1024], "s16", "mono")
            part.sample_rate, part.pts = 48000, first
            container.mux(heard.encode(part))
        container.mux(heard.encode())
    return path


def sound_of(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return []
        return [bytes(packet) for packet in container.demux(container.streams.audio[0])
                if packet.size]


@pytest.mark.slow
def test_inpainting_keeps_the_sound(tmp_path: Path) -> None:
    frames = flames(12, (32, 32))
    source = with_tone(tmp_path / "a.mp4", frames)
    assert len(sound_of(source)) > 10
    mask = np.zeros((12, 32, 32), bool)
    mask[:, 12:18, 12:18] = True
    np.save(tmp_path / "mask.npy", mask)
    said: list[str] = []

    class Told(Reporter):
        def say(self, sentence: str) -> None:
            said.append(sentence)

    def run(name: str, **options: Any) -> Path:
        plan = make_restoration(
            "inpaint", source, missing={"mask": str(tmp_path / "mask.npy")}, precision="float32",
            learn={"iterations": 1}, **options,
        )
        restore(plan, tmp_path / name, formats=("mp4",), reporter=Told())
        return tmp_path / name / "results" / "recovered_000.mp4"

    whole = run("whole")
    assert sound_of(whole) == sound_of(source)
    assert any("sound" in sentence and "copied" in sentence for sentence in said)
    assert len(read_video(whole).frames) == 12
    said.clear()
    assert sound_of(run("part", frames=10, start=1)) == []
    assert any("sound" in sentence and "left out" in sentence for sentence in said)


def test_sound_that_mp4_cannot_hold_is_said(tmp_path: Path) -> None:
    frames = flames(12, (32, 32))
    source = with_tone(tmp_path / "a.mov", frames, codec="pcm_mulaw")
    video = encoded(tmp_path / "b.mp4", frames)
    before = video.read_bytes()
    assert "left out" in add_sound(video, source)
    assert video.read_bytes() == before and len(list(tmp_path.iterdir())) == 2
