"""Read ids as a person types them: abbreviated, or from standard input."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.escape import ShellCommand
from protectorclient.osc.options import STDIN
from protectorclient.pair.reads import prefixes

if TYPE_CHECKING:
    from protectorclient.pair.both_sites import BothSites

_KINDS = {
    "group": prefixes.GROUP,
    "operation": prefixes.OPERATION,
    "site": prefixes.SITE,
}
#: The arguments that may be ids, and of what.
_NOUNS = {
    "protection_group": "group",
    "operation": "operation",
    "site": "site",
}
#: Digits that somebody typed of an id, but too few of them.
_TOO_SHORT = re.compile(r"(?=.*[0-9])[0-9a-f]{4,7}")


def expand(
    parsed_args: argparse.Namespace,
    arguments: Mapping[str, str],
    sites: Callable[[], BothSites],
    report: Callable[[str], object],
) -> None:
    """Replace the beginnings of ids by the ids, in a command's arguments.

    :param arguments: those that take one, and what they name: group,
        operation or site.
    :param sites: the sites that are asked, where there is a beginning.
    :param report: writes the ids that an ambiguous one may be.
    :raises NotFound: no id begins so.
    :raises Ambiguous: several do.
    """
    asked: BothSites | None = None
    for dest, noun in arguments.items():
        kind = _KINDS[noun]
        given = getattr(parsed_args, dest, None)
        words = given if isinstance(given, list) else [given]
        whole = []
        for word in words:
            if word and prefixes.digits(word, kind) is not None:
                asked = asked or sites()
                word = _expanded(report, word, kind, asked)
            whole.append(word)
        if whole != words:
            setattr(
                parsed_args,
                dest,
                whole if isinstance(given, list) else whole[0],
            )


def not_whole(
    parsed: argparse.Namespace | None,
    arguments: Mapping[str, str],
    message: str,
) -> str | None:
    """Explain why a word is not taken for the beginning of an id.

    :param parsed: the command line.
    :param arguments: as `expand` takes them.
    :param message: says of which word nothing has the name.
    :returns: a sentence; None where nothing looks like such a beginning.
    """
    for dest, noun in _NOUNS.items():
        given = getattr(parsed, dest, None)
        kind = _KINDS[noun]
        for word in given if isinstance(given, list) else [given]:
            if not word or f"'{word}'" not in message:
                continue
            if dest not in arguments:
                if prefixes.digits(word, kind) is not None:
                    return (
                        f"'{word}' looks like the beginning of an id; what"
                        " changes something takes the name or the whole id"
                    )
            elif _TOO_SHORT.fullmatch(word.lower().removeprefix(kind.head)):
                return (
                    f"the beginning of an id has {prefixes.SHORTEST} digits"
                    " or more"
                )
    return None


def _expanded(
    report: Callable[[str], object],
    word: str,
    kind: prefixes.Kind,
    asked: BothSites,
) -> str:
    try:
        return prefixes.expand(word, kind, asked)
    except prefixes.Ambiguous as error:
        names = prefixes.group_names(error.matches, asked.handles)
        for match in error.matches:
            what = match.what
            if match.group:
                what = f"{what} of {names.get(match.group, match.group)}"
            report(f"{match.id}  {what}  at {' and '.join(match.sites)}")
        raise


def from_stdin(words: list[str], verb: str) -> list[str]:
    """Replace ``-`` by the ids on standard input.

    :param words: as typed.
    :param verb: of the command that takes them.
    :returns: each id once.
    :raises UsageProblem: standard input is a terminal, holds no id, or
        something else than ids.
    """
    if STDIN not in words:
        return words
    if sys.stdin.isatty():
        raise exceptions.UsageProblem(
            "'-' reads the ids of operations from standard input, which is a"
            " terminal here",
        ).then(
            ShellCommand(
                "openstack protector operation list -f value -c ID"
                f" | openstack protector operation {verb} -"
            )
        )
    read = list(_lines())
    if not read:
        raise exceptions.UsageProblem(
            "standard input has no id of an operation; one is expected on"
            " each line"
        )
    found: list[str] = []
    for word in words:
        found += read if word == STDIN else [word]
    return list(dict.fromkeys(found))


def _lines() -> Iterator[str]:
    """Return the ids, one a line, without blank lines and comments."""
    try:
        lines = sys.stdin.read(_LONGEST).splitlines()
    except (OSError, ValueError) as error:
        raise exceptions.UsageProblem(
            f"standard input cannot be read: {error}; the id of an operation"
            " is expected on each line"
        ) from error
    for number, line in enumerate(lines, 1):
        word = line.partition("#")[0].lstrip("\ufeff").strip()
        if len(word.split()) > 1:
            raise exceptions.UsageProblem(
                f"standard input, line {number}: {word[:60]!r} is not the id"
                " of one operation"
            )
        if word:
            yield word


#: Characters; far more ids than anybody waits for.
_LONGEST = 1_000_000
