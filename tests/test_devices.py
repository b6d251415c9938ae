"""How TensorFlow is loaded; that it is silent is tested with the commands (`test_cli.py`)."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Callable

import pytest

from dynpat.devices import X86, load_tensorflow, use_onednn

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
NAME = "TF_ONEDNN_USE_SYSTEM_ALLOCATOR"


def test_memory_goes_back_only_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "0")  # so that it is put back afterwards
    load_tensorflow(lean=True)
    assert os.environ[NAME] == "0"  # what the user says counts
    monkeypatch.delenv(NAME)
    load_tensorflow()
    assert NAME not in os.environ
    load_tensorflow(lean=True)
    assert os.environ[NAME] == "1"


@pytest.mark.skipif(platform.machine().lower() not in X86, reason="oneDNN is for x86")
@pytest.mark.parametrize(("said", "on"), [({ONEDNN: "0"}, "False"), ({}, "True")])
def test_convolutions_are_fast_on_cpus_without_instructions_for_networks(
    said: dict[str, str], on: str, monkeypatch: pytest.MonkeyPatch,
    new_process: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    monkeypatch.delenv(ONEDNN)
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    found = new_process("-c", "import dynpat; import tensorflow; from tensorflow.python.util "
                        "import _pywrap_util_port as port; print(port.IsMklEnabled())")
    assert found.stdout.strip() == on, found.stderr


def test_other_processors_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ONEDNN, raising=False)
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    use_onednn()
    assert ONEDNN not in os.environ
