"""The examples run, at a reduced size, and leave what they promise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dynpat.videos import read_video

Script = Callable[[str], ModuleType]
EXAMPLES = Path(__file__).parent.parent / "examples"


def at(size: tuple[int, int], example: ModuleType, name: str) -> ModuleType:
    """The example with its rendered video, the function `name`, at another size."""
    render = getattr(example, name)

    def smaller(**options: Any) -> Any:
        return render(**{**options, "size": size})

    setattr(example, name, smaller)
    return example


def test_learn_texture(tmp_path: Path, capsys: pytest.CaptureFixture[str], script: Script) -> None:
    at((24, 24), script("examples/learn_texture.py"), "ocean").main(2, tmp_path)
    video = read_video(tmp_path / "observed_synthesised.gif")
    assert video.frames.shape == (32, 24, 48, 3)
    assert (tmp_path / "model.keras").stat().st_size > 0
    assert "energy_gap" in capsys.readouterr().out


@pytest.mark.slow
def test_sample_longer(tmp_path: Path, script: Script) -> None:
    at((24, 24), script("examples/sample_longer.py"), "flames").main(2, tmp_path)
    video = read_video(tmp_path / "longer" / "synthesised_000.gif")
    assert len(video.frames) == 48
    assert video.fps == pytest.approx(25)


@pytest.mark.slow
def test_remove_boat(tmp_path: Path, script: Script) -> None:
    error = at((32, 48), script("examples/remove_boat.py"), "boat").main(2, tmp_path)
    assert error < 40  # the boat itself is further from the water
    assert (tmp_path / "run" / "results" / "comparison_000.gif").is_file()


@pytest.mark.slow
def test_recover_and_extend(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], script: Script
) -> None:
    at((24, 24), script("examples/recover_and_extend.py"), "ocean").main(2, tmp_path)
    assert "interpolation in time: error" in capsys.readouterr().out
    extended = read_video(tmp_path / "extended" / "results" / "recovered_000.gif")
    assert len(extended.frames) == 52


@pytest.mark.slow
def test_repair_film(tmp_path: Path, capsys: pytest.CaptureFixture[str], script: Script) -> None:
    example = at((32, 32), script("examples/repair_film.py"), "ocean")
    before, after = example.main(2, tmp_path)
    assert after < 0.5 * before
    assert "repaired" in capsys.readouterr().out


@pytest.mark.slow
def test_arrays(capsys: pytest.CaptureFixture[str], script: Script) -> None:
    figures = at((24, 24), script("examples/arrays.py"), "flames").main(2)
    assert figures["patches"] > 0
    assert "(2, 60, 24, 24, 3)" in capsys.readouterr().out


def test_every_example_is_tested() -> None:
    tested = {
        "arrays", "learn_texture", "sample_longer", "remove_boat", "recover_and_extend",
        "repair_film",
    }
    assert {path.stem for path in EXAMPLES.glob("*.py")} == tested
