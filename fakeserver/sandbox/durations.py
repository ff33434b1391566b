"""Durations as people write them: 90, 90s, 15m, 1h30m, 2d."""

import re

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
#: Seconds; no test of anything needs more.
_LONGEST = 10 * 366 * 86400.0
_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+|\d+(?:\.\d+)?")
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw]?)")


def parse(text: str) -> float:
    """Parse a duration into seconds; raise ValueError with one sentence."""
    if _WHOLE.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a duration such as 90s or 1h30m")
    seconds = sum(
        float(number) * _UNITS[unit or "s"]
        for number, unit in _PART.findall(text)
    )
    if seconds > _LONGEST:
        raise ValueError(f"{text[:20]!r} is longer than ten years")
    return seconds
