"""Start an operation for a command, and follow it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.escape import fill
from protectorclient.osc import columns
from protectorclient.osc.formats import selection
from protectorclient.osc.v1 import _wait
from protectorclient.osc.v1 import operation as operations

if TYPE_CHECKING:
    from protectorclient.osc.command import Command
    from protectorclient.osc.v1._moves.after import After
    from protectorclient.pair.moves.action import (
        PreparedAction,
        StartedOperation,
    )
    from protectorclient.pair.site import SiteHandle
    from protectorclient.records.operation import Operation

#: As long as the service keeps it.
LONGEST_REASON = 255


def check_options(
    command: Command, parsed_args: argparse.Namespace, *more: str
) -> None:
    """Refuse what is wrong on the command line, before anything else.

    cliff would notice a wrong ``-c`` only when the operation runs. From
    here on an interruption says whether an operation has started.

    :param more: fields that the record has beside those of an operation.
    :raises UsageProblem: something is wrong.
    """
    from protectorclient.records.operation import Operation

    command.wait = _wait.Wait(
        command,
        nothing=lambda: _wait.WaitInterrupted(
            "interrupted; nothing was started", command.again()
        ),
    )
    if not (parsed_args.check or parsed_args.dry_run):
        # those two have columns of their own
        more += ("outcome",) if parsed_args.wait else ()
        selection.check_record(
            parsed_args, Operation, "site", "audit_log", *more
        )
    waits = parsed_args.wait or getattr(parsed_args, "sync_first", False)
    if parsed_args.timeout is not None and not waits:
        raise exceptions.UsageProblem("--timeout goes with --wait")
    if len(parsed_args.reason or "") > LONGEST_REASON:
        raise exceptions.UsageProblem(
            f"--reason takes at most {LONGEST_REASON} characters"
        )


def send(
    command: Command,
    parsed_args: argparse.Namespace,
    action: PreparedAction,
    after: After | None = None,
) -> columns.Output:
    """Start the operation, and with ``--wait`` follow it to its end.

    :param after: what is done then.
    """
    if after is not None:
        after.begin()
    started = begin(command, action)
    return finish(
        command,
        parsed_args,
        started,
        parsed_args.timeout,
        lambda last: after.ended(started, last) if after else {},
    )


def begin(command: Command, action: PreparedAction) -> StartedOperation:
    """Start the operation, and say that it has begun."""
    from protectorclient.v1 import _post_once

    try:
        started = action.send()
    except _post_once.Unsent:
        raise KeyboardInterrupt from None
    except KeyboardInterrupt:
        raise _wait.WaitInterrupted(
            f"interrupted; whether the {action.action} has begun is not "
            f"known ({action.request_id})",
            fill(commands.HISTORY, group=action.group.name),
        ) from None
    operation, located = started.operation, action.located
    _wait_for(command, operation, started.site)
    if started.is_new:
        command.info(
            f"{action.action} of {action.group.name} from"
            f" {located.current.name} to {located.other.name} has begun:"
            f" {operation.id}"
        )
    else:
        _report_earlier(command, started)
    return started


def finish(
    command: Command,
    parsed_args: argparse.Namespace,
    started: StartedOperation,
    timeout: float | None,
    ended: Callable[[Operation], Mapping[str, object]] = lambda one: {},
) -> columns.Output:
    """With ``--wait`` follow an operation; return its record.

    :param timeout: seconds.
    :param ended: returns more fields of the record, from the last record of
        the operation.
    """
    operation, site = started.operation, started.site
    more: dict[str, object] = {}
    if started.audit_log is not None and _is_for_program(parsed_args):
        more["audit_log"] = started.audit_log
    if parsed_args.wait:
        operation, more["outcome"] = follow_started(command, started, timeout)
    return operations.shown(
        parsed_args, operation, site, **more, **ended(operation)
    )


def follow_started(
    command: Command, started: StartedOperation, timeout: float | None
) -> tuple[Operation, str]:
    """Follow what was begun; its last record and how it has ended."""
    located, group = started.prepared.located, started.prepared.group
    names = {one.id: one.name for one in located.sites.values()}
    names[group.id] = group.name
    return follow(command, started.operation, started.site, timeout, names)


def follow(
    command: Command,
    operation: Operation,
    site: SiteHandle,
    timeout: float | None,
    names: Mapping[str, str],
) -> tuple[Operation, str]:
    """Follow one operation; its last record and how it has ended."""
    wait = _wait_for(command, operation, site)
    state = wait.follow({site.name: site}, timeout=timeout, names=names)
    return state.records[operation.id][0], state.outcome(operation.id)


def _wait_for(
    command: Command, operation: Operation, site: SiteHandle
) -> _wait.Wait:
    """From here on an interruption says that the operation goes on."""
    from protectorclient.polling import events

    known = {operation.id: (operation, site.name)}
    wait = _wait.Wait(command, [events.Key(site.name, operation.id)], known)
    command.wait = wait
    return wait


def _report_earlier(command: Command, started: StartedOperation) -> None:
    """Report that the service answers with an operation of an earlier
    request."""
    found, site = started.operation, started.site.name
    earlier = f"the earlier {found.operation_type} {found.id}"
    if not found.is_finished:
        command.warn(f"{site} answers with {earlier}, which still runs")
        return
    command.trouble = exceptions.ProtectorError(
        f"nothing was started: the answer is {earlier}, which ended"
        f" {found.status}",
        site=site,
    ).then(fill(commands.SHOW_OPERATION, operation=found.id))


def _is_for_program(parsed_args: argparse.Namespace) -> bool:
    """Return whether a program reads the record; a person has read the
    warning."""
    return parsed_args.formatter != "table" or bool(parsed_args.columns)
