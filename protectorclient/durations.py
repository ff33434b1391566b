"""Lengths of time, as people say them."""

from __future__ import annotations


def span(seconds: float) -> str:
    """A length of time in the two units that matter."""
    left = max(0, round(seconds))
    parts = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"
