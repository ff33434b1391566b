"""What the commands that start an operation have in common."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.osc import columns, command, options
from protectorclient.osc.v1 import operation as operations

if TYPE_CHECKING:
    from protectorclient.actions import Prepared
    from protectorclient.sitehandle import SiteHandle
    from protectorclient.v1.operations import Operation
    from protectorclient.watch import Event

#: As long as the service keeps it.
LONGEST_REASON = 255


class Following(command.ShowOne):
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
            raise _interrupted(prepared) from None
        operation, site = started.operation, started.site
        self.say(f"{self.describe(prepared)} has begun: {operation.id}")
        if parsed_args.wait:
            operation = self.follow(operation, site, parsed_args.timeout)
        return operations.shown(self, parsed_args, operation, site)

    def describe(self, prepared: Prepared) -> str:
        """What has begun, for whoever reads it."""
        located = prepared.located
        return (
            f"{prepared.action} of {prepared.group.name} from "
            f"{located.current.name} to {located.other.name}"
        )

    def follow(
        self, operation: Operation, site: SiteHandle, timeout: float | None
    ) -> Operation:
        """The last record of an operation, however it ends."""
        from protectorclient.osc import progress

        last = operation
        report = progress.Reporter(self.say)

        def seen(event: Event) -> None:
            nonlocal last
            last = getattr(event, "operation", None) or last
            report(event)

        try:
            return site.client.operations.wait(
                operation, timeout=timeout, on_event=seen
            )
        except exceptions.OperationError as error:
            self.trouble = error
            return error.operation or last
        except KeyboardInterrupt:
            self.trouble = Interrupted(
                f"no longer waiting; {operation.id} goes on",
                f"openstack protector operation wait {operation.id}",
            )
            return last


class Interrupted(KeyboardInterrupt):
    """Nobody waits any more; what has begun goes on."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def _interrupted(prepared: Prepared) -> Interrupted:
    """The request was on its way, and its answer is not there."""
    return Interrupted(
        f"interrupted; whether the {prepared.action} has begun is not known "
        f"({prepared.request_id})",
        "openstack protector operation list --all-sites --protection-group "
        f"{prepared.group.name}",
    )


def add_following(parser: argparse.ArgumentParser) -> None:
    """The options that `Following` reads."""
    options.add_reason(parser)
    options.add_wait(parser)
