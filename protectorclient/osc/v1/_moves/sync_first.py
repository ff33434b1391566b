"""``--sync-first``: replicate while the group runs, then move it."""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.durations import span
from protectorclient.escape import ShellCommand
from protectorclient.osc import columns
from protectorclient.osc.v1 import _mappings, _start, _wait
from protectorclient.osc.v1 import operation as operations

if TYPE_CHECKING:
    from protectorclient.osc.command import Command
    from protectorclient.osc.v1._moves.after import After
    from protectorclient.pair.guards import Expect
    from protectorclient.pair.moves.action import (
        PreparedAction,
        StartedOperation,
    )
    from protectorclient.records.operation import Operation

#: The fields that the record of a move has more; seconds, by its site's
#: clock.
FIELDS = (
    "sync_operation_id",
    "sync_seconds",
    "outage_seconds",
    "total_seconds",
)


def add_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sync-first",
        action="store_true",
        help="Replicate once more while the instances run, wait for it, then "
        "move: two operations; if the first one fails, nothing is moved",
    )


def check_options(parsed_args: argparse.Namespace) -> None:
    """Refuse what does not go with it.

    :raises UsageProblem: the move is unplanned.
    """
    from protectorclient.pair.moves import first_sync

    if is_wanted(parsed_args):
        first_sync.refuse_unplanned(
            getattr(parsed_args, "type", None) == "unplanned"
        )


def fields(parsed_args: argparse.Namespace) -> tuple[str, ...]:
    """Return the fields that the record has more."""
    return FIELDS if is_wanted(parsed_args) else ()


def is_wanted(parsed_args: argparse.Namespace) -> bool:
    """Return whether a sync stands before the move."""
    return bool(getattr(parsed_args, "sync_first", False))


def before(expect: Expect) -> Expect:
    """Return what must hold before the sync: all but what it makes true."""
    return dataclasses.replace(expect, max_recovery_point_age=None)


def send(
    command: Command,
    parsed_args: argparse.Namespace,
    action: PreparedAction,
    prepare: Callable[[], PreparedAction],
    after: After,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> columns.Output:
    """Replicate, wait for the end of that, and send the move.

    :param action: the move, as it was confirmed.
    :param prepare: prepares the move anew, and raises where it is refused
        now.
    :param after: what is done when the move has completed.
    :param clock: seconds.
    """
    begun = clock()
    group, name = action.group.name, action.action
    otherwise = _otherwise(parsed_args, action)
    synced = _sync(command, parsed_args, action, otherwise)
    if isinstance(synced, tuple):
        return synced
    command.wait = _wait.Wait(
        command,
        nothing=lambda: _wait.WaitInterrupted(
            f"interrupted; {synced.operation_type} {synced.id} has completed,"
            f" and the {name} of {group} was not begun",
            command.again(),
        ),
    )
    try:
        moving = prepare()
        after.begin()
        started = _start.begin(command, moving)
    except (exceptions.SiteUnreachable, exceptions.OutcomeUnknown) as error:
        if error.site in (None, action.located.current.name):
            error.then(*error.next, *otherwise)
        raise
    if command.wait is not None:
        command.wait.otherwise = otherwise
    return _start.finish(
        command,
        parsed_args,
        started,
        _left(parsed_args.timeout, clock() - begun),
        lambda last: {
            **_seconds(command, synced, last),
            **after.ended(started, last),
        },
    )


def _sync(
    command: Command,
    parsed_args: argparse.Namespace,
    action: PreparedAction,
    otherwise: tuple[str, ...],
) -> Operation | columns.Output:
    """Replicate and wait; the record of the sync in place of the move's
    where it has not completed."""
    from protectorclient.pair.moves import first_sync

    started = _start.begin(command, first_sync.of(action))
    operation, outcome = _follow(
        command, started, parsed_args.timeout, otherwise
    )
    if command.trouble is None:
        return operation
    command.report(
        f"the {action.action} of {action.group.name} was not begun: the sync"
        " before it has not completed"
    )
    return operations.shown(
        parsed_args, operation, started.site, outcome=outcome
    )


def _follow(
    command: Command,
    started: StartedOperation,
    timeout: float | None,
    otherwise: tuple[str, ...],
) -> tuple[Operation, str]:
    found = _start.follow_started(command, started, timeout)
    if command.wait is not None:
        command.wait.otherwise = otherwise
    return found


def _otherwise(
    parsed_args: argparse.Namespace, action: PreparedAction
) -> tuple[str, ...]:
    """Return what to type where the primary is down for good."""
    from protectorclient.mapping import move_command

    given = _mappings.given(parsed_args)
    mapped = [
        [
            move_command.option(what, source, target)
            for source, target in given[f"{what}_mapping"].items()
        ]
        for what in ("network", "flavor")
    ]
    line: ShellCommand = move_command.move(
        "unplanned", action.group.name, mapped
    )
    return (f"if {action.located.current.name} is down for good:", line)


def _left(timeout: float | None, passed: float) -> float | None:
    return None if timeout is None else max(0.0, timeout - passed)


def _seconds(
    command: Command, synced: Operation, moved: Operation
) -> Mapping[str, object]:
    """Return the time that the group was down, and the whole of both."""
    fields: dict[str, object] = {
        "sync_operation_id": synced.id,
        "sync_seconds": _between(synced, synced),
    }
    outage, total = _between(moved, moved), _between(synced, moved)
    if outage is not None and total is not None:
        fields.update(outage_seconds=outage, total_seconds=total)
        command.info(
            f"{moved.operation_type}: {span(outage)}; with the sync before"
            f" it, while the instances ran: {span(total)}"
        )
    return fields


def _between(first: Operation, last: Operation) -> float | None:
    """Seconds from the start of one to the end of the other."""
    if first.started_at is None or last.completed_at is None:
        return None
    return (last.completed_at - first.started_at).total_seconds()
