"""``protector protection-group reconcile``: resolve two diverged copies."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.durations import stamp
from protectorclient.escape import fill, with_options
from protectorclient.exit_codes import ExitCode
from protectorclient.osc import columns, command, options, prompts
from protectorclient.osc.v1 import (
    _copies,
    _findings,
    _start,
    _wait,
    protection_group_sync,
)

if TYPE_CHECKING:
    from protectorclient.pair.site import SiteHandle
    from protectorclient.preflight.live_instances import Instance
    from protectorclient.preflight.run import Report
    from protectorclient.reports.reconcile import State

#: How much of a checksum tells two apart.
_SUM = 12


class ReconcileProtectionGroup(command.ShowOne):
    """Bring both sites of a protection group together again

    The command shows the metadata of each site, which site is ahead and
    why, and which instances run where since when. Once confirmed, it copies
    the metadata from the site that is ahead, and checks whether the group
    could fail over.

    If the site that is ahead is the wrong one, as after a mistaken
    failover with --accept-divergence, name the other one with --winner:
    the instances of the site that is ahead are stopped, a snapshot of each
    of their volumes is kept on its array, and they are deleted.

    Without a terminal --yes confirms a copy; discarding instances needs
    --discard-version.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_group(parser)
        parser.add_argument(
            "--winner",
            metavar="<site>",
            help="Site whose metadata and instances stay, if both sites have "
            "changed, or if the site that is behind is right",
        )
        parser.add_argument(
            "--discard-version",
            metavar="<version>",
            type=_version,
            help="With --winner: discard this metadata version of the other "
            "site and its instances; this confirms it without a terminal, "
            "and with --yes on one",
        )
        options.add_yes(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.preflight import run
        from protectorclient.reports import reconcile

        self.wait = _wait.Wait(
            self,
            nothing=lambda: _wait.WaitInterrupted(
                "interrupted; nothing was started", self.again()
            ),
        )
        name = parsed_args.protection_group
        protection_group_sync.check_winner(self.pair, parsed_args.winner)
        if parsed_args.discard_version is not None and not parsed_args.winner:
            raise exceptions.UsageProblem("--discard-version needs --winner")
        state = reconcile.look(self.pair, name)
        for line in _side_by_side(state):
            self.report(line)
        synced = False
        removed: list[Any] | None = None
        group = state.located.group
        loser = self._loser(parsed_args, state)
        if loser is not None:
            removed = self._discard(parsed_args, state, loser)
            synced = removed is not None
            # what both sites hold from here on
            group = state.located.groups[self.pair.beside(loser).name]
        else:
            for line in _left_lines(state):
                self.report(line)
            if not state.report.in_sync:
                synced = self._sync(parsed_args, state)
        purpose = "failover" if group.status == "active" else "failback"
        report = None
        if synced or state.report.in_sync:
            # what was asked before nothing was changed holds
            sides = None if synced else state.located.asked
            report = run.run_checks(self.pair, name, purpose, sides=sides)
            self.outcome = run.exit_code(report.findings)
            self.report(f"check --for {purpose}:")
            _findings.report(self, report.findings)
        elif loser is None:
            _copies.report_all(self, state.seen, state.located, in_sync=False)
        return _shown(state, synced, report, removed)

    # The winner is behind

    def _loser(
        self, parsed_args: argparse.Namespace, state: State
    ) -> SiteHandle | None:
        """Return the site to be discarded, if the winner is not ahead."""
        if parsed_args.winner is None or state.report.in_sync:
            return None
        winner = self.pair.handle(parsed_args.winner)
        if state.conflict and parsed_args.discard_version is not None:
            return self.pair.beside(winner)
        return state.loser(winner)

    def _discard(
        self, parsed_args: argparse.Namespace, state: State, loser: SiteHandle
    ) -> list[Any] | None:
        """Remove the loser's instances; returns what was kept of them."""
        winner = self.pair.beside(loser)
        group = state.located.group
        if winner.name not in state.located.groups:
            raise exceptions.GuardRefused(
                f"{winner.name} does not know the group: nothing was changed"
            ).then(fill(commands.SYNC_FORCE, group=group.name))
        held = state.located.groups[loser.name].metadata_version
        for line in _lost(state, winner, loser, self.now()):
            self.report(line)
        given = parsed_args.discard_version
        if given is not None and given != held:
            raise exceptions.GuardRefused(
                f"{loser.name} holds version {held}, not {given}: nothing"
                " was changed",
            ).then(fill(commands.RECONCILE, group=group.name))
        if not self._loss_confirmed(
            parsed_args, group.name, winner.name, held
        ):
            return None
        operation, site = self.pair.discard(
            group.id, winner=winner.name, version=held
        )
        names = {group.id: group.name}
        operation, _ = _start.follow(self, operation, site, None, names)
        if self.trouble is not None or operation.status != "completed":
            return None
        removed = list((operation.result_data or {}).get("stale_removed", ()))
        for one in removed:
            for snapshot in one.get("snapshots", ()):
                self.report(
                    f"kept at {loser.name}: {snapshot} ({one['name']})"
                )
        self.info(f"copied from {winner.name}")
        return removed

    def _loss_confirmed(
        self, parsed_args: argparse.Namespace, group: str, site: str, held: int
    ) -> bool:
        given = parsed_args.discard_version is not None
        if given and (parsed_args.yes or not prompts.on_terminal()):
            return True
        if prompts.on_terminal():
            prompts.for_name(site, f"{site} wins.", self.app.stderr)
            prompts.for_name(
                group, f"{site} wins for group {group}.", self.app.stderr
            )
            return True
        self.trouble = exceptions.NotConfirmed(
            "not confirmed; nothing was changed"
        ).then(
            with_options(
                fill(commands.RECONCILE_WINNER, group=group, site=site),
                [f"--discard-version {held}"],
            )
        )
        return False

    def now(self) -> datetime.datetime:
        """Return the time by the clock of the sites."""
        return self.pair.primary.client.http.server_time()

    # The winner is ahead

    def _sync(self, parsed_args: argparse.Namespace, state: State) -> bool:
        """Copy the metadata; returns False if that is not confirmed."""
        winner = parsed_args.winner
        if state.conflict and winner is None:
            self.outcome = ExitCode.PROBLEM
            self.trouble = exceptions.GuardRefused(
                "both sites have changed; nothing was copied",
                hint="the winner is the site whose metadata are kept",
            ).then(*self._winners(state))
            return False
        if parsed_args.discard_version is not None:
            raise exceptions.GuardRefused(
                f"{winner} is ahead: there is no version to discard, and"
                " nothing was changed",
                hint="leave out --discard-version",
            ).then(
                fill(
                    commands.RECONCILE_WINNER,
                    group=state.located.group.name,
                    site=winner,
                )
            )
        source = winner or (state.ahead.name if state.ahead else "")
        if not self._confirmed(parsed_args, source):
            return False
        self.pair.sync_force(state.located.group.id, winner=winner)
        self.info(f"copied from {source}")
        return True

    def _winners(self, state: State) -> Iterator[str]:
        """Return one command for each site; a person chooses."""
        name = state.located.group.name
        for handle in (state.located.current, state.located.other):
            yield f"to keep those of {handle.name}:"
            yield fill(commands.RECONCILE_WINNER, group=name, site=handle.name)

    def _confirmed(self, parsed_args: argparse.Namespace, source: str) -> bool:
        if parsed_args.yes:
            return True
        if prompts.on_terminal():
            prompts.for_yes(
                f"Copy the metadata of {source} to the other site?",
                self.app.stderr,
            )
            return True
        self.trouble = exceptions.NotConfirmed(
            f"not confirmed; --yes copies the metadata of {source}"
        )
        return False


def _version(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(
            f"'{text}' is not the number of a metadata version"
        )
    return int(text)


def _lost(
    state: State,
    winner: SiteHandle,
    loser: SiteHandle,
    now: datetime.datetime,
) -> Iterator[str]:
    """List what is discarded when the site that is ahead loses."""
    from protectorclient.preflight import live_instances

    found = live_instances.look(state.located)
    for site in (winner.name, loser.name):
        if site in found.unknown:
            yield (
                f"which instances run at {site} is not known:"
                f" {found.unknown[site]}"
            )
            continue
        yield f"instances at {site}:"
        for one in found.at[site]:
            name, identity = one.copy.name, one.copy.instance_id
            yield f"  {name} ({identity}), {_since(one, now)}"
        if not found.at[site]:
            yield "  none"
    lost = found.at.get(loser.name, ())
    count = f"{len(lost)} instances" if len(lost) != 1 else "1 instance"
    yield (
        f"{winner.name} wins: {loser.name} loses version"
        f" {state.located.groups[loser.name].metadata_version} and {count}"
    )
    if lost:
        yield (
            "these are stopped and deleted; a snapshot of each volume is kept"
            f" on the array of {loser.name}"
        )
    longest = max((one.written(now) for one in lost), default=0.0)
    if longest:
        first = min(one.since for one in lost if one.since)
        yield (
            f"{columns.span(longest)} of writes at {loser.name}, since"
            f" {stamp(first)}, are removed from the group"
        )


def _since(one: Instance, now: datetime.datetime) -> str:
    status = one.copy.status
    if one.since is None:
        return status
    if one.until is not None:
        return f"{status} since {stamp(one.until)}, started {stamp(one.since)}"
    ran = columns.span(one.written(now))
    return f"{status} since {stamp(one.since)} ({ran})"


def _side_by_side(state: State) -> Iterator[str]:
    """Compare both sites in a table."""
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


def _left_lines(state: State) -> Iterator[str]:
    """List the instances that exist beside the group."""
    from protectorclient.preflight import copies

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
    state: State,
    synced: bool,
    report: Report | None,
    removed: list[Any] | None,
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
        "stale_removed": removed,
        "checks": found,
    }
    return columns.replaced(
        columns.shown(fields),
        {
            "sites": columns.Items(claims, _claim),
            "why": columns.Prose(state.why),
            "left_at_old_primary": columns.Items(left, _left),
            "stale_removed": columns.Items(removed, _removed),
            "checks": Findings(found),
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


def _removed(one: Mapping[str, Any]) -> str:
    return "\n  ".join([str(one.get("name")), *one.get("snapshots", ())])


class Findings(columns.Cell):
    """The problems, one a line, and the number of checks that pass."""

    def human_readable(self) -> str:
        lines = [
            f"{one['severity']}: {one['id']}, {one['site']}"
            for one in self._value
            if one["severity"] != "ok"
        ]
        well = len(self._value) - len(lines)
        return "\n".join([*lines, f"{well} ok"] if well else lines)
