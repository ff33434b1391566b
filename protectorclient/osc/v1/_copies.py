"""Warn of instances that run beside a group's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from protectorclient.osc.command import Command
    from protectorclient.pair.location import Location
    from protectorclient.preflight.copies import Copies, Copy


def report(
    command: Command,
    found: Sequence[Copy],
    *,
    group: str,
    status: str,
    primary: str,
    in_sync: bool = True,
) -> None:
    """Write the problem on one line, and the commands that end it."""
    from protectorclient.preflight import copies

    if not found:
        return
    command.report(f"problem: {group}: {copies.sentence(found, primary)}")
    cure = copies.cure(
        found, group=group, status=status, primary=primary, in_sync=in_sync
    )
    command.next(*cure.lines)


def report_all(
    command: Command,
    seen: Copies,
    located: Location,
    *,
    in_sync: bool = True,
) -> None:
    """Write what runs beside a group, and which site did not answer."""
    report(
        command,
        seen.live,
        group=located.group.name,
        status=located.group.status,
        primary=located.current.name,
        in_sync=in_sync,
    )
    warn_unknown(command, seen, located)


def warn_unknown(command: Command, seen: Copies, located: Location) -> None:
    """Warn of a site that could not be asked what runs there."""
    for site, why in seen.unknown.items():
        command.warn(
            f"whether instances of {located.group.name} run at {site} is not"
            f" known: {why}"
        )
