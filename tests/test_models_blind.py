"""The first layer does not see the grid that its stride would leave."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from dynpat.models.blind import BlindConv3D


def test_the_first_layer_is_blind_to_half_a_cycle_a_pixel() -> None:
    layer = BlindConv3D(5, (2, 6, 4), (1, 2, 2), padding="valid", use_bias=False)
    layer.build((None, 4, 12, 12, 2))
    assert layer.kernel.shape == (2, 4, 2, 2, 5) and layer.taps().shape == (2, 6, 4, 2, 5)
    rows, columns = np.indices((12, 12))
    for stripes in (rows, columns, rows + columns):
        board = np.ones((1, 4, 12, 12, 2), np.float32) * ((-1.0) ** stripes)[..., np.newaxis]
        assert float(tf.reduce_max(tf.abs(layer(board.astype(np.float32))))) < 1e-5
    even = np.ones((1, 4, 12, 12, 2), np.float32)
    np.testing.assert_allclose(
        layer(even)[0, 0, 0, 0], tf.reduce_sum(layer.kernel, axis=[0, 1, 2, 3]), rtol=1e-4,
        atol=1e-5,
    )
