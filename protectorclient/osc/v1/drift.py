"""``protector drift``: what changed since it was protected."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.exit_codes import ExitCode
from protectorclient.osc import columns, command, options

if TYPE_CHECKING:
    from protectorclient.preflight.drift.difference import Difference
    from protectorclient.reports.drift import DriftReport, GroupDrift

HEADERS = (
    "Protection Group",
    "Member",
    "Attribute",
    "Site",
    "Protected",
    "Now",
    "Check",
)
#: What a program gets, behind the name of the group.
FIELDS = (
    "check",
    "site",
    "member",
    "attribute",
    "protected",
    "found",
    "message",
    "fix",
)
#: Seconds between two looks.
INTERVAL = 60.0


class ShowDrift(command.Lister):
    """List what differs between protection groups and both sites

    The command compares the members of each group with Nova, Neutron and
    Cinder of both sites: what changed since, what the target lacks, which
    addresses are taken there, and which instances of the same networks no
    group protects. It changes nothing, and the role reader is enough. The
    exit status is 3 if there is any difference, and 6 if there is none but
    a site does not answer.
    """

    prefixes = {"protection_group": "group"}

    nouns = "differences"
    aliases = {"now": "found"}

    #: Replaced in tests.
    sleep = staticmethod(time.sleep)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "protection_group",
            metavar="<protection-group>",
            nargs="*",
            help="Protection groups (name or ID; default: all)",
        )
        parser.add_argument(
            "--watch",
            action="store_true",
            help="Repeat the query until interrupted, and list the "
            "differences whenever they change",
        )
        parser.add_argument(
            "--interval",
            metavar="<duration>",
            type=options.interval,
            default=INTERVAL,
            help="Time between two queries of --watch, at least 1s (default:"
            " 1m)",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        self._found = self._look(parsed_args)
        self._judge(self._found)
        return _output(self._found, parsed_args.formatter)

    def _look(self, parsed_args: argparse.Namespace) -> DriftReport:
        return self.pair.drift(parsed_args.protection_group)

    def _judge(self, found: DriftReport) -> None:
        """Choose the exit status: what was found is certain."""
        if found.differences:
            self.outcome = ExitCode.PROBLEM
        elif found.errors:
            (error,) = found.errors.values()
            self.trouble = error

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Any,
    ) -> int:
        if not parsed_args.watch:
            super().produce_output(parsed_args, column_names, data)
            self._report(parsed_args)
            return 0
        shown = None
        while True:
            found = self._found.differences
            if found != shown:
                output = _output(self._found, parsed_args.formatter)
                super().produce_output(parsed_args, *output)
                self._report(parsed_args)
                shown = found
            self.sleep(parsed_args.interval)
            try:
                self._found = self._look(parsed_args)
            except exceptions.ProtectorError as error:
                self.warn(str(error))

    def _report(self, parsed_args: argparse.Namespace) -> None:
        """Write what clears the differences, and what was not compared."""
        self.app.stdout.flush()
        found = self._found
        if parsed_args.formatter == "table":
            for group in found.groups:
                self._report_fixes(group)
        for name, error in found.errors.items():
            if error is not self.trouble:
                self.warn(f"{name} cannot be asked: {error.message}")
        for reason in dict.fromkeys(
            f"{group.name}: {check} is not known: {why}"
            for group in found.groups
            for check, why in group.unknown.items()
            if not found.errors
        ):
            self.warn(reason)
        count = len(found.differences)
        noun = "difference" if count == 1 else "differences"
        groups = len(found.groups)
        of = "group" if groups == 1 else "groups"
        self.info(f"{count} {noun} in {groups} {of}")

    def _report_fixes(self, group: GroupDrift) -> None:
        told: set[tuple[str, ...]] = set()
        for one in group.differences:
            if one.fix and one.fix not in told:
                told.add(one.fix)
                self.report(f"{one.check} of {group.name}: {one.message}")
                self.next(*one.fix)


def _output(found: DriftReport, formatter: str) -> columns.Output:
    rows = [
        (group.name, one)
        for group in found.groups
        for one in group.differences
    ]
    if formatter == "table":
        return HEADERS, [_row(name, one) for name, one in rows]
    return ("protection_group", *FIELDS), [
        (name, *(one.to_dict()[field] for field in FIELDS))
        for name, one in rows
    ]


def _row(group: str, one: Difference) -> tuple[Any, ...]:
    from protectorclient.preflight.drift.members import said

    return (
        group,
        one.member,
        one.attribute,
        one.site,
        said(one.protected),
        said(one.found),
        one.check,
    )
