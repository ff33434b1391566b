"""``protector protection-group``: compare and push the metadata."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.escape import fill
from protectorclient.exit_codes import ExitCode
from protectorclient.osc import columns, command, options, prompts
from protectorclient.osc.v1 import _reads

if TYPE_CHECKING:
    from protectorclient.pair.location import SyncReport
    from protectorclient.pair.reads.groups import Reads
    from protectorclient.pair.site import SiteHandle
    from protectorclient.records.protection_group import (
        ProtectionGroup,
        SyncStatus,
    )
    from protectorclient.reports.pair_reports import SitePair


class SyncStatusProtectionGroup(command.ShowOne):
    """Compare the metadata of a protection group at both sites

    The exit status is 0 if both sites hold the same metadata, and 3 if they
    do not, or if one of them does not answer.
    """

    prefixes = {"protection_group": "group"}

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_sites(parser)
        options.add_group(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.pair.reads import answer

        group = parsed_args.protection_group
        reads = self.reads(parsed_args)
        if len(reads.handles) < 2:
            return self._of_one(parsed_args, reads)
        report = self.pair.sync_status(group, grace=reads.grace)
        located = report.located
        for handle in (located.current, located.other):
            if handle.name in located.groups:
                instead = answer.whose(handle.name, located.group)
        warnings = answer.silence(report.errors, instead, located.group.name)
        _reads.warn(self, warnings, report.errors)
        return _report(self, report)

    def _of_one(
        self, parsed_args: argparse.Namespace, reads: Reads
    ) -> columns.Output:
        """Show what one site knows of both."""
        found = _reads.warned(
            self,
            reads.of_group(
                parsed_args.protection_group,
                lambda facts, group: (group, facts.sync(group.id)),
            ),
        )
        group, side = found.value
        if side.status != "IN_SYNC" or reads.alone is not None:
            self.outcome = ExitCode.PROBLEM
        home = group.current_primary_site_id == found.site.local.id
        role = "primary" if home else "secondary"
        return _output(
            group,
            side.status,
            [_site_fields(found.site.name, role, side)],
            _reads.site_names(parsed_args, found.site),
        )


class SyncForceProtectionGroup(command.ShowOne):
    """Copy the metadata of the site that is ahead to the other one

    If both sites have changed since their last synchronisation, name with
    --winner the one to keep. The command lists at the end the instances
    that still run at the other site after an unplanned failover.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_group(parser)
        parser.add_argument(
            "--winner",
            metavar="<site>",
            help="Site whose metadata are kept if both sites have changed;"
            " on a terminal the command asks for confirmation",
        )
        options.add_yes(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.osc.v1 import _copies
        from protectorclient.preflight import copies

        group = parsed_args.protection_group
        check_winner(self.pair, parsed_args.winner)
        self._confirm(parsed_args)
        self.pair.sync_force(group, winner=parsed_args.winner)
        report = self.pair.sync_status(group, grace=None)
        seen = copies.look(report.located)
        shown = _report(self, report)
        self.afterwards.insert(
            0,
            lambda: _copies.report_all(
                self, seen, report.located, in_sync=report.in_sync
            ),
        )
        return shown

    def _confirm(self, parsed_args: argparse.Namespace) -> None:
        """Ask before a winner overwrites what may be newer."""
        winner = parsed_args.winner
        if winner is None or parsed_args.yes or not prompts.on_terminal():
            return
        kept = self.pair.handle(winner)
        lost = self.pair.beside(kept).name
        prompts.for_yes(
            f"Where both sites have changed {parsed_args.protection_group},"
            f" the metadata that {lost} holds are overwritten; instances and"
            f" volumes stay. Keep the metadata of {kept.name}?",
            self.app.stderr,
        )


def _report(shower: command.Command, report: SyncReport) -> columns.Output:
    """Show both sites; set the exit status, and what to type next."""
    if not report.in_sync:
        shower.outcome = ExitCode.PROBLEM
        lines = _cure(report)
        shower.afterwards.append(lambda: shower.next(*lines))
    located = report.located
    handles = (located.current, located.other)
    return _output(
        located.group,
        report.status,
        [_side(report, handle) for handle in handles],
        {site_id: site.name for site_id, site in located.sites.items()},
    )


def _cure(report: SyncReport) -> list[str]:
    """Return the command that makes the sites the same."""
    name = report.located.group.name
    silent = [
        error
        for error in report.errors.values()
        if not isinstance(error, exceptions.NotFound)
    ]
    if silent or any(
        side.status == "UNREACHABLE" for side in report.sides.values()
    ):
        return [fill(commands.CHECK, group=name)]
    if (
        len(report.sides) == 2
        and len({side.local_version for side in report.sides.values()}) == 1
    ):
        return [fill(commands.RECONCILE, group=name)]
    return [fill(commands.SYNC_FORCE, group=name)]


def check_winner(pair: SitePair, winner: str | None) -> None:
    """Refuse a winner that is neither of the two sites."""
    if winner is None:
        return
    try:
        pair.handle(winner)
    except exceptions.NotFound as error:
        raise exceptions.UsageProblem(f"--winner: {error.message}") from error


def _output(
    group: ProtectionGroup,
    status: str,
    sides: list[dict[str, Any]],
    names: Mapping[str, str],
) -> columns.Output:
    fields = {
        "protection_group_id": group.id,
        "name": group.name,
        "status": status,
        "current_primary_site_id": group.current_primary_site_id,
        "sites": sides,
    }
    return columns.replaced(
        columns.shown(fields, names),
        {
            "status": columns.Words(status),
            "sites": columns.Items(sides, _text),
        },
    )


def _side(report: SyncReport, handle: SiteHandle) -> dict[str, Any]:
    """Return the fields of one site of the report."""
    located = report.located
    side = report.sides.get(handle.name)
    error = report.errors.get(handle.name)
    role = "primary" if handle is located.current else "secondary"
    told = _site_fields(handle.name, role, side)
    return {**told, "message": error.message} if error else told


def _site_fields(
    site: str, role: str, side: SyncStatus | None
) -> dict[str, Any]:
    return {
        "site": site,
        "role": role,
        "status": side.status if side else None,
        "version": side.local_version if side else None,
        "checksum": side.local_checksum if side else None,
        "last_sync_at": side.to_dict().get("last_sync_at") if side else None,
        "message": side.message if side else None,
    }


def _text(side: Mapping[str, Any]) -> str:
    return "\n".join(_lines(side))


def _lines(side: Mapping[str, Any]) -> Iterator[str]:
    yield f"{side['site']}, {side['role']}"
    if side["version"] is not None:
        checksum = f", {side['checksum'][:16]}" if side["checksum"] else ""
        yield f"  version {side['version']}{checksum}"
    if side["last_sync_at"]:
        yield f"  last sync {side['last_sync_at']}"
    if side["message"]:
        yield f"  {columns.one_line(side['message'])}"
