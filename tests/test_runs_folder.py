"""The run folder: what makes one, what is refused, and what is damaged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dynpat.atomic import strict_json
from dynpat.datasets import flames
from dynpat.errors import BadRunError, DivergedError, OutputError
from dynpat.runs.folder import Run
from dynpat.runs.naming import filled_folder, new_folder, run_name
from dynpat.runs.plan import Plan
from dynpat.videos import find_videos, write_video

Refused = Callable[..., str]
Call = Callable[..., Any]


def change(config: Path, *names: str | int, value: Any) -> None:
    """Set one entry, however deep, of a run's `config.json`."""
    values = entry = json.loads(config.read_text(encoding="utf-8"))
    for name in names[:-1]:
        entry = entry[name]
    entry[names[-1]] = value
    config.write_text(json.dumps(values), encoding="utf-8")


def test_a_new_run_never_takes_the_place_of_another(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(BadRunError, match=r"already holds a run; give --resume"):
        Run.create(tmp_path, "name")
    (tmp_path / "config.json").rename(tmp_path / "thesis.tex")
    with pytest.raises(BadRunError, match=r"not an empty folder; give another --out"):
        Run.create(tmp_path, "name")
    assert Run.create(tmp_path / "new" / "one", "name").folder.is_dir()


def test_default_names_count_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = [Run.create(None, "ocean").folder for _ in range(3)]
    assert made == [Path("runs/ocean"), Path("runs/ocean-2"), Path("runs/ocean-3")]
    assert new_folder(tmp_path, "runs") == tmp_path / "runs-2"


def test_a_new_folder_belongs_to_one_process_and_an_empty_one_goes(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: new_folder(tmp_path / "runs", "sea"), range(40)))
    assert len(set(made)) == 40 and all(folder.is_dir() for folder in made)
    with pytest.raises(ValueError), filled_folder(tmp_path, "new") as folder:
        raise ValueError
    assert not folder.exists()
    with filled_folder(tmp_path, "new") as folder:
        (folder / "file").touch()
    assert folder.exists()
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError, match="could not write"):
        new_folder(tmp_path / "gone", "run")


def test_a_run_that_another_process_ended_meanwhile_is_not_gone_on_with(
    flames_file: Path, learned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have found the folder free; the other one reads less, and has ended already."""
    from dynpat.runs.plan import make_plan
    from dynpat.tasks import learn as tasks

    out, prepare = tmp_path / "run", tasks.Learning.prepare

    def overtaken(self: tasks.Learning) -> None:
        prepare(self)
        shutil.copytree(learned, out, dirs_exist_ok=True)

    monkeypatch.setattr(tasks.Learning, "prepare", overtaken)
    monkeypatch.setattr(Run, "create", classmethod(lambda cls, folder, name: cls(folder)))
    plan = make_plan([flames_file], precision="float32", learn={"iterations": 1, "chains": 1})
    before = (learned / "config.json").read_bytes()
    with pytest.raises(BadRunError, match="already holds a run"):
        tasks.learn(plan, out)
    assert (out / "config.json").read_bytes() == before


def test_a_model_that_is_not_finite_does_not_replace_one_that_is(learned: Path) -> None:
    run = Run.open(learned)
    model, before = run.load_model(), run.model_file.read_bytes()
    model.trainable_variables[0].assign(np.nan * model.trainable_variables[0])
    with pytest.raises(DivergedError, match=r"not a finite number.*checkpoints are kept"):
        run.save_model(model)
    assert run.model_file.read_bytes() == before


def test_learn_refuses_a_folder_that_is_taken(
    refused: Refused, flames_file: Path, learned: Path
) -> None:
    before = (learned / "model.keras").read_bytes()
    sentence = refused("learn", flames_file, "--out", learned, "--iterations", 1)
    assert "already holds a run; give --resume" in sentence
    assert "already holds" in refused("learn", flames_file, "--out", learned, "--dry-run")
    assert (learned / "model.keras").read_bytes() == before


def test_out_below_a_file_is_a_failed_run(
    refused: Refused, flames_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    for options, code in ((tmp_path / "file" / "run", 1), (tmp_path / "file", 2)):
        sentence = refused("learn", flames_file, "--out", options, "--iterations", 1, code=code)
        assert str(options) in sentence and "another --out" in sentence


def test_a_plan_survives_its_config(learned_once: Path) -> None:
    plan = Run.open(learned_once).plan()
    assert Plan.from_dict(json.loads(strict_json(plan.to_dict()))) == plan


@pytest.mark.parametrize("command", [["sample"], ["learn", "--resume", "--out"]])
def test_not_a_run_folder(refused: Refused, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "file.mp4").touch()
    for folder in (tmp_path, tmp_path / "missing", tmp_path / "file.mp4"):
        assert "is not a run folder" in refused(*command, folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"plan": []}', "\x00\xff", "null"])
def test_config_that_is_no_config(refused: Refused, learned: Path, text: str) -> None:
    (learned / "config.json").write_bytes(text.encode("latin-1"))
    sentence = refused("sample", learned)
    assert "config.json' is damaged" in sentence and "start a new run" in sentence


@pytest.mark.parametrize(("names", "value"), [
    (["inputs"], []), (["inputs"], None), (["inputs", 0, "fps"], "fast"), (["plan", "reading"], {}),
    (["plan", "pattern"], "water"), (["plan", "preset"], "best"), (["plan", "learn", "chains"], -1),
    (["plan", "learn", "colour"], "red"), (["plan", "langevin", "steps"], "many"),
    (["plan", "langevin"], None), (["plan", "videos"], None), (["plan", "model"], 3),
    (["plan", "videos"], [5]), (["plan", "videos"], "fire.mp4"), (["plan", "videos"], []),
    (["plan", "learn", "seed"], 1.5), (["plan", "learn", "batch"], 2.5),
    (["plan", "learn", "chains"], True), (["plan", "learn", "iterations"], 4.5),
    (["plan", "langevin", "steps"], 10**30), (["plan", "reading", "start"], 10**30),
    (["plan", "model", "precision"], ["float32"]), (["plan", "version"], float("inf")),
    (["inputs", 0, "fps"], float("nan")), (["inputs", 0, "fps"], -1),
    (["inputs", 0, "shape"], []), (["inputs", 0, "shape"], "x"),
    (["inputs", 0, "label"], {"a": 1}),
])
def test_config_with_a_wrong_entry(
    refused: Refused, learned: Path, names: list[str | int], value: Any
) -> None:
    change(learned / "config.json", *names, value=value)
    assert "config.json' is damaged" in refused("learn", "--resume", "--out", learned)


def test_model_that_is_cut_off_or_missing(refused: Refused, learned: Path) -> None:
    model = learned / "model.keras"
    whole = model.read_bytes()
    for part in (whole[: len(whole) // 2], b"", b"no model"):
        model.write_bytes(part)
        assert "is not a model of dynpat" in refused("sample", learned)
    model.unlink()
    assert "dynpat learn --resume" in refused("sample", learned)


def test_another_model_is_no_model_of_dynpat(refused: Refused, learned: Path) -> None:
    import keras

    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(learned / "model.keras")
    assert "is not a model of dynpat" in refused("sample", learned)


def test_resume_needs_its_checkpoint(refused: Refused, learned: Path) -> None:
    shutil.rmtree(learned / "checkpoints")
    assert "holds no checkpoint" in refused("learn", "--resume", "--out", learned)


def test_resume_from_a_checkpoint_that_is_cut_off(refused: Refused, learned: Path) -> None:
    for path in (learned / "checkpoints").glob("*.data-*"):
        path.write_bytes(path.read_bytes()[:1000])
    assert "is damaged" in refused("learn", "--resume", "--out", learned)


@pytest.mark.parametrize("keep", [0, 100, 100_000])
def test_chains_of_a_checkpoint_that_is_cut_off(learned: Path, keep: int) -> None:
    for path in (learned / "checkpoints").glob("*.data-*"):
        path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(BadRunError, match="holds no whole checkpoint"):
        Run.open(learned).chains([0])


def test_resume_needs_its_videos(
    refused: Refused, learned: Path, flames_file: Path, tmp_path: Path
) -> None:
    video = tmp_path / "moved.mp4"
    shutil.copy(flames_file, video)
    change(learned / "config.json", "plan", "videos", value=[str(video)])
    write_video(video, np.zeros((12, 24, 24, 3), np.uint8), 25)
    assert "not those that" in refused("learn", "--resume", "--out", learned)
    video.unlink()
    sentence = refused("learn", "--resume", "--out", learned)
    assert str(video) in sentence and "bring it back" in sentence


def test_what_a_kill_left_is_swept_up(learned: Path) -> None:
    leftovers = [learned / ".model.tmp-77.keras", learned / "samples" / ".a.tmp-77.gif"]
    for path in leftovers:
        path.write_bytes(b"half")
    (learned / "samples" / ".frames.tmp-77").mkdir()
    kept = {path for path in learned.rglob("*") if "tmp-77" not in path.name}
    Run.open(learned).sweep()
    assert set(learned.rglob("*")) == kept


def test_runs_are_no_videos_to_learn_from(flames_file: Path, learned_once: Path,
                                          tmp_path: Path) -> None:
    shutil.copy(flames_file, tmp_path / "flames.mp4")
    shutil.copytree(learned_once, tmp_path / "runs" / "flames")
    assert find_videos(tmp_path) == [tmp_path / "flames.mp4"]
    # A run that is named itself is searched: its samples are videos like others.
    assert tmp_path / "runs/flames/preview.gif" in find_videos(tmp_path / "runs" / "flames")


def test_a_run_on_the_folder_here_or_above_has_a_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sea" / "inner").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "sea" / "inner")
    assert (run_name("."), run_name(".."), run_name("../..")) == ("inner", "sea", tmp_path.name)
    assert run_name("/") == "videos" and run_name("x/fire.mp4") == "fire"


def test_learning_from_the_folder_here_leaves_it_clean(
    dynpat: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_video(tmp_path / "sea" / "a.gif", flames(12, (24, 24)), 25)
    monkeypatch.chdir(tmp_path / "sea")
    done = dynpat("learn", ".", "--iterations", 0, "--format", "npy", "--quiet")
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in Path().iterdir()) == ["a.gif", "runs"]
    assert [path.name for path in Path("runs").iterdir()] == ["sea"]


def test_a_model_that_is_cut_off_is_said_to_be(refused: Call, learned: Path) -> None:
    whole = (learned / "model.keras").read_bytes()
    (learned / "model.keras").write_bytes(whole[: len(whole) // 2])
    assert "it is cut off, or no Keras file" in refused("sample", learned)
