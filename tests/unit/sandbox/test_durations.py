"""Lengths of time, as people write them."""

import pytest

from fakeserver.sandbox.durations import parse


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("1.5", 1.5),
        ("90s", 90),
        ("15m", 900),
        ("1h30m", 5400),
        ("2d", 172800),
        ("1w", 604800),
        ("0", 0),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "x", "-5", "5x", "m", "1h30", "1 h", "1e9", "nan", "inf"]
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse(text)
