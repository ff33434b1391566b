"""``protector status``: show all groups, read from both sites."""

from __future__ import annotations

import argparse
import datetime
import itertools
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.escape import arguments, protector
from protectorclient.exit_codes import ExitCode
from protectorclient.osc import columns, command, options
from protectorclient.osc.formats import selection
from protectorclient.osc.v1 import _reads

if TYPE_CHECKING:
    from protectorclient.osc.live.status_frame import Glance
    from protectorclient.reports.overview import Overview, Row

CHECK = "protection-group check"
HEADERS = (
    "Name",
    "Primary",
    "Status",
    "In Sync",
    "Lag",
    "Ready",
    "Last Drill",
    "Last Operation",
    "Reasons",
)
#: Where in a row it says whether the group is ready.
_READY = HEADERS.index("Ready")
#: Seconds between two looks.
INTERVAL = 5.0


class ShowStatus(command.Lister):
    """Show where protection groups run, and whether they could fail over

    The command asks both sites. A drill is a test failover that has
    succeeded.
    """

    prefixes = {"protection_group": "group"}

    nouns = "protection groups"
    aliases = {"lag": "replication_lag_seconds"}

    #: Why only one site was asked.
    _alone: str | None = None
    #: What there is to say, while the terminal has a picture.
    _held: list[str] | None = None
    #: Replaced in tests.
    sleep = staticmethod(time.sleep)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_sites(parser)
        parser.add_argument(
            "protection_group",
            metavar="<protection-group>",
            nargs="*",
            help="Protection groups (name or ID; default: all)",
        )
        forms = parser.add_mutually_exclusive_group()
        forms.add_argument(
            "--watch",
            action="store_true",
            help="Repeat the query until interrupted",
        )
        forms.add_argument(
            "--prometheus",
            action="store_true",
            help="Write metrics for Prometheus' textfile collector",
        )
        parser.add_argument(
            "--exit-status",
            action="store_true",
            help="End with exit status 3 unless each group is ready, in sync "
            "and within its RPO, no instance runs beside one, and both sites "
            "answer",
        )
        parser.add_argument(
            "--interval",
            metavar="<duration>",
            type=options.interval,
            default=INTERVAL,
            help="Time between two queries of --watch, at least 1s (default:"
            " 5s)",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        if parsed_args.prometheus and parsed_args.formatter != "table":
            raise exceptions.UsageProblem(
                "--prometheus is a format of its own, and takes no -f"
            )
        if parsed_args.exit_status and parsed_args.watch:
            raise exceptions.UsageProblem(
                "--exit-status judges one look, and --watch has no last one"
            )
        self._found = self._look(parsed_args)
        is_well = self._found.is_well and self._alone is None
        if parsed_args.exit_status and not is_well:
            self.outcome = ExitCode.PROBLEM
            names = [row.name for row in self._found.rows if not row.ready]
            if names:
                check = protector(CHECK, *arguments(names))
                self.afterwards.append(lambda: self.next(check))
        return self._output(parsed_args)

    def _look(self, parsed_args: argparse.Namespace) -> Overview:
        from protectorclient.reports import overview

        # a site that was late may answer at the next look
        reads = self.sites.fresh_reads(parsed_args)
        self._alone = reads.alone
        found = overview.look(reads, parsed_args.protection_group)
        if found.error is None or (found.rows and parsed_args.prometheus):
            return found
        if not (found.rows or parsed_args.prometheus):
            raise found.error
        # what there is comes first
        self.trouble = found.error
        return found

    def _output(self, parsed_args: argparse.Namespace) -> columns.Output:
        rows = self._found.rows
        if parsed_args.formatter != "table":
            found = [row.to_dict() for row in rows]
            fields = tuple(found[0]) if found else ()
            return fields, [tuple(row.values()) for row in found]
        return HEADERS, [_row(row) for row in rows]

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Any,
    ) -> int:
        if parsed_args.prometheus:
            from protectorclient.osc import prometheus

            for line in prometheus.lines(self._found):
                self.write(line)
            self._report_warnings()
            return 0
        if not parsed_args.watch:
            if column_names:
                super().produce_output(parsed_args, column_names, data)
            elif parsed_args.formatter in ("json", "yaml"):
                self.app.stdout.write("[]\n")
            self._report_warnings()
            return 0
        return self._watch(parsed_args, column_names, data)

    def _watch(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Any,
    ) -> int:
        """Repeat the query: in place on a terminal, else table by table."""
        from protectorclient.osc.live import display

        is_table = parsed_args.formatter == "table"
        if is_table and display.may_draw(self, self.app.stdout):
            return self._draw(parsed_args, column_names, data)
        while True:
            super().produce_output(parsed_args, column_names, data)
            self._report_warnings()
            self.app.stdout.flush()
            self.sleep(parsed_args.interval)
            try:
                self._found = self._look(parsed_args)
            except exceptions.ProtectorError as error:
                self.warn(str(error))
                continue
            column_names, data = self._output(parsed_args)

    def _draw(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Any,
    ) -> int:
        """Draw one frame in place until interrupted; the last one stays."""
        from protectorclient.osc.live import screen, status_frame

        self._held = []
        self._report_warnings()
        glance = self._glance(parsed_args, column_names, data)
        board = status_frame.Board(glance)
        try:
            with screen.Screen(board, self.app.stdout):
                while True:
                    self.sleep(parsed_args.interval)
                    self._held = []
                    try:
                        self._found = self._look(parsed_args)
                    except exceptions.ProtectorError as error:
                        board.lose(str(error))
                        continue
                    self._report_warnings()
                    output = self._output(parsed_args)
                    board.take(self._glance(parsed_args, *output))
        finally:
            self._held = None
            self._report_warnings()

    def _glance(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Any,
    ) -> Glance:
        """Return the rows in the order asked for, else problems first."""
        from protectorclient.osc.formats import formatters, values
        from protectorclient.osc.live.status_frame import Entry, Glance

        rows = self.sorted_rows(parsed_args, column_names, data)
        if not parsed_args.sort_columns:
            rows = sorted(rows, key=lambda row: row[_READY].rank)
        titles, kept = selection.chosen(parsed_args, column_names)
        if not parsed_args.columns:
            titles.pop()
            kept[-1] = False
        entries = [
            Entry(
                tuple(
                    formatters.plain(cell)
                    for cell in itertools.compress(row, kept)
                ),
                formatters.plain(row[0]),
                values.human(row[_READY]),
                tuple(
                    formatters.plain(line)
                    for line in row[-1].machine_readable()
                )
                if not parsed_args.columns
                else (),
            )
            for row in rows
        ]
        return Glance(
            tuple(titles),
            tuple(entries),
            tuple(
                line
                for line in self._held or ()
                if line.startswith(("warning:", "problem:"))
            ),
            datetime.datetime.now(datetime.UTC),
            parsed_args.interval,
        )

    def report(self, text: str) -> None:
        """Write a message; while a frame is on the terminal, into it."""
        if self._held is None:
            super().report(text)
        else:
            self._held.append(text)

    def _report_warnings(self) -> None:
        from protectorclient.osc.v1 import _copies
        from protectorclient.pair.reads import answer as reading

        self.app.stdout.flush()
        found = self._found
        shown = [name for name in found.sites if name not in found.errors]
        instead = f"; these are {shown[0]}'s records" if shown else ""
        for name, error in found.errors.items():
            if error is not self.trouble:
                self.warn(f"{found.silence(name)}{instead}")
        apart = [
            row.name
            for row in self._found.rows
            if row.in_sync is False and row.unknown_at is None
        ]
        for site in found.sites:
            lost = [row.name for row in found.rows if row.unknown_at == site]
            if lost:
                self.warn(f"{site} does not know {reading.listed(lost)}")
        if apart:
            self.warn(
                f"the sites hold different records of {reading.listed(apart)};"
                " shown is the site that is ahead"
            )
            for line in reading.reconcile(apart):
                self.hint(line)
        if self._alone is not None:
            self.warn(f"only {self._found.sites[0]} was asked: {self._alone}")
        _reads.warn(self, (), self._found.errors)
        for row in self._found.rows:
            _copies.report(
                self,
                row.live_copies or (),
                group=row.name,
                status=row.status,
                primary=row.primary,
                in_sync=row.in_sync is not False,
            )


def _row(row: Row) -> tuple[Any, ...]:
    return (
        row.name,
        row.primary,
        columns.Words(row.status),
        _Sync(row),
        _Lag(row),
        _Ready(row),
        _Drill(row),
        _Operation(row),
        columns.Below([] if row.ready else row.reasons),
    )


class _OfRow(columns.Cell):
    """A cell made of several fields of a row."""

    def __init__(self, row: Row) -> None:
        super().__init__(row)

    def machine_readable(self) -> Any:
        return self.human_readable()

    def sort_key(self) -> Any:
        return self.human_readable()


class _Sync(_OfRow):
    def human_readable(self) -> str:
        row = self._value
        if row.in_sync is None:
            return row.unasked or "unknown"
        return "yes" if row.in_sync else "no"


class _Lag(_OfRow):
    def sort_key(self) -> Any:
        lag: float | None = self._value.lag
        return lag

    def human_readable(self) -> str:
        row = self._value
        if row.lag is None:
            if row.rpo is None:
                return ""
            return "no recovery point" if row.has_point is False else "unknown"
        lag = columns.span(row.lag)
        if row.rpo is None:
            return str(lag)
        mark = "" if row.within_rpo else " !"
        return f"{lag} of {columns.span(row.rpo)}{mark}"


class _Ready(_OfRow):
    @property
    def rank(self) -> int:
        """Return the place in the order: problems first, then what is
        unknown."""
        ready: bool | None = self._value.ready
        return {False: 0, None: 1, True: 2}[ready]

    def human_readable(self) -> str:
        if self._value.ready is None:
            return self._value.unasked or "unknown"
        return "yes" if self._value.ready else "no"


class _Drill(_OfRow):
    def sort_key(self) -> Any:
        age: float | None = self._value.drill_age
        if age is None and not self._value.unasked:
            return float("inf")
        return age

    def human_readable(self) -> str:
        age = self._value.drill_age
        if age is not None:
            return f"{columns.span(age)} ago"
        return self._value.unasked or "never"


class _Operation(_OfRow):
    def human_readable(self) -> str:
        last = self._value.last_operation
        if last is not None:
            return f"{last.operation_type} {last.status}"
        return self._value.unasked or ""
