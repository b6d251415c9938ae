"""Notes on a video, each only once, and the reasons of errors in a few words."""

from __future__ import annotations

LONGEST_REASON = 200  # in characters


def reason(error: BaseException) -> str:
    """Say in a few words what an exception of PyAV, Pillow or the system complains about."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    words = " ".join(str(text).split())  # some have several lines, or quote the bytes of the file
    return words if len(words) <= LONGEST_REASON else f"{words[:LONGEST_REASON]}…"


def note_once(notes: list[str], sentence: str) -> None:
    """Add a sentence unless an earlier frame has added it."""
    if sentence not in notes:
        notes.append(sentence)
