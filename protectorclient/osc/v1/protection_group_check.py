"""``protector protection-group check``: predict whether an action succeeds."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.advice.actions import PURPOSES
from protectorclient.osc import columns, command, options
from protectorclient.osc.v1 import _mappings

if TYPE_CHECKING:
    from protectorclient.preflight.run import Report


class CheckProtectionGroup(command.Lister):
    """Check whether an action on a protection group would succeed

    The command asks both sites for every prerequisite, and changes nothing.
    A check that cannot be made is skipped, with the reason. The exit status
    is 3 if there is a problem, and 4 if there are warnings only and
    --strict is given.
    """

    prefixes = {"protection_group": "group"}

    aliases = columns.CHECK_ALIASES

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "protection_group",
            metavar="<protection-group>",
            nargs="+",
            help="Protection groups (name or ID)",
        )
        parser.add_argument(
            "--for",
            dest="purpose",
            choices=PURPOSES,
            default="failover",
            help="Check for this action (default: failover)",
        )
        parser.add_argument(
            "--strict",
            action="store_true",
            help="End with exit status 4 if there are warnings only",
        )
        options.add_mappings(parser)
        options.add_mapping_file(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.osc.v1 import _findings
        from protectorclient.preflight import run

        names = list(dict.fromkeys(parsed_args.protection_group))
        reports = self.reports(parsed_args, names)
        for report in reports:
            for warning in report.warnings:
                self.warn(warning)
        findings = [one for report in reports for one in report.findings]
        self.outcome = run.exit_code(findings, parsed_args.strict)
        _findings.report_below(self, parsed_args, reports)
        wide = parsed_args.formatter != "table"
        if len(names) == 1:
            return _findings.output(findings, parsed_args.formatter)
        show = _findings.data if wide else _findings.rows
        headers, _ = show(())
        title = "protection_group" if wide else "Protection Group"
        return (title, *headers), [
            (report.group, *row)
            for report in reports
            for row in show(report.findings)[1]
        ]

    def reports(
        self, parsed_args: argparse.Namespace, names: list[str]
    ) -> list[Report]:
        """Check each group; the facts of the sites are fetched once."""
        from protectorclient.preflight import run

        wanted = run.Parameters(**_mappings.given(parsed_args))
        sides = run.open_sites(self.pair)
        found = []
        missing: exceptions.NotFound | None = None
        for name in names:
            try:
                report = run.run_checks(
                    self.pair,
                    name,
                    parsed_args.purpose,
                    wanted,
                    sides=sides,
                    alone=len(names) == 1,
                )
            except exceptions.NotFound as error:
                if missing is not None:
                    self.warn(str(missing))
                missing = error
            else:
                found.append(report)
        if missing is not None and not found:
            raise missing
        # what is misspelt does not hide the rest
        self.trouble = missing
        return found
