"""Saying which instances run beside a group, and what ends that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from protectorclient.preflight import copies

if TYPE_CHECKING:
    from protectorclient.osc.command import Base
    from protectorclient.pair.located import Located


def tell(
    command: Base,
    found: Sequence[copies.Copy],
    *,
    group: str,
    status: str,
    primary: str,
    in_sync: bool = True,
) -> None:
    """The problem on one line, and what helps on lines of their own."""
    if not found:
        return
    command.tell(f"problem: {group}: {copies.sentence(found, primary)}")
    cure = copies.cure(
        found, group=group, status=status, primary=primary, in_sync=in_sync
    )
    command.next(*cure.lines)


def tell_seen(
    command: Base,
    seen: copies.Seen,
    located: Located,
    *,
    in_sync: bool = True,
) -> None:
    """What both sites tell of a group, and which of them did not."""
    tell(
        command,
        seen.live,
        group=located.group.name,
        status=located.group.status,
        primary=located.current.name,
        in_sync=in_sync,
    )
    tell_unknown(command, seen, located)


def tell_unknown(command: Base, seen: copies.Seen, located: Located) -> None:
    """Which site did not tell: that is no comfort."""
    for site, why in seen.unknown.items():
        command.warn(
            f"whether instances of {located.group.name} run at {site} is not"
            f" known: {why}"
        )
