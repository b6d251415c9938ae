"""Write the figures and the preview of learning for TensorBoard."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import tensorflow as tf

from dynpat.errors import BadOptionError
from dynpat.reporter import Reporter

FOLDER = "tensorboard"  # a folder in the run folder


class Board(Reporter):
    """A reporter that writes events beside the preview, and passes everything on.

    Parameters
    ----------
    inner : Reporter or None
        The reporter that gets everything as well.

    Raises
    ------
    BadOptionError
        If TensorBoard is not installed.
    """

    def __init__(self, inner: Reporter | None = None) -> None:
        if importlib.util.find_spec("tensorboard") is None:
            raise BadOptionError(
                "--tensorboard needs the package tensorboard, which is not installed; install it "
                "by pip install tensorboard, or leave the option out."
            )
        self.inner = inner or Reporter()
        self.writer: tf.summary.SummaryWriter | None = None
        self.shown = 0

    def say(self, sentence: str) -> None:
        self.inner.say(sentence)

    def learning(
        self, update: int, fraction: float, figures: dict[str, float], preview: Path | None
    ) -> None:
        """Write the scalars of each update, and the preview if it is a new one."""
        assert preview is not None  # only runs with a folder have a board
        if self.writer is None:
            self.writer = tf.summary.create_file_writer(str(preview.parent / FOLDER))
        with self.writer.as_default(step=update):
            for name, value in figures.items():
                tf.summary.scalar(name, value)
            changed = preview.stat().st_mtime_ns if preview.exists() else 0
            if changed != self.shown:
                self.shown = changed
                tf.summary.experimental.write_raw_pb(_animated(preview.read_bytes()))
                self.writer.flush()
        self.inner.learning(update, fraction, figures, preview)

    def sampling(self, done: int, total: int) -> None:
        self.inner.sampling(done, total)


def _animated(gif: bytes) -> bytes:
    """Return a summary of one moving picture, because TensorBoard shows a GIF as it is."""
    v1 = tf.compat.v1
    width, height = (int.from_bytes(gif[at : at + 2], "little") for at in (6, 8))
    picture = v1.Summary.Image(
        height=height, width=width, colorspace=3, encoded_image_string=gif
    )
    return bytes(v1.Summary(
        value=[v1.Summary.Value(tag="observed | made", image=picture)]
    ).SerializeToString())
