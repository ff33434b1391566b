"""``protector readiness``: what would come back if a site died."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.durations import stamp
from protectorclient.escape import fill
from protectorclient.exit_codes import ExitCode
from protectorclient.osc import columns, command, options
from protectorclient.osc.private_parts import options_of

if TYPE_CHECKING:
    from protectorclient.reports.readiness import GroupReadiness, Readiness

HEADERS = (
    "Protection Group",
    "Order",
    "Comes",
    "Recovery Point",
    "Data Lost",
    "Takes",
    "Also Lost",
    "Reasons",
)
PROMETHEUS = "prometheus"
#: Seconds between two looks.
INTERVAL = 60.0


class ShowReadiness(command.Lister):
    """Show what would come back if a site died now

    For each protection group that runs at the site: whether an unplanned
    failover brings it back and what blocks it, from which recovery point
    and how much data is lost, how long it takes by the operations of the
    past, and which attributes and addresses its instances lose. The groups
    are in the order that loses least. The site need not answer, nothing is
    changed, and the role reader is enough. The exit status is 3 unless each
    group comes back whole.
    """

    prefixes = {"protection_group": "group"}

    nouns = "protection groups"
    aliases = {
        "protection_group": "name",
        "comes": "verdict",
        "data_lost": "loss_seconds",
        "takes": "duration_high_seconds",
    }

    #: Replaced in tests.
    sleep = staticmethod(time.sleep)

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        form = options_of(parser)["--format"]
        form.choices = sorted({*(form.choices or ()), PROMETHEUS})
        return parser

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "protection_group",
            metavar="<protection-group>",
            nargs="*",
            help="Protection groups (name or ID; default: all)",
        )
        parser.add_argument(
            "--if-dead",
            metavar="<site>",
            required=True,
            help="Site that dies (name of its cloud, or its own name)",
        )
        parser.add_argument(
            "--watch",
            action="store_true",
            help="Repeat the query until interrupted",
        )
        parser.add_argument(
            "--interval",
            metavar="<duration>",
            type=options.interval,
            default=INTERVAL,
            help="Time between two queries of --watch, at least 1s (default:"
            " 1m)",
        )

    def run(self, parsed_args: argparse.Namespace) -> int:
        self._is_prometheus = parsed_args.formatter == PROMETHEUS
        if self._is_prometheus:
            parsed_args.formatter = "table"
        return super().run(parsed_args)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        self._found = self._look(parsed_args)
        if not self._found.is_well:
            self.outcome = ExitCode.PROBLEM
        return _output(self._found, parsed_args.formatter)

    def _look(self, parsed_args: argparse.Namespace) -> Readiness:
        return self.pair.readiness(
            if_dead=parsed_args.if_dead, groups=parsed_args.protection_group
        )

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Any,
    ) -> int:
        self._write(parsed_args)
        while parsed_args.watch:
            self.app.stdout.flush()
            self.sleep(parsed_args.interval)
            try:
                self._found = self._look(parsed_args)
            except exceptions.ProtectorError as error:
                self.warn(str(error))
            else:
                self._write(parsed_args)
        return 0

    def _write(self, parsed_args: argparse.Namespace) -> None:
        if self._is_prometheus:
            from protectorclient.osc import prometheus

            for line in prometheus.readiness(self._found):
                self.write(line)
        else:
            output = _output(self._found, parsed_args.formatter)
            super().produce_output(parsed_args, *output)
        self.app.stdout.flush()
        self._report(parsed_args)

    def _report(self, parsed_args: argparse.Namespace) -> None:
        """Write the sums, and what to type next."""
        found = self._found
        if found.error is not None:
            self.info(f"{found.dead} does not answer: {found.error.message}")
        for line in _sums(found):
            self.info(line)
        blocked = [one.name for one in found.groups if one.order is not None]
        if blocked and not found.is_well and not self._is_prometheus:
            name = next(
                one.name
                for one in found.groups
                if one.order is not None and one.verdict != "comes"
            )
            self.next(
                fill(commands.CHECK_FOR, group=name, purpose="unplanned")
            )


def _sums(found: Readiness) -> list[str]:
    from protectorclient.reports.readiness import Verdict

    counts = ", ".join(
        f"{count} {verdict}"
        for verdict in Verdict
        if (count := found.count(verdict))
    )
    lines = [f"if {found.dead} dies: {counts or 'no group'}"]
    if found.longest_loss is not None:
        lines.append(f"most data lost: {columns.span(found.longest_loss)}")
    whole = found.duration
    if whole is not None:
        low, high = map(columns.span, whole)
        lines.append(f"one after the other it takes {low} to {high}")
    short = [
        f"{name}: {more} needed, {found.available[name]} left"
        for name, more in found.needed.items()
        if name in found.available and more > found.available[name]
    ]
    if short:
        lines.append(f"quotas at {found.survivor}: {'; '.join(short)}")
    return lines


def _output(found: Readiness, formatter: str) -> columns.Output:
    if formatter == "table":
        return HEADERS, [_row(one) for one in found.groups]
    rows = [one.to_dict() for one in found.groups]
    fields = tuple(rows[0]) if rows else ()
    return fields, [tuple(row.values()) for row in rows]


def _row(one: GroupReadiness) -> tuple[Any, ...]:
    known = one.order is not None
    return (
        one.name,
        columns.Text(one.order),
        str(one.verdict),
        columns.Text(
            stamp(one.recovery_point) if one.recovery_point else None
        ),
        _span(one.loss) if known else "",
        _band(one) if known else "",
        _also(one) if known else "",
        columns.Below(_reasons(one)),
    )


def _reasons(one: GroupReadiness) -> list[str]:
    return [
        *one.reasons,
        *(loss.message for loss in one.losses),
        *(
            f"{address.why_not}: it gets another address"
            for address in one.addresses
        ),
        *(f"{name} stays stopped" for name in one.stopped),
    ]


def _also(one: GroupReadiness) -> str:
    """Return how many attributes and addresses are lost, in words."""
    if one.verdict in ("blocked", "not known"):
        return "not known"
    found = [
        f"{count} {noun if count == 1 else nouns}"
        for count, noun, nouns in (
            (len(one.losses), "attribute", "attributes"),
            (len(one.addresses), "address", "addresses"),
        )
        if count
    ]
    return ", ".join(found) or "nothing"


def _span(seconds: float | None) -> str:
    return "not known" if seconds is None else columns.span(seconds)


def _band(one: GroupReadiness) -> str:
    band = one.duration
    if band is None:
        return "not known"
    low, high = columns.span(band.low), columns.span(band.high)
    of = "" if band.of_group else " of all groups"
    return f"{low} to {high} ({band.samples}{of})"
