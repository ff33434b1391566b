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
        started = prepared.send()
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
            self.trouble = Interrupted(operation.id)
            return last


class Interrupted(KeyboardInterrupt):
    """Nobody waits any more; the operation goes on."""

    def __init__(self, operation_id: str) -> None:
        super().__init__(f"no longer waiting; {operation_id} goes on")
        self.hint = f"openstack protector operation wait {operation_id}"


def add_following(parser: argparse.ArgumentParser) -> None:
    """The options that `Following` reads."""
    options.add_reason(parser)
    options.add_wait(parser)
