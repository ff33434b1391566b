"""``protector drill``: when was it last rehearsed?"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from protectorclient.advice import commands
from protectorclient.escape import fill
from protectorclient.exit_codes import ExitCode
from protectorclient.osc import columns, command, options

if TYPE_CHECKING:
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
            required=True,
            help="Greatest age of the last drill, such as 90d",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.polling.silence import NO_ANSWER
        from protectorclient.reports import overview

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
        overdue = [
            row
            for row in found.rows
            if row.drill_age is None or row.drill_age > parsed_args.older_than
        ]
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
