"""The first kernel of a saved model, read without Keras."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dynpat.models import SceneModel
from dynpat.runs.folder import Run
from dynpat.runs.kernel import first_kernel


@pytest.mark.parametrize("fixture", ["learned_once", "learned_gaussian"])
def test_the_first_kernel_is_read_as_keras_reads_it(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    run = Run.open(request.getfixturevalue(fixture))
    kernel = first_kernel(run.model_file)
    assert kernel is not None and kernel.ndim == 5
    np.testing.assert_array_equal(kernel, run.load_model().trainable_variables[0].numpy())


def test_a_network_that_sees_everything_at_once_has_no_first_kernel(tmp_path: Path) -> None:
    model = SceneModel(4, (8, 8), filters=(3, 2), kernels=(2, 1), strides=(1, 1))
    model.save(tmp_path / "model.keras")
    assert first_kernel(tmp_path / "model.keras") is None


def test_a_report_of_a_damaged_model_is_one_sentence(
    learned: Path, refused: Callable[..., str]
) -> None:
    file = learned / "model.keras"
    file.write_bytes(file.read_bytes()[:1000])
    sentence = refused("report", learned)
    assert "model.keras' is not a model of dynpat" in sentence and "learn it again" in sentence
