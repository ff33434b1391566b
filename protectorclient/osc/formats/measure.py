"""Measure text in terminal cells, and wrap it at words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

#: Breaks a line into its words with the space before them.
_AT_SPACES = re.compile(r"\s*\S+")
#: The same, and behind what joins the parts of a name.
_AT_JOINTS = re.compile(r"\s*[^\s\-_/,=.:@]*[\-_/,=.:@]+|\s*[^\s\-_/,=.:@]+")


def width(text: str) -> int:
    """Return the cells that a line takes: two for a Chinese character."""
    if text.isascii() and text.isprintable():
        # most text: its tables, which fill 29 modules, stay unread
        return len(text)
    from wcwidth import wcswidth

    found = wcswidth(text)
    return found if found >= 0 else sum(map(_cells, text))


def _cells(character: str) -> int:
    if character.isascii() and character.isprintable():
        return 1
    from wcwidth import wcwidth

    return max(0, wcwidth(character))


def widest(lines: Iterable[str]) -> int:
    """Return the cells that the longest of some lines takes."""
    return max(map(width, lines), default=0)


def padded(text: str, cells: int, *, right: bool = False) -> str:
    """Fill up a line with spaces."""
    gap = " " * (cells - width(text))
    return gap + text if right else text + gap


def words(line: str, *, joints: bool = False) -> list[str]:
    """Split a line into words, each with the space before it."""
    pattern = _AT_JOINTS if joints else _AT_SPACES
    return pattern.findall(line)


def longest_word(text: str, *, joints: bool = False) -> int:
    """Return the cells below which a text cannot be set without broken
    words."""
    return max(
        (
            width(word.strip()) + _indent(line)
            for line in text.split("\n")
            for word in words(line, joints=joints)
        ),
        default=0,
    )


def wrapped(text: str, cells: int, *, joints: bool = False) -> list[str]:
    """Break a text into lines, none wider than so many cells.

    A line that goes on keeps its indentation. A word that does not fit by
    itself is cut.
    """
    return [
        part
        for line in text.split("\n")
        for part in _broken(line, max(1, cells), joints)
    ]


def hanging(line: str, cells: int | None) -> list[str]:
    """Break a sentence into lines that fit, indented but for the first."""
    if cells is None or width(line) <= cells:
        return [line]
    first, *rest = wrapped(line, cells)
    return (
        [
            first,
            *(
                f"  {part}"
                for part in wrapped(line[len(first) :].lstrip(" "), cells - 2)
            ),
        ]
        if rest
        else [first]
    )


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _broken(line: str, cells: int, joints: bool) -> Iterator[str]:
    if width(line) <= cells:
        yield line
        return
    indent = " " * min(_indent(line), cells // 2)
    current = indent
    for word in words(line.lstrip(" "), joints=joints):
        if width(current + word) <= cells:
            current += word
            continue
        if current.strip():
            yield current.rstrip(" ")
        rest, room = word.lstrip(" "), max(1, cells - len(indent))
        while width(rest) > room:
            head = _head(rest, room)
            yield indent + head
            rest = rest[len(head) :]
        current = indent + rest
    if current.strip():
        yield current.rstrip(" ")


def cut(text: str, cells: int) -> str:
    """As much of a text as fits, and nothing of what does not."""
    head = _head(text, cells)
    return head if width(head) <= cells else ""


def _head(text: str, cells: int) -> str:
    """As much of a text as fits, one character at least."""
    taken = 0
    for place, character in enumerate(text):
        taken += _cells(character)
        if taken > cells and place:
            return text[:place]
    return text
