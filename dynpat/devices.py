"""What this machine can do: load TensorFlow quietly, and choose a precision that is fast here."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from dynpat.errors import BadOptionError, OutputError
from dynpat.memory import share_one_heap

X86 = ("x86_64", "amd64")  # as Linux, macOS and Windows call it
BFLOAT16_FLAGS = ("avx512_bf16", "amx_bf16")


def use_onednn() -> None:
    """Let TensorFlow compute with oneDNN on every x86 CPU, unless the user has said otherwise.

    TensorFlow does so by itself only on CPUs with instructions for neural networks (VNNI, AMX). On
    others its own convolutions take about twice the time and memory: on two cores with AVX2 a
    Langevin step of three chains of 40×100×100 takes 2.5 s and, with oneDNN, 1.0 s. It has to be
    said before TensorFlow is imported; later it has no effect.
    """
    if platform.machine().lower() in X86:
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


@contextmanager
def silenced_stderr() -> Iterator[None]:
    """Silence the standard error stream of the process, including what C++ code writes to it."""
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
        kept = os.dup(2)
    except OSError:  # stderr is closed, or no more file can be opened
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


def load_tensorflow(use: bool = True, lean: bool = False) -> Any:
    """Import TensorFlow and look for devices without showing its log; return the module.

    `use=False` leaves the devices alone, because a cluster must be joined before their first use.
    `lean=True` is for work of several kinds in turn: otherwise oneDNN keeps for itself what it once
    needed, a gigabyte for a large network, and the heaps of threads lie half empty.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if lean:
        os.environ.setdefault("TF_ONEDNN_USE_SYSTEM_ALLOCATOR", "1")
        share_one_heap()
    with silenced_stderr():
        import tensorflow as tf

        if use:
            tf.config.list_logical_devices()
            # TensorFlow announces its thread pools and CPU features at the first operation.
            tf.zeros(()).numpy()
    tf.get_logger().setLevel("ERROR")
    return tf


@contextmanager
def memory_watched() -> Iterator[None]:
    """Turn the errors that TensorFlow raises when memory runs out into one sentence.

    Raises
    ------
    OutputError
        If memory runs out inside the context.
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
    """Return the instruction sets of this CPU by their names in Linux; empty on other systems."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore")
    except OSError:
        return frozenset()
    line = next((row for row in text.splitlines() if row.startswith("flags")), "")
    return frozenset(line.split())


def multiplies_tiles() -> bool:
    """Return whether this CPU has matrix units (AMX), with which bfloat16 convolutions are fast."""
    return "amx_bf16" in cpu_flags()


def resolve_precision(precision: str) -> str:
    """Return the precision to compute with: 'auto' becomes 'bfloat16' or 'float32'.

    'bfloat16' is chosen where the CPU, or every GPU, multiplies in it natively.

    Raises
    ------
    BadOptionError
        If `precision` is none of 'auto', 'float32' and 'bfloat16'.
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


def physical_memory() -> int | None:
    """Return the bytes of memory of this machine; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
