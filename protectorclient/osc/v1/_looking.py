"""Looking before leaping: ``--check``, ``--dry-run``, ``--expect-*``."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.exit_codes import ExitCode
from protectorclient.osc import columns
from protectorclient.osc.formats import selection
from protectorclient.osc.v1 import _following

if TYPE_CHECKING:
    from protectorclient._http.dry_run import Outgoing
    from protectorclient.pair.guards import Expect
    from protectorclient.pair.moves.action import Prepared
    from protectorclient.preflight.start import Report, Wanted


class Looking(_following.Following):
    """A command that starts an operation, and can be told not to."""

    #: What the checks are for; a table has it by the action.
    purpose: str
    #: Of which there is something to say when the result is out.
    _report: Report | None = None
    #: Instead of the record of an operation.
    _written: Callable[[argparse.Namespace], None] | None = None

    def only_looks(self, parsed_args: argparse.Namespace) -> bool:
        """Whether nothing is to be sent."""
        return bool(parsed_args.check or parsed_args.dry_run)

    def check(self, parsed_args: argparse.Namespace) -> None:
        columns_asked = parsed_args.columns
        if self.only_looks(parsed_args):
            # they are of another table than an operation's record
            parsed_args.columns = []
        try:
            super().check(parsed_args)
        finally:
            parsed_args.columns = columns_asked

    def expected(self, parsed_args: argparse.Namespace) -> Expect:
        """What must be so."""
        from protectorclient.pair.guards import Expect

        return Expect(
            primary=parsed_args.expect_primary,
            version=parsed_args.expect_version,
            max_recovery_point_age=parsed_args.max_recovery_point_age,
        )

    def look(
        self,
        parsed_args: argparse.Namespace,
        wanted: Wanted,
        prepare: Callable[[], Prepared],
    ) -> columns.Output:
        """Make the checks, and with ``--dry-run`` the request too."""
        from protectorclient.osc.v1 import _checks
        from protectorclient.preflight import start

        report = start.run(
            self.pair,
            parsed_args.protection_group,
            self.purpose,
            wanted,
            sides=self.pair.remember(),
        )
        self.outcome = start.exit_code(report.findings)
        if parsed_args.check:
            for warning in report.warnings:
                self.warn(warning)
            self._report = report
            self._expect(parsed_args)
            shown = _checks.output(report.findings, parsed_args.formatter)
            self._written = lambda args: self._list(args, shown)
            return shown
        _checks.tell(self, report.findings)
        try:
            prepared = prepare()
        except (exceptions.NotFound, exceptions.NotUnique) as error:
            if self.outcome is not ExitCode.PROBLEM:
                raise
            # the checks have found it already; there is no request to show
            self.tell(str(error))
            self._written = lambda _: None
            return (), ()
        for warning in prepared.warnings:
            self.warn(warning)
        self.stakes(prepared)
        outgoing = prepared.outgoing()
        if parsed_args.formatter == "table":
            self._written = lambda _: self._print(outgoing)
        fields = {
            "method": outgoing.method,
            "url": outgoing.url,
            "headers": dict(outgoing.headers),
            "body": dict(outgoing.body),
        }
        return tuple(fields), tuple(fields.values())

    def _expect(self, parsed_args: argparse.Namespace) -> None:
        """``--check`` with ``--expect-*``: refused, after the table."""
        from protectorclient.pair import guards

        expect = self.expected(parsed_args)
        if not expect:
            return
        try:
            located = self.pair.locate(
                parsed_args.protection_group,
                unplanned=self.purpose == "unplanned",
            )
            asked = located.current
            if self.purpose == "unplanned":
                asked = located.other
            guards.hold(expect, located, asked)
        except exceptions.ProtectorError as error:
            self.trouble = error

    def stakes(self, prepared: Prepared) -> None:
        """Say what is moved and lost; for what moves a group for real."""

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Any,
    ) -> int:
        if self._written is None:
            return super().produce_output(parsed_args, column_names, data)
        self._written(parsed_args)
        self.app.stdout.flush()
        if self._report is not None:
            from protectorclient.osc.v1 import _checks
            from protectorclient.preflight.start import summary

            if parsed_args.formatter == "table":
                _checks.tell_fixes(self, self._report.findings)
            self.tell(summary(self._report.findings))
        return 0

    def _list(
        self, parsed_args: argparse.Namespace, shown: columns.Output
    ) -> None:
        """A list out of a command that shows one thing."""
        names, rows = shown
        emit = getattr(self.formatter, "emit_list", None)
        if emit is None:
            raise exceptions.UsageProblem(
                f"--check has no output as {parsed_args.formatter}"
            )
        selection.use_aliases(parsed_args, names, columns.CHECK_ALIASES)
        selection.check_columns(parsed_args, names)
        titles, kept = selection.chosen(parsed_args, names)
        rows = [tuple(itertools.compress(row, kept)) for row in rows]
        emit(titles, rows, self.app.stdout, parsed_args)

    def _print(self, outgoing: Outgoing) -> None:
        """A request as it goes over the wire."""
        self.write(f"{outgoing.method} {outgoing.url}")
        for name, value in outgoing.headers.items():
            self.write(f"{name}: {value}")
        self.write("")
        self.write(outgoing.content)
