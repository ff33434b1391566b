"""``protector operation report``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from protectorclient.osc import columns, command
from protectorclient.osc.v1.evidence import options

if TYPE_CHECKING:
    from protectorclient.evidence.writing import Report


def show(found: Report) -> columns.Output:
    """Return what a person needs of a report that was written."""
    record = found.record
    return (
        "report",
        "verdict",
        "failures",
        "gaps",
        "rto_seconds",
        "rpo_seconds",
        "head",
        "signed",
    ), (
        str(found.path),
        record.verdict.value,
        len(record.failures) + sum(len(one.failures) for one in record.groups),
        len(record.gaps),
        columns.Text(record.rto.achieved_seconds),
        columns.Text(record.rpo.achieved_seconds),
        found.head,
        found.is_signed,
    )


class ReportOperation(command.ShowOne):
    """Write the report of an operation that has ended

    The report is a folder with a page for people, data for programs, JUnit
    and a manifest. Both sites are asked for the operation, its group and
    what it has built; nothing is changed. The exit status is 5 while the
    operation runs; what the report says does not change it.
    """

    prefixes = {"operation": "operation"}

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "operation", metavar="<operation>", help="Operation (ID)"
        )
        parser.add_argument(
            "--no-fidelity",
            action="store_true",
            help="Do not compare the rebuilt instances with their sources",
        )
        options.add_report(parser, options.DIRECTORY)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.evidence.sources import of_operation

        writer = options.writer(parsed_args)
        assert writer is not None
        record = of_operation.fill(
            self.pair,
            parsed_args.operation,
            fidelity=not parsed_args.no_fidelity,
        )
        return show(writer.write(self, record))
