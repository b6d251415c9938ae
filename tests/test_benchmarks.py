"""The benchmarks compare equal things: every form of a network has the same energy."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

Script = Callable[[str], ModuleType]
VIDEO = (2, 28, 30, 32)  # large enough for the paper's texture network


@pytest.mark.parametrize("pattern", ["texture", "scene", "action"])
def test_the_direct_keras_form_has_the_same_energy(pattern: str, script: Script) -> None:
    bench = script("benchmarks/langevin_step.py")
    model = bench.make(pattern, VIDEO, "float32")
    for number, weight in enumerate(model.trainable_variables):
        rng = np.random.default_rng(number)
        weight.assign(rng.normal(0, 0.02, weight.shape))
    video = np.random.default_rng(9).normal(0, 30, (*VIDEO, 3)).astype(np.float32)
    np.testing.assert_allclose(bench.direct_energy(model)(video), model(video), rtol=1e-3)


@pytest.mark.parametrize("pattern", ["texture", "scene", "action"])
def test_the_pytorch_form_takes_the_same_step(
    pattern: str, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    torch = pytest.importorskip("torch")
    bench = script("benchmarks/langevin_step.py")
    monkeypatch.setattr(torch, "randn_like", torch.zeros_like)
    sums = []
    monkeypatch.setattr(bench, "float", lambda value: sums.append(value) or 0.0, raising=False)
    model = bench.make(pattern, VIDEO, "float32")
    video = np.random.default_rng(9).normal(0, 30, (*VIDEO, 3)).astype(np.float32)
    bench.torch_step(model, video, torch.float32, False)(1)
    gradient = bench.langevin.energy_gradient(model, bench.tf.constant(video))
    expected = (video - 0.5 * bench.STEP_SIZE**2 * gradient.numpy()).sum()
    assert sums[0].item() == pytest.approx(expected, rel=1e-3, abs=1)


def test_exponents_are_fitted_beyond_what_an_empty_process_takes(script: Script) -> None:
    scaling = script("benchmarks/scaling.py")
    values = [1.0, 2.0, 4.0]
    costs = [10 + 3 * value**1.5 for value in values]
    assert scaling.exponent(values, costs, 10) == pytest.approx(1.5)


@pytest.mark.slow
def test_the_price_of_an_update_by_formula_and_as_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    cost = script("benchmarks/cost.py")
    monkeypatch.setattr(cost, "CASES", {
        "small": {"shape": (12, 20, 20)},
        "more": {"shape": (12, 20, 20), "learn": {"chains": 6}, "langevin": {"steps": 10}},
    })
    monkeypatch.setattr(sys, "argv", [
        "cost.py", "--updates", "1", "--cases", "small;more", "--json", str(tmp_path / "a.json"),
    ])
    cost.main()
    rows = json.loads((tmp_path / "a.json").read_text())
    small, more = rows["small"], rows["more"]
    passes = [row["chains"] * row["steps"] + 1.5 * (row["chains"] + 1) for row in (small, more)]
    assert more["work"] / small["work"] == pytest.approx(passes[1] / passes[0])
    assert small["traffic"]["2"] == 4 * small["weights"] < small["traffic"]["100"]
    assert small["seconds"] > 0
    # On paper one device waits for no network, and a hundred far apart for longer than eight.
    (alone, none), (_, box), (slowest, far) = (cost.on_paper(small, n) for n in (1, 8, 100))
    assert none == 0 < box < far < 1 and slowest > alone


def test_the_bytes_between_processes_are_those_that_linux_counts(script: Script) -> None:
    traffic = script("benchmarks/traffic.py")
    table = """Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs
    lo:  100       2    0    0    0     0          0         0     300       4    0
  eth0: 7000      50    0    0    0     0          0         0    9000      60    0
"""
    assert traffic.loopback_bytes(table) == 300


def test_the_profile_of_an_update_counts_each_operation_once(script: Script) -> None:
    bench = script("benchmarks/update_profile.py")
    inside = [(0, 10, "While"), (1, 4, "Conv3D"), (2, 1, "Cast"), (6, 2, "Cast"), (20, 5, "Add")]
    found = bench._alone([(start * 10**12, n * 10**12, kind) for start, n, kind in inside])
    assert found == [("While", 4), ("Conv3D", 3), ("Cast", 1), ("Cast", 2), ("Add", 5)]


@pytest.mark.slow
def test_the_profile_finds_convolutions(script: Script) -> None:
    bench = script("benchmarks/update_profile.py")
    found = bench.profile(bench.learner_of("scene", 12, 24), 1)
    products = [own for kind, own in found.items() if any(p in kind for p in bench.PRODUCTS)]
    assert sum(products) > 0 and all(seconds >= 0 for seconds in found.values())


def test_tiles_have_more_work_the_less_memory_they_may_take(script: Script) -> None:
    bench = script("benchmarks/tiled_sampling.py")
    shape = bench.chain_of((100, 500, 500, 3))
    assert shape == (112, 524, 524, 3)
    works = [bench.work_of(shape, memory) for memory in (2 * 10**9, 4 * 10**9, 10**11)]
    assert works[0] > works[1] > works[2] == 1


@pytest.mark.slow
def test_the_benchmark_runs_and_writes_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    bench = script("benchmarks/langevin_step.py")
    monkeypatch.setattr(bench, "CASES", {"small": ("scene", VIDEO)})
    monkeypatch.setattr(sys, "argv", [
        "langevin_step.py", "--rounds", "1", "--steps", "1", "--cases", "small",
        "--json", str(tmp_path / "a.json"),
    ])
    bench.main()
    (result,) = json.loads((tmp_path / "a.json").read_text())["results"]
    assert result["ours_over_keras"] > 0 and result["seconds"]["Keras float32"] > 0


@pytest.mark.slow
def test_quality_over_time_is_read_from_the_logs_of_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: Script, flames_file: Path
) -> None:
    bench = script("benchmarks/quality_over_time.py")
    arguments = [f"{flames_file}=scene", "--time", "3s", "--size", "16", "--presets", "default",
                 "gaussian", "--out", str(tmp_path), "--figure", str(tmp_path / "figure.svg")]
    monkeypatch.setattr(sys, "argv", ["quality_over_time.py", *arguments])
    bench.main()
    for preset in ("default", "gaussian"):
        run = bench.Run.open(tmp_path / f"flames-{preset}")
        assert run.plan().reading.size == (16, 16)
        found = bench.curves(run)
        assert set(found) == set(bench.FIGURES)
        assert all(value > 0 for points in found.values() for _, value in points)
    drawing = (tmp_path / "figure.svg").read_text()
    assert "<svg" in drawing and drawing.count("<path") > 4
    before = (tmp_path / "flames-default" / "log.jsonl").read_text()
    bench.main()  # what is there is not learned again
    assert (tmp_path / "flames-default" / "log.jsonl").read_text() == before


def test_a_judgement_is_smoothed_by_the_median_of_its_neighbours(script: Script) -> None:
    bench = script("benchmarks/quality_over_time.py")
    smooth = bench.smoothed([(0.0, 1.0), (1.0, 9.0), (2.0, 2.0), (3.0, 3.0)])
    np.testing.assert_allclose(smooth, [[0, 5], [1, 2], [2, 3], [3, 2.5]])


@pytest.mark.slow
def test_the_table_of_recovery_says_where_guesses_are_worse(
    monkeypatch: pytest.MonkeyPatch, script: Script, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bench = script("benchmarks/recovery_table.py")
    monkeypatch.setattr(sys, "argv", ["recovery_table.py", "--size", "40", "--frames", "20",
                                      "--videos", "flames", "--json", str(tmp_path / "t.json")])
    bench.main()
    rows = json.loads((tmp_path / "t.json").read_text())
    assert [row["hidden"] for row in rows] == ["region", "frames", "salt and pepper", "scratches"]
    printed = capsys.readouterr().out
    assert "Worse than interpolation in time: nowhere." in printed
    assert all(row["guess"] < row["interpolation"] for row in rows)


def test_scratches_are_thin_lines_that_stay(script: Script) -> None:
    bench = script("benchmarks/recovery_table.py")
    mask = bench.scratches((18, 40, 50), 1)
    assert 0.01 < mask.mean() < 0.15 and mask.any(axis=(1, 2)).all()
    assert mask.any(axis=1).sum(axis=1).max() <= 2 * bench.SCRATCHES
    np.testing.assert_array_equal(mask, bench.scratches((18, 40, 50), 1))


def test_what_is_found_of_damage_and_how_near_its_repair_comes(script: Script) -> None:
    bench = script("benchmarks/damage.py")
    video = bench.render("ocean", 16, (24, 24))
    black, logo = (bench.repair(video, kind, 0) for kind in ("black", "logo"))
    assert black.precision == black.recall == 1 and np.isnan([logo.precision, logo.recall]).all()
    for one in (black, logo):
        assert max(one.guessed, one.interpolated) < 0.5 * one.damaged


def test_tables_of_damage_have_a_column_for_each_video(
    script: Script, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = script("benchmarks/damage.py")
    one = bench.Repair(0.985, 1.0, 30.0, 2.04, 1.96)
    monkeypatch.setattr(bench, "repair", lambda video, kind, seed: one)
    bench.main(12, 24, 1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| found, % | ocean | flames | lights | runner | boat |"
    assert lines[2] == "| frozen |" + " 98 / 100 |" * 5
    assert lines[-2] == "| subtitle |" + " 30.0 → 2.0 → 2.0 |" * 5


def test_stability_is_told_by_parts_of_a_run(script: Script) -> None:
    bench = script("benchmarks/stability.py")
    quality = dict.fromkeys(bench.FIGURES, 2.0)
    rows = [{"update": n, "energy_gap": n / 10 - 0.3, "quality": quality if n == 2 else None}
            for n in range(1, 5)]
    first, second = bench.parts(rows, 10)
    gaps = {"least gap": pytest.approx(-0.2), "largest gap": pytest.approx(-0.1)}
    assert first == {"last": 2, **gaps, **quality}
    assert second == {"last": 4, "least gap": 0, "largest gap": pytest.approx(0.1)}


@pytest.mark.slow
def test_a_stopped_stability_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: Script, flames_file: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    bench = script("benchmarks/stability.py")
    arguments = [f"{flames_file}=scene", "--updates", "4", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["stability.py", *arguments, "--limit", "1s"])
    bench.main()
    assert "flames-0 (not done yet)" in capfd.readouterr().out
    monkeypatch.setattr(sys, "argv", ["stability.py", *arguments])
    bench.main()
    name, *rows = capfd.readouterr().out.splitlines()
    assert name == "flames-0" and json.loads(rows[-1])["last"] == 4
