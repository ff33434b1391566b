"""``protector drill``: when it was last rehearsed, and how faithful it was."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.escape import fill
from protectorclient.exit_codes import ExitCode
from protectorclient.osc import columns, command, options
from protectorclient.osc.v1._moves import fidelity
from protectorclient.osc.v1.plan import options as plan_options
from protectorclient.records.protection_group import ProtectionGroup

if TYPE_CHECKING:
    from protectorclient.fidelity.comparison import Comparison
    from protectorclient.reports.overview import Row

HEADERS = ("Name", "Last Drill", "Age", "Operation")


class ListOverdueDrill(command.Lister):
    """List protection groups whose last drill is too old

    A drill is a test failover that has succeeded. The exit status is 3
    if any is overdue.
    """

    nouns = "overdue drills"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_sites(parser)
        parser.add_argument(
            "--older-than",
            metavar="<duration>",
            type=options.duration,
            help="Greatest age of the last drill, such as 90d",
        )
        parser.add_argument(
            "--plan",
            metavar="<file>",
            help="List groups of this plan alone, each with the age that it "
            "has there (drill_every, else --older-than, else that of "
            "drills, else 90d)",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.drill.schedule import next_drill as schedule
        from protectorclient.polling.silence import NO_ANSWER
        from protectorclient.reports import overview

        if parsed_args.older_than is None and parsed_args.plan is None:
            raise exceptions.UsageProblem(
                "give --older-than DURATION, or --plan FILE"
            )
        plan = None
        if parsed_args.plan is not None:
            plan = plan_options.load(self, parsed_args.plan)
        reads = self.reads(parsed_args)
        found = overview.look(reads)
        if found.error is not None:
            raise found.error
        for error in found.errors.values():
            if not isinstance(error, NO_ANSWER):
                # who may not look cannot say that none is overdue
                raise error
        if reads.alone is not None:
            self.warn(f"only {found.sites[0]} was asked: {reads.alone}")
        for name, error in found.errors.items():
            self.warn(f"the drills of {name} are missing: {error.message}")
        limits: dict[str, float] | None = None
        if plan is not None:
            limits, unknown = schedule.limits(
                plan,
                [
                    ProtectionGroup(id=row.id, name=row.name)
                    for row in found.rows
                ],
                parsed_args.older_than,
            )
            for sentence in unknown:
                self.warn(sentence)
        overdue = []
        for row in found.rows:
            limit = parsed_args.older_than
            if limits is not None:
                if row.id not in limits:
                    continue
                limit = limits[row.id]
            if row.drill_age is None or row.drill_age > limit:
                overdue.append(row)
        if overdue:
            self.outcome = ExitCode.PROBLEM
            name = max(overdue, key=_age).name
            line = fill(commands.TEST_FAILOVER, group=name)
            self.afterwards.append(
                lambda: self.next("the longest overdue:", line)
            )
        rows = []
        for row in overdue:
            drill = row.last_drill
            sent = drill.to_dict() if drill else {}
            rows.append(
                (
                    row.name,
                    columns.Text(sent.get("completed_at")),
                    _Age(row),
                    columns.Text(drill.id if drill else None),
                )
            )
        return HEADERS, rows


def _age(row: Row) -> float:
    """Return the age of a drill in seconds; no drill is the oldest."""
    return float("inf") if row.drill_age is None else row.drill_age


class _Age(columns.Cell):
    """An age in seconds, for people in words; or why it is unknown."""

    def machine_readable(self) -> Any:
        return self._value.drill_age

    def human_readable(self) -> str:
        row = self._value
        if row.drill_age is not None:
            return columns.span(row.drill_age)
        return row.unasked or "never"

    def sort_key(self) -> float:
        """Put the groups without a drill last."""
        age: float | None = self._value.drill_age
        return float("inf") if age is None else age


class VerifyDrill(command.Lister):
    """Compare the rebuilt instances of an operation with their sources

    The command compares every instance that a test failover, a failover or a
    failback has built with its source, attribute by attribute, at Nova,
    Neutron and Cinder. It lists what is not equal and not in the baseline of
    the group. The exit status is 3 if anything differs that the baseline has
    not, and 6 if nothing does but the source of a test does not answer.
    """

    prefixes = {"operation": "operation"}

    nouns = "differences"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "operation",
            metavar="<operation>",
            help="Operation that has built the instances (ID)",
        )
        parser.add_argument(
            "--accept",
            action="store_true",
            help="Make what differs now the baseline of the group: it is not "
            "listed again unless it changes",
        )
        options.add_long(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        found = self.pair.fidelity(parsed_args.operation)
        if parsed_args.accept:
            path = found.accept()
            self.afterwards.append(
                lambda: self.info(f"the baseline is in {path}")
            )
        elif found.new:
            self.outcome = ExitCode.PROBLEM
            line = self.again("--accept")
            self.afterwards.append(
                lambda: self.hint("this makes them the baseline of the group:")
            )
            self.afterwards.append(lambda: self.next(line))
        elif found.error is not None and found.is_test:
            self.trouble = found.error
        self.afterwards.insert(0, lambda: self.info(fidelity.summary(found)))
        if found.error is not None and self.trouble is None:
            self.warn(
                f"{found.source} cannot be asked, its instances are compared"
                f" as the metadata hold them: {found.error.message}"
            )
        rows = [
            one
            for one in found.comparisons
            if parsed_args.long or fidelity.is_listed(one)
        ]
        if parsed_args.formatter == "table":
            return fidelity.HEADERS, [_verified(one) for one in rows]
        return fidelity.FIELDS, [
            tuple(one.to_dict()[field] for field in fidelity.FIELDS)
            for one in rows
        ]


def _verified(one: Comparison) -> tuple[Any, ...]:
    from protectorclient.preflight.drift.members import said

    verdict = one.verdict.replace("_", " ")
    if one.is_accepted:
        verdict += " (baseline)"
    return (
        one.member,
        one.attribute,
        said(one.source),
        said(one.target),
        verdict,
    )
