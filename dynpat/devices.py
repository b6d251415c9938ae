"""What this machine can do: loading TensorFlow quietly, and which precision it does well."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from dynpat.errors import BadOptionError, OutputError

BFLOAT16_FLAGS = ("avx512_bf16", "amx_bf16")


@contextmanager
def silenced_stderr() -> Iterator[None]:
    """Send the process's stderr to nowhere, also what C++ code writes to it."""
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
        kept = os.dup(2)
    except OSError:  # closed already, or nothing more fits into it
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def load_tensorflow(use: bool = True) -> Any:
    """Import TensorFlow and look for devices without its log; the module.

    Not `use` leaves the devices alone: a cluster is only joined before their first use.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with silenced_stderr():
        import tensorflow as tf

        if use:
            tf.config.list_logical_devices()
            # Its thread pools and CPU features are announced at the first operation.
            tf.zeros(()).numpy()
    tf.get_logger().setLevel("ERROR")
    return tf


@contextmanager
def memory_watched() -> Iterator[None]:
    """Turn what TensorFlow raises when memory runs out into one sentence.

    Raises
    ------
    OutputError
        Memory ran out inside.
    """
    import tensorflow as tf

    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        raise OutputError(
            "Out of memory; use a smaller --size, fewer --frames, --chains or a smaller --batch, "
            "and see --dry-run for an estimate."
        ) from error


@cache
def cpu_flags() -> frozenset[str]:
    """Instruction sets of this CPU, by Linux' names; empty elsewhere."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore")
    except OSError:
        return frozenset()
    line = next((row for row in text.splitlines() if row.startswith("flags")), "")
    return frozenset(line.split())


def multiplies_tiles() -> bool:
    """Whether this CPU has matrix units (AMX), which favour bfloat16 in dense convolutions."""
    return "amx_bf16" in cpu_flags()


def resolve_precision(precision: str) -> str:
    """'auto' becomes 'bfloat16' where CPU or GPU multiply in it natively, else 'float32'.

    Raises
    ------
    BadOptionError
        If `precision` is none of 'auto', 'float32', 'bfloat16'.
    """
    if precision in ("float32", "bfloat16"):
        return precision
    if precision != "auto":
        raise BadOptionError(
            f"precision must be auto, float32 or bfloat16; received {precision}. "
            "Use --precision auto."
        )
    tf = load_tensorflow()
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        able = all(d.get("compute_capability", (0, 0)) >= (8, 0) for d in details)
    else:
        able = bool(cpu_flags() & set(BFLOAT16_FLAGS))
    return "bfloat16" if able else "float32"
