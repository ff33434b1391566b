"""Text that others wrote, made safe to be read on a terminal."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

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


#: Said before a command that takes an administrator's cloud.
AS_ADMIN = "as an admin:"
#: Said before what takes one no more.
AS_BEFORE = "then, as your own user:"


class ShellCommand(str):
    """A whole command, to be pasted as it stands, among lines of prose.

    What is made of it by hand is prose again: only who has put every name
    into it as a word says that a line is one.
    """

    __slots__ = ()


def protector(words: str) -> ShellCommand:
    """Build one of our own commands from the words behind ``protector``."""
    return ShellCommand(f"openstack protector {words}")


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
