"""Unified diffs, applied to a tree without git or patch."""

import dataclasses
import pathlib
import re

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")


class DoesNotApply(Exception):
    """A hunk whose old lines are not in the file."""


@dataclasses.dataclass
class Hunk:
    """One change: the lines that are there, and those that follow."""

    at: int
    old: list[str] = dataclasses.field(default_factory=list)
    new: list[str] = dataclasses.field(default_factory=list)


def parse(text: str) -> dict[str, list[Hunk]]:
    """Read a patch: the hunks of each file, by its path in the tree."""
    files: dict[str, list[Hunk]] = {}
    hunks: list[Hunk] = []
    for line in text.splitlines():
        begins = _HUNK.match(line)
        if begins:
            hunks.append(Hunk(int(begins[1])))
        elif line.startswith("+++ "):
            hunks = files.setdefault(line[4:].removeprefix("b/"), [])
        elif line.startswith("--- "):
            hunks = []
        elif hunks:
            if not line.startswith("+"):
                hunks[-1].old.append(line[1:])
            if not line.startswith("-"):
                hunks[-1].new.append(line[1:])
    return files


def apply(text: str, tree: pathlib.Path) -> list[str]:
    """Apply a patch to a tree; return the paths of the changed files.

    Lines above a hunk may have come or gone: its old lines are looked for in
    the whole file, and the nearest place counts.
    """
    files = parse(text)
    for name, hunks in files.items():
        path = tree / name
        lines = path.read_text().splitlines() if path.exists() else []
        moved = 0
        for hunk in hunks:
            at = _find(name, lines, hunk, hunk.at - 1 + moved)
            lines[at : at + len(hunk.old)] = hunk.new
            moved = at + 1 - hunk.at + len(hunk.new) - len(hunk.old)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
    return list(files)


def _find(name: str, lines: list[str], hunk: Hunk, expected: int) -> int:
    if not hunk.old:
        if lines:
            raise DoesNotApply(f"{name}: it is there already")
        return 0
    size = len(hunk.old)
    places = [
        at
        for at in range(len(lines) - size + 1)
        if lines[at : at + size] == hunk.old
    ]
    if not places:
        old = "\n".join(hunk.old)
        raise DoesNotApply(f"{name}: these lines are not there:\n{old}")
    return min(places, key=lambda at: abs(at - expected))
