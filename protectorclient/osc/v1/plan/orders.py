"""``protector plan approve``, ``skip`` and ``retry``: orders to a run."""

from __future__ import annotations

import argparse
import pathlib

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.escape import fill
from protectorclient.osc import command
from protectorclient.osc.v1.plan import options


class OrderCommand(command.Command):
    """One of the orders to a runner; it reads and writes files alone."""

    #: ``approve``, ``skip`` or ``retry``.
    verb: str

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_journal(parser)
        if self.verb != "approve":
            parser.add_argument(
                "group", metavar="<group>", help="Group (name or ID)"
            )
        parser.add_argument(
            "--reason",
            metavar="<text>",
            required=True,
            help="Say why; it is kept in the journal",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        from protectorclient.plan.execution import fold, journal, orders

        path = pathlib.Path(parsed_args.journal)
        run = fold.read(path)
        try:
            found = orders.subject(
                run, self.verb, getattr(parsed_args, "group", None)
            )
        except exceptions.GuardRefused as error:
            raise error.then(
                fill(commands.SHOW_PLAN, journal=str(path))
            ) from None
        if found.done is not None:
            self.info(found.done)
            return
        order, is_new = orders.give(
            path,
            self.verb,
            found.id,
            reason=parsed_args.reason,
            attempt=found.attempt,
        )
        if not is_new:
            self.info(f"{order.by} has ordered this at {order.at}")
        if order.key in run.orders_done:
            self.info("it is carried out")
        elif journal.is_running(path):
            self.info("the runner carries it out within 2 seconds")
        else:
            self.info("no runner has this journal; this one carries it out:")
            self.next(fill(commands.RESUME_PLAN, journal=str(path)))


class ApprovePlan(OrderCommand):
    """Approve the gate at which the run of a plan waits"""

    verb = "approve"


class SkipPlan(OrderCommand):
    """Skip a group in the run of a plan"""

    verb = "skip"


class RetryPlan(OrderCommand):
    """Move a group once more that has failed in the run of a plan"""

    verb = "retry"
