"""Make the whole command of a move, with the mappings that it needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from protectorclient.advice.actions import ACTIONS
from protectorclient.escape import (
    ShellCommand,
    protector,
    shell_word,
    with_options,
)

if TYPE_CHECKING:
    from protectorclient.mapping.forecast import Match
    from protectorclient.mapping.suggest import Suggestion


def option(what: str, source: str, target: str) -> str:
    """Make an option that maps one resource.

    :param what: ``network`` or ``flavor``.
    """
    # so that a name that begins with a dash is not taken for an option
    gap = "=" if source.startswith("-") else " "
    return f"--{what}-mapping{gap}{shell_word(f'{source}={target}')}"


def options(
    what: str,
    matches: Iterable[Match],
    suggestions: Iterable[Suggestion],
) -> list[str] | None:
    """Make the options of a mapping; None where the user has to choose."""
    by_id = {
        suggestion.source.id: suggestion.target for suggestion in suggestions
    }
    found = []
    for match in matches:
        chosen = match.target if match.matched else by_id.get(match.source.id)
        if chosen is None:
            return None
        if chosen.name != match.source.name:
            found.append(option(what, match.source.name, chosen.name))
    return found


def move(
    purpose: str,
    name: str,
    mapped: Sequence[Sequence[str] | None],
    *,
    more: Sequence[str] = (),
) -> ShellCommand:
    """Make the whole command of a move, with the mappings that it needs.

    :param purpose: a key of `ACTIONS`.
    :param name: the group's.
    :param mapped: the options of networks and of flavors; None where they
        are not known.
    :param more: options that stand behind those.
    """
    action = ACTIONS[purpose]
    line = protector(f"{action.command} {{group}}", group=name)
    given = ["--type unplanned"] if action.is_unplanned else []
    for some in mapped:
        given += some or ()
    return with_options(line, [*given, *more])


def store(name: str, mapped: Iterable[str]) -> ShellCommand:
    """Make the command that keeps mappings with a group.

    :param mapped: the options.
    """
    line = protector("protection-group set {group}", group=name)
    return with_options(line, mapped)
