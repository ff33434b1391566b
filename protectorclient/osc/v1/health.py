"""``protector health``: show whether each group could fail over now."""

from __future__ import annotations

import argparse

from protectorclient.osc import columns, command, options
from protectorclient.osc.v1 import _reads

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

    The command asks both sites, and shows the newer of the two answers for
    each group. Ready is the judgement of the service, which does not check
    the networks and flavors of the other cloud; status does. API version
    1.2 is needed.
    """

    uses_session = True

    nouns = "protection groups"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_sites(parser)
        options.add_paging(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        found = _reads.warned(
            self,
            self.reads(parsed_args).health(
                limit=parsed_args.limit, marker=parsed_args.marker
            ),
        )
        return columns.listed([one.to_dict() for one in found.value], COLUMNS)
