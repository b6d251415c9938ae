"""How TensorFlow is loaded; that it is silent is tested with the commands (`test_cli.py`)."""

from __future__ import annotations

import os

import pytest

from dynpat.devices import load_tensorflow

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
