"""What the commands that start operations have in common."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.escape import protector, shell_word
from protectorclient.mapping import commands
from protectorclient.osc import columns, command, options
from protectorclient.osc.formats import selection
from protectorclient.osc.v1 import _followed, _waiting
from protectorclient.osc.v1 import operation as operations

if TYPE_CHECKING:
    from protectorclient.pair.moves.action import Prepared, Started
    from protectorclient.pair.site import SiteHandle
    from protectorclient.records.operation import Operation

#: As long as the service keeps it.
LONGEST_REASON = 255


class Following(_waiting.Waiting, command.ShowOne):
    """Starts an operation, shows it, and follows it when asked to."""

    def check(self, parsed_args: argparse.Namespace) -> None:
        """Refuse what is wrong on the command line, before anything else.

        cliff would notice a wrong ``-c`` only when the operation runs.
        """
        from protectorclient.records.operation import Operation

        more = ("outcome",) if parsed_args.wait else ()
        selection.check_record(
            parsed_args, Operation, "site", "audit_log", *more
        )
        if parsed_args.timeout is not None and not parsed_args.wait:
            raise exceptions.UsageProblem("--timeout goes with --wait")
        if len(parsed_args.reason or "") > LONGEST_REASON:
            raise exceptions.UsageProblem(
                f"--reason takes at most {LONGEST_REASON} characters"
            )

    def send(
        self, parsed_args: argparse.Namespace, prepared: Prepared
    ) -> columns.Output:
        """Start the operation, and follow it to its end with --wait."""
        from protectorclient.v1 import _post_once

        try:
            started = prepared.send()
        except _post_once.Unsent:
            raise self.broken_off() from None
        except KeyboardInterrupt:
            raise self._lost_sight(prepared) from None
        operation, site = started.operation, started.site
        self.followed = _begun(operation, site)
        if started.is_new:
            self.say(f"{self.describe(prepared)} has begun: {operation.id}")
        else:
            self._there_already(started)
        more = {}
        if started.audit_log is not None and _wants_log(parsed_args):
            more["audit_log"] = started.audit_log
        if parsed_args.wait:
            located = prepared.located
            names = {one.id: one.name for one in located.sites.values()}
            names[prepared.group.id] = prepared.group.name
            operation = self.follow(
                operation, site, parsed_args.timeout, names
            )
            more["outcome"] = self.followed.outcome(operation.id)
        return operations.shown(self, parsed_args, operation, site, **more)

    def _there_already(self, started: Started) -> None:
        """The service answers with an operation of an earlier request."""
        found, site = started.operation, started.site.name
        earlier = f"the earlier {found.operation_type} {found.id}"
        if not found.is_finished:
            self.warn(f"{site} answers with {earlier}, which still runs")
            return
        self.trouble = exceptions.ProtectorError(
            f"nothing was started: the answer is {earlier}, which ended"
            f" {found.status}",
            site=site,
        ).then(protector(f"operation show {shell_word(found.id)}"))

    def describe(self, prepared: Prepared) -> str:
        """What has begun, for whoever reads it."""
        located = prepared.located
        return (
            f"{prepared.action} of {prepared.group.name} from "
            f"{located.current.name} to {located.other.name}"
        )

    def follow(
        self,
        operation: Operation,
        site: SiteHandle,
        timeout: float | None,
        names: Mapping[str, str] | None = None,
    ) -> Operation:
        """The last record of an operation, however it ends."""
        followed = _begun(operation, site)
        self.follow_keys(
            followed,
            {site.name: site},
            timeout=timeout,
            names=names,
        )
        self.settle(followed)
        return followed.records[operation.id][0]

    def broken_off(self) -> KeyboardInterrupt:
        if self.followed is None:
            return _waiting.Interrupted(
                "interrupted; nothing was started", self.again()
            )
        return super().broken_off()

    def _lost_sight(self, prepared: Prepared) -> _waiting.Interrupted:
        """The request was on its way, and its answer is not there."""
        return _waiting.Interrupted(
            f"interrupted; whether the {prepared.action} has begun is not "
            f"known ({prepared.request_id})",
            commands.history(prepared.group.name),
        )


def _wants_log(parsed_args: argparse.Namespace) -> bool:
    """Whether a program reads the record; a person has read the warning."""
    return parsed_args.formatter != "table" or bool(parsed_args.columns)


def _begun(operation: Operation, site: SiteHandle) -> _followed.Followed:
    from protectorclient.polling import events

    return _followed.Followed(
        [events.Key(site.name, operation.id)],
        {operation.id: (operation, site.name)},
    )


def add_following(parser: argparse.ArgumentParser) -> None:
    """The options that `Following` reads."""
    options.add_reason(parser)
    options.add_wait(parser)
