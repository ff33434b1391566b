"""``protector protection-group reconcile``: after the fire."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.checking import copies
from protectorclient.exitcodes import ExitCode
from protectorclient.osc import ask, columns, command, options
from protectorclient.osc.v1 import protection_group_sync

if TYPE_CHECKING:
    from protectorclient.checkup import Report
    from protectorclient.reconciling import State

#: How much of a checksum tells two apart.
_SUM = 12


class ReconcileProtectionGroup(command.ShowOne):
    """Bring both sites of a protection group together again

    Shows what each site holds and claims, who is ahead and why, and which
    instances are left at the site that was primary; copies the metadata
    the right way, once that is confirmed; then checks whether the group
    could fail back. Without a terminal it is --yes that confirms.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_group(parser)
        parser.add_argument(
            "--winner",
            metavar="<site>",
            help="The site whose metadata are kept where both have changed",
        )
        options.add_yes(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient import checkup, reconciling

        name = parsed_args.protection_group
        protection_group_sync.check_winner(self.pair, parsed_args.winner)
        state = reconciling.look(self.pair, name)
        for line in _told(state):
            self.tell(line)
        synced = False
        if not state.report.in_sync:
            synced = self._sync(parsed_args, state)
        away = state.located.group.status != "active"
        purpose = "failback" if away else "failover"
        report = None
        if synced or state.report.in_sync:
            report = checkup.run(self.pair, name, purpose)
            self.outcome = checkup.exit_code(report.findings)
            self.tell(f"check --for {purpose}:")
            from protectorclient.osc.v1 import _checks

            for line in _checks.lines(report.findings):
                self.tell(f"  {line}")
        else:
            from protectorclient.osc.v1 import _copies

            _copies.tell_seen(self, state.seen, state.located, in_sync=False)
        return _shown(state, synced, report)

    def _sync(self, parsed_args: argparse.Namespace, state: State) -> bool:
        """Copy the metadata; False where nobody has said so."""
        winner = parsed_args.winner
        if state.conflict and winner is None:
            self.outcome = ExitCode.PROBLEM
            self.trouble = exceptions.GuardRefused(
                "both sites have changed; nothing was copied",
                hint="name the one to be kept with --winner",
            )
            return False
        source = winner or (state.ahead.name if state.ahead else "")
        if not self._confirmed(parsed_args, source):
            return False
        self.pair.sync_force(state.located.group.id, winner=winner)
        self.say(f"copied from {source}")
        return True

    def _confirmed(self, parsed_args: argparse.Namespace, source: str) -> bool:
        if parsed_args.yes:
            return True
        if ask.on_terminal():
            ask.for_yes(
                f"Copy the metadata of {source} to the other site?",
                self.app.stderr,
            )
            return True
        self.trouble = exceptions.NotConfirmed(
            f"not confirmed; --yes copies the metadata of {source}"
        )
        return False


def _told(state: State) -> Iterator[str]:
    """Both sites side by side, for whoever has to decide."""
    head = ("", *(claim.site for claim in state.claims))
    rows: list[tuple[str, ...]] = [head]
    for field in (
        "primary",
        "status",
        "failover_count",
        "version",
        "checksum",
        "message",
    ):
        values = [getattr(claim, field) for claim in state.claims]
        if any(value is not None for value in values):
            title = field.replace("_", " ")
            rows.append((title, *(_short(field, it) for it in values)))
    widths = [max(len(row[n]) for row in rows) for n in range(len(head))]
    for row in rows:
        cells = (
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        )
        yield "  ".join(cells).rstrip()
    yield state.why
    left = copies.by_site(state.seen.copies)
    other = state.located.other.name
    for site, some in left.items():
        yield f"left at {site}:"
        for one in some:
            does = "runs and writes now" if one.runs else "does not run"
            yield f"  {one.name} ({one.instance_id}), {one.status}, {does}"
    if other in left:
        yield "  a failback stops them, keeps a snapshot and deletes them"
    for site, why in state.seen.unknown.items():
        yield f"left at {site}: not known: {why}"
    if other not in left and other not in state.seen.unknown:
        yield f"left at {other}: nothing"


def _short(field: str, value: Any) -> str:
    if value is None:
        return "-"
    return str(value)[:_SUM] if field == "checksum" else str(value)


def _shown(
    state: State, synced: bool, report: Report | None
) -> columns.Output:
    located = state.located
    claims = [dataclasses.asdict(claim) for claim in state.claims]
    left = [one.to_dict() for one in state.seen.copies]
    found = [f.to_dict() for f in report.findings] if report else []
    fields = {
        "protection_group_id": located.group.id,
        "name": located.group.name,
        "was_in_sync": state.report.in_sync,
        "sites": claims,
        "ahead": state.ahead.name if state.ahead else None,
        "why": state.why,
        "left_at_old_primary": left,
        "synced": synced,
        "checks": found,
    }
    return columns.replaced(
        columns.shown(fields),
        {
            "sites": columns.Items(claims, _claim),
            "why": columns.Prose(state.why),
            "left_at_old_primary": columns.Items(left, _left),
            "checks": columns.Items(found, _finding),
        },
    )


def _claim(claim: Mapping[str, Any]) -> str:
    if claim["version"] is None:
        return f"{claim['site']}: {claim['message']}"
    return (
        f"{claim['site']}: version {claim['version']}, primary"
        f" {claim['primary']}, {claim['status']}"
    )


def _left(one: Mapping[str, Any]) -> str:
    does = "runs" if one["runs"] else "does not run"
    return f"{one['name']}, {one['status']}, {does}\n  {one['instance_id']}"


def _finding(one: Mapping[str, Any]) -> str:
    return f"{one['severity']}: {one['id']}, {one['site']}"
