"""What the commands that start operations have in common."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.osc import columns, command, options
from protectorclient.osc.v1 import _waiting
from protectorclient.osc.v1 import operation as operations

if TYPE_CHECKING:
    from protectorclient.actions import Prepared
    from protectorclient.sitehandle import SiteHandle
    from protectorclient.v1.operations import Operation

#: As long as the service keeps it.
LONGEST_REASON = 255


class Following(_waiting.Waiting, command.ShowOne):
    """Starts an operation, shows it, and follows it when asked to."""

    def check(self, parsed_args: argparse.Namespace) -> None:
        """Refuse what is wrong on the command line, before anything else.

        cliff would notice a wrong ``-c`` only when the operation runs.
        """
        from protectorclient.v1.operations import Operation

        command.check_record(parsed_args, Operation, "site")
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
        try:
            started = prepared.send()
        except KeyboardInterrupt:
            raise self._broken_off(prepared) from None
        operation, site = started.operation, started.site
        self.say(f"{self.describe(prepared)} has begun: {operation.id}")
        if parsed_args.wait:
            located = prepared.located
            names = {one.id: one.name for one in located.sites.values()}
            names[prepared.group.id] = prepared.group.name
            operation = self.follow(
                operation, site, parsed_args.timeout, names
            )
        return operations.shown(self, parsed_args, operation, site)

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
        from protectorclient import events

        key = events.Key(site.name, operation.id)
        followed = self.follow_keys(
            [key],
            {site.name: site},
            timeout=timeout,
            names=names,
            begun={operation.id: (operation, site.name)},
        )
        self.settle(followed)
        return followed.records[operation.id][0]

    def _broken_off(self, prepared: Prepared) -> _waiting.Interrupted:
        """The request was on its way, and its answer is not there."""
        return _waiting.Interrupted(
            f"interrupted; whether the {prepared.action} has begun is not "
            f"known ({prepared.request_id})",
            self.typed(
                "operation list --all-sites --protection-group "
                f"{shlex.quote(prepared.group.name)}"
            ),
        )


def add_following(parser: argparse.ArgumentParser) -> None:
    """The options that `Following` reads."""
    options.add_reason(parser)
    options.add_wait(parser)
