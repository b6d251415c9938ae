"""What users write of videos: sizes, and names in natural order."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from dynpat.errors import BadOptionError
from dynpat.videos import parse_size
from dynpat.videos.model import natural_key


@pytest.mark.parametrize(
    ("text", "size"), [("100", (100, 100)), ("200x150", (150, 200)), (" 8 X 9 ", (9, 8))]
)
def test_parse_size(text: str, size: tuple[int, int]) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "-3", "10x", "x10", "10x0", "1.5", "a", "1x2x3"])
def test_parse_size_refuses(text: str) -> None:
    with pytest.raises(BadOptionError, match=r"is not a size; give one number such as 100"):
        parse_size(text)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=10, unique=True))
def test_natural_order_is_numeric(numbers: list[int]) -> None:
    names = sorted((f"Frame{number}.png" for number in numbers), key=natural_key)
    assert names == [f"Frame{number}.png" for number in sorted(numbers)]
