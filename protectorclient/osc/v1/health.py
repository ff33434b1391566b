"""``protector health``: whether each group could fail over now."""

from __future__ import annotations

import argparse

from protectorclient.osc import columns, command, options

COLUMNS = {
    "Protection Group": "protection_group_name",
    "Ready": "failover_ready",
    "Link": "link_status",
    "Metadata": "sync_status",
    "Lag (s)": "replication_lag_seconds",
    "Within RPO": "rpo_compliant",
    "Reasons": "reasons",
}


class ShowHealth(command.Lister):
    """Show whether each protection group could fail over now

    As the configured cloud sees it, or where that is dead, the other
    site. Needs API version 1.2.
    """

    nouns = "protection groups"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_paging(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        health = self.survivor(
            lambda client: [
                one.to_dict()
                for one in client.health.list(
                    limit=parsed_args.limit, marker=parsed_args.marker
                )
            ]
        )
        return columns.listed(health, COLUMNS)
