"""``protector consistency-group``: show volumes and recovery points."""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from protectorclient.osc import columns, command, options
from protectorclient.osc.v1 import _preflight, _reads, _start

if TYPE_CHECKING:
    from protectorclient.pair.moves.action import PreparedAction
    from protectorclient.records.consistency_group import ConsistencyGroup


class ShowConsistencyGroup(command.ShowOne):
    """Show the volumes and recovery points of a protection group

    The command asks both sites, and shows the newer of the two records.
    """

    uses_session = True

    prefixes = {"protection_group": "group"}

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_sites(parser)
        options.add_group(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        wanted = parsed_args.protection_group
        found = _reads.warned(
            self, self.reads(parsed_args).consistency_group(wanted)
        )
        # by the clock of the site, which made the points
        now = found.site.client.http.server_time().timestamp()
        return _shown(found.value, now)


class SyncConsistencyGroup(command.ShowOne):
    """Replicate a protection group once, now"""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_group(parser)
        options.add_starting(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        _start.check_options(self, parsed_args)

        def prepare() -> PreparedAction:
            return self.pair.prepare(
                "sync_volumes",
                parsed_args.protection_group,
                reason=parsed_args.reason,
                expect=_preflight.expected(parsed_args),
            )

        if _preflight.is_wanted(parsed_args):
            from protectorclient.preflight.run import Parameters

            return _preflight.show(
                self, parsed_args, "sync", Parameters(), prepare
            )
        return _start.send(self, parsed_args, prepare())


def _shown(found: ConsistencyGroup, now: float) -> columns.Output:
    fields = columns.in_order(found)
    points = fields.get("recovery_points")
    return columns.replaced(
        columns.shown(fields),
        {
            "volumes": columns.Items(fields.get("volumes"), _volume),
            "recovery_points": columns.Items(
                points, lambda point: _point(point, now)
            ),
        },
    )


def _volume(item: Mapping[str, Any]) -> str:
    return f"{item.get('name')}, {item.get('size')} GiB\n  {item.get('id')}"


def _point(item: Mapping[str, Any], now: float) -> str:
    made = str(item.get("created_at"))
    try:
        then = datetime.datetime.fromisoformat(made)
        made = f"{made}, {columns.span(now - then.timestamp())} ago"
    except ValueError:
        pass
    if not item.get("complete"):
        made += ", incomplete"
    return f"{made}\n  {item.get('id')}"
