"""Find the entry points of the script, and parse no others.

Of 130 packages two or three have any of them. To parse the 1,500 entry points
of all is a tenth of the processor time of a short command.
"""

from __future__ import annotations

import importlib.metadata

from protectorclient.osc.private_parts import name_of

#: How the groups begin that the script asks for.
_GROUPS = ("[openstack.protector.", "[cliff.formatter.")


def found() -> dict[str, list[importlib.metadata.EntryPoint]]:
    """Return the entry points of the script and of its packages, by their
    groups."""
    grouped: dict[str, list[importlib.metadata.EntryPoint]] = {}
    known: set[str] = set()
    for package in importlib.metadata.distributions():
        name = name_of(package)
        if name in known:
            # another of this name comes before it on the path
            continue
        known.add(name)
        text = package.read_text("entry_points.txt") or ""
        if any(group in text for group in _GROUPS):
            for point in package.entry_points:
                grouped.setdefault(point.group, []).append(point)
    return grouped
