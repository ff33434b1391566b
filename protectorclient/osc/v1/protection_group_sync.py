"""``protector protection-group``: whether both sites know the same."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.exitcodes import ExitCode
from protectorclient.osc import columns, command, options

if TYPE_CHECKING:
    from protectorclient.checking import copies
    from protectorclient.located import SyncReport
    from protectorclient.pair import SitePair
    from protectorclient.sitehandle import SiteHandle


class SyncStatusProtectionGroup(command.ShowOne):
    """Compare the metadata of a protection group at both sites

    The exit status is 0 where both hold the same, and 3 where they do not
    or one of them does not answer.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_group(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        report = self.pair.sync_status(parsed_args.protection_group)
        return self.report(report)

    def report(self, report: SyncReport) -> columns.Output:
        """Both sites, and an exit status that tells."""
        if not report.in_sync:
            self.outcome = ExitCode.PROBLEM
        located = report.located
        handles = (located.current, located.other)
        sides = [_side(report, handle) for handle in handles]
        fields = {
            "protection_group_id": located.group.id,
            "name": located.group.name,
            "status": report.status,
            "current_primary_site_id": located.group.current_primary_site_id,
            "sites": sides,
        }
        names = {site_id: site.name for site_id, site in located.sites.items()}
        return columns.replaced(
            columns.shown(fields, names),
            {
                "status": columns.Words(report.status),
                "sites": columns.Items(sides, _text),
            },
        )


class SyncForceProtectionGroup(SyncStatusProtectionGroup):
    """Copy the metadata of the site that is ahead to the other one

    Where both sites have changed since they last agreed, name the one
    that wins with --winner. Instances that a forced failover left running
    at the other site are named at the end.
    """

    #: What runs beside the group, and how both sites compare by then.
    _seen: tuple[copies.Seen, SyncReport] | None = None

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_group(parser)
        parser.add_argument(
            "--winner",
            metavar="<site>",
            help="The site whose metadata are kept where both have changed",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.checking import copies

        group = parsed_args.protection_group
        check_winner(self.pair, parsed_args.winner)
        self.pair.sync_force(group, winner=parsed_args.winner)
        report = self.pair.sync_status(group)
        self._seen = copies.look(report.located), report
        return self.report(report)

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Any,
    ) -> int:
        status = super().produce_output(parsed_args, column_names, data)
        if self._seen is not None:
            self.app.stdout.flush()
            from protectorclient.osc.v1 import _copies

            seen, report = self._seen
            _copies.tell_seen(
                self, seen, report.located, in_sync=report.in_sync
            )
        return status


def check_winner(pair: SitePair, winner: str | None) -> None:
    """Refuse a winner that is neither of the two sites."""
    if winner is None:
        return
    try:
        pair.handle(winner)
    except exceptions.NotFound as error:
        raise exceptions.UsageProblem(f"--winner: {error.message}") from error


def _side(report: SyncReport, handle: SiteHandle) -> dict[str, Any]:
    """One site's part of the report."""
    located = report.located
    side = report.sides.get(handle.name)
    error = report.errors.get(handle.name)
    role = "primary" if handle is located.current else "secondary"
    return {
        "site": handle.name,
        "role": role,
        "status": side.status if side else None,
        "version": side.local_version if side else None,
        "checksum": side.local_checksum if side else None,
        "last_sync_at": side.to_dict().get("last_sync_at") if side else None,
        "message": error.message if error else side and side.message,
    }


def _text(side: Mapping[str, Any]) -> str:
    return "\n".join(_lines(side))


def _lines(side: Mapping[str, Any]) -> Iterator[str]:
    yield f"{side['site']}, {side['role']}"
    if side["version"] is not None:
        yield f"  version {side['version']}, {(side['checksum'] or '')[:16]}"
    if side["last_sync_at"]:
        yield f"  last sync {side['last_sync_at']}"
    if side["message"]:
        yield f"  {columns.one_line(side['message'])}"
