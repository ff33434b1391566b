"""The colours of the pages, and the contrasts that they need.

Both palettes have the same names. A test computes the contrast of each pair
of `TEXT` and `SHAPES`, as the Web Content Accessibility Guidelines do.
"""

from __future__ import annotations

from collections.abc import Mapping

LIGHT: Mapping[str, str] = {
    "ground": "#ffffff",
    "panel": "#f3f4f6",
    "line": "#6e7681",
    "text": "#16191d",
    "muted": "#474e57",
    "link": "#0b4fa8",
    "passed": "#0a6435",
    "failed": "#a8121b",
    "not-known": "#734600",
    "skipped": "#474e57",
    # on a ground of one of the four
    "on-verdict": "#ffffff",
    "step": "#1f5fae",
    "step-other": "#35508a",
    "on-step": "#ffffff",
}
DARK: Mapping[str, str] = {
    "ground": "#131619",
    "panel": "#1d2126",
    "line": "#87909b",
    "text": "#f2f4f6",
    "muted": "#b7bfc8",
    "link": "#8dc0ff",
    "passed": "#62d697",
    "failed": "#ff918c",
    "not-known": "#f2ba55",
    "skipped": "#b7bfc8",
    "on-verdict": "#131619",
    "step": "#86b7f5",
    "step-other": "#a3b4e6",
    "on-step": "#131619",
}
#: Text, and the ground that it stands on: at least 4.5 to 1.
TEXT: tuple[tuple[str, str], ...] = tuple(
    (text, ground)
    for ground in ("ground", "panel")
    for text in (
        "text",
        "muted",
        "link",
        "passed",
        "failed",
        "not-known",
        "skipped",
    )
) + (
    ("on-verdict", "passed"),
    ("on-verdict", "failed"),
    ("on-verdict", "not-known"),
    ("on-verdict", "skipped"),
    ("on-step", "step"),
    ("on-step", "step-other"),
    ("on-step", "failed"),
)
TEXT_LEAST = 4.5
#: Shapes that carry a meaning, and what is beside them: at least 3 to 1.
SHAPES: tuple[tuple[str, str], ...] = (
    ("line", "ground"),
    ("line", "panel"),
    ("step", "ground"),
    ("step-other", "ground"),
    ("failed", "ground"),
    ("not-known", "ground"),
    ("passed", "ground"),
)
SHAPES_LEAST = 3.0


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
