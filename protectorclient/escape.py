"""Escape text of others for a terminal, and quote it for a shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import overload

#: What steers a terminal, reorders a line, or begins another one: C0, DEL,
#: C1, the line and paragraph separators, and the bidirectional controls.
#: Half of a surrogate pair cannot be encoded at all.
_UNSAFE = (
    "\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
)
_ANY = re.compile(f"[{_UNSAFE}\ufeff]")
_NAMED = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
#: Says how a text is encoded, and is no part of it.
BYTE_ORDER_MARK = "\ufeff"


def escaped(text: str, keep: str = "", *, last_byte: int = 0xFF) -> str:
    r"""Write out control characters, as ``\x1b``.

    :param keep: characters that stay, such as a newline of ours.
    :param last_byte: the last character written with ``\x``; those behind
        it are written with ``\u``.
    """
    if _ANY.search(text) is None:
        return text

    def spelt(found: re.Match[str]) -> str:
        character = found.group()
        if character in keep:
            return character
        if character == BYTE_ORDER_MARK:
            return ""
        if character in _NAMED:
            return _NAMED[character]
        number = ord(character)
        letter, digits = ("x", 2) if number <= last_byte else ("u", 4)
        return f"\\{letter}{number:0{digits}x}"

    return _ANY.sub(spelt, text)


#: Printed before a command that takes an administrator's cloud.
AS_ADMIN = "as an admin:"
#: Printed before a command that takes one no more.
AS_BEFORE = "then, as your own user:"


class ShellCommand(str):
    """A whole command, to be pasted as it stands, among lines of prose.

    A string made from it with ``+`` or ``%`` is an ordinary string again:
    only code that has quoted each name in it makes a ShellCommand.
    """

    __slots__ = ()


def protector(words: str, *more: str, **names: str) -> ShellCommand:
    """Make one of our own commands, from the words behind ``protector``.

    :param words: what follows, with ``{group}`` and others in the places
        of names.
    :param more: words that follow those, as a shell takes them.
    :param names: see `fill`; without any it is a line for a table.
    """
    filled = fill(ShellCommand(f"openstack protector {words}"), **names)
    return ShellCommand(" ".join([filled, *more]))


def arguments(names: Iterable[str]) -> list[str]:
    """Quote names as arguments of a command; they stand at its end."""
    found = list(names)
    dashes = ["--"] if any(name.startswith("-") for name in found) else []
    return [*dashes, *map(shell_word, found)]


def at(site: str, words: str, *more: str, **names: str) -> ShellCommand:
    """Make a command of OpenStack at one site.

    :param site: the cloud's name.
    :param words: what follows, with ``{name}`` in the places of names.
    :param more: words that follow those, as a shell takes them.
    :param names: see `fill`.
    """
    line = ShellCommand(f"openstack --os-cloud {{site}} {words}")
    filled = fill(line, **{"site": site, **names})
    return ShellCommand(" ".join([filled, *more]))


_WORD = re.compile(r"(?:'[^']*'|\S)+")
_PLACE = re.compile(r"{(\w+)}")


@overload
def fill(line: ShellCommand, **names: str) -> ShellCommand: ...


@overload
def fill(line: str, **names: str) -> str: ...


def fill(line: str, **names: str) -> str:
    """Put names into a line, in the place of ``{group}`` and others.

    In a command each name is one word; one that begins with a dash is no
    option there. What is not named stays as it is.
    """
    if isinstance(line, ShellCommand):
        return ShellCommand(" ".join(_filled(_WORD.findall(line), names)))
    return _PLACE.sub(lambda found: names.get(found[1], found[0]), line)


def _filled(words: list[str], names: Mapping[str, str]) -> list[str]:
    """Put the names into the words of a command.

    In our lines the arguments stand together, before the options.
    """
    found: list[str] = []
    for number, word in enumerate(words):
        place = _PLACE.fullmatch(word)
        name = names.get(place[1]) if place else None
        if name is None or not name.startswith("-"):
            found.append(_PLACE.sub(lambda one: _named(one, names), word))
        elif found and found[-1].startswith("--"):
            found[-1] += f"={shell_word(name)}"
        else:
            rest = words[number:]
            options = next(
                (n for n, one in enumerate(rest) if one.startswith("--")),
                len(rest),
            )
            arguments = [
                _PLACE.sub(lambda one: _named(one, names), one)
                for one in rest[:options]
            ]
            return [*found, *_filled(rest[options:], names), "--", *arguments]
    return found


def _named(place: re.Match[str], names: Mapping[str, str]) -> str:
    name = names.get(place[1])
    return place[0] if name is None else shell_word(name)


def with_options(line: ShellCommand, options: Iterable[str]) -> ShellCommand:
    """Add options to a command, before arguments that stand at its end.

    :param options: each a word of the shell, or several.
    """
    head, dashes, arguments = line.partition(" -- ")
    words = " ".join([head, *options])
    return ShellCommand(f"{words}{dashes}{arguments}")


def commands(lines: Iterable[str]) -> tuple[ShellCommand, ...]:
    """Return the commands among lines of prose."""
    return tuple(line for line in lines if isinstance(line, ShellCommand))


def shell_word(text: str) -> str:
    r"""Quote a text as one word of a command that a person will paste.

    What steers a terminal is spelt out, as ``$'\n'``: a name must not end
    the line that it stands in and begin one of its own.
    """
    if _ANY.search(text) is None:
        return shlex.quote(text)
    # dash knows no $'...': there, \' would end the word, \047 does not
    quoted = text.replace("\\", "\\\\").replace("'", "\\047")
    # a byte of its own above 0x7f would be no character of UTF-8
    return f"$'{escaped(quoted, last_byte=0x7F)}'"
