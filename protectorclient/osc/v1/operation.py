"""``protector operation``: what was started, and how it went."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.osc import columns, command, options
from protectorclient.osc.v1 import _operation_table, _reading

if TYPE_CHECKING:
    from protectorclient.sitehandle import SiteHandle
    from protectorclient.v1.operations import Operation

TYPES = (
    "failover",
    "failback",
    "test_failover",
    "test_cleanup",
    "sync_volumes",
    "sync_force",
    "reset_status",
)
STATUSES = ("pending", "running", "rolling_back", "completed", "failed")
COLUMNS = {
    "ID": "id",
    "Type": "operation_type",
    "Protection Group": "protection_group_id",
    "Status": "status",
    "Progress": "progress",
    "Started At": "started_at",
}
LONG_COLUMNS = {
    **COLUMNS,
    "Completed At": "completed_at",
    "Source": "source_site_id",
    "Target": "target_site_id",
    "Error": "error_message",
}


class ListOperation(_reading.ReadsBoth, command.Lister):
    """List operations, newest first

    An operation is known at the site that started it: both sites are
    asked, unless --site names one.
    """

    nouns = "operations"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "--protection-group",
            metavar="<protection-group>",
            help="Only operations of this group (name or ID)",
        )
        parser.add_argument(
            "--type",
            metavar="<type>",
            choices=TYPES,
            help=f"Only operations of this type: {', '.join(TYPES)}",
        )
        parser.add_argument(
            "--status",
            metavar="<status>",
            choices=STATUSES,
            help=f"Only operations in this status: {', '.join(STATUSES)}",
        )
        parser.add_argument(
            "--all-sites",
            action="store_true",
            help="Ask both sites, which is the default",
        )
        options.add_long(parser)
        options.add_paging(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        if parsed_args.all_sites and parsed_args.only_site:
            raise exceptions.UsageProblem(
                "--all-sites asks both sites, and --site one"
            )
        reads = self.reads(parsed_args)
        history = reads.operations(
            group=parsed_args.protection_group,
            operation_type=parsed_args.type,
            status=parsed_args.status,
            limit=parsed_args.limit,
            marker=parsed_args.marker,
        )
        answering = [
            handle
            for handle in reads.handles
            if handle.name not in history.errors
        ]
        self.tell_warnings(
            reads.silence(history.errors, answering[0].name), history.errors
        )
        records = [
            {**operation.to_dict(), "site": handle.name}
            for operation, handle in history.items
        ]
        names = self.names(parsed_args, answering[0].client, groups=True)
        headers = LONG_COLUMNS if parsed_args.long else COLUMNS
        return columns.listed(records, {**headers, "Site": "site"}, names)


class ShowOperation(_reading.ReadsBoth, command.ShowOne):
    """Show an operation

    Both sites are asked for it, since only the one that started it knows
    it.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "operation",
            metavar="<operation>",
            help="Operation (ID)",
        )
        parser.add_argument(
            "--exit-status",
            action="store_true",
            help="End with the status of the operation: 0 completed, 8 still "
            "running, 10 failed and rolled back, 11 something was left",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        found = self.told(
            self.reads(parsed_args).operation(parsed_args.operation)
        )
        operation, site = found.value, found.site
        if parsed_args.exit_status:
            self.trouble = _ending(operation, site)
        return shown(self, parsed_args, operation, site)


def _ending(
    operation: Operation, site: SiteHandle
) -> exceptions.ProtectorError | None:
    """What stands in the way of calling an operation a success."""
    from protectorclient import endings, events

    outcome = events.Outcome.RUNNING
    if operation.is_finished:
        try:
            outcome = site.client.operations.outcome(operation)
        except exceptions.ProtectorError:
            # its group does not say more; the record has said enough
            outcome = events.outcome_of(operation, None)
    key = events.Key(site.name, operation.id)
    return endings.error_for(
        events.Ended(at=0.0, key=key, outcome=outcome, operation=operation)
    )


def shown(
    shower: command.ShowOne,
    parsed_args: argparse.Namespace,
    operation: Operation,
    site: SiteHandle,
    **more: str,
) -> columns.Output:
    """The record of an operation, and the site that knows it.

    :param more: what else is known of it.
    """
    if site.has_sites:
        names = {identity: one.name for identity, one in site.sites.items()}
    else:
        names = shower.names(parsed_args, site.client)
    output = columns.shown(
        {**columns.in_order(operation), "site": site.name, **more}, names
    )
    if parsed_args.formatter != "table" or parsed_args.columns:
        return output
    return _operation_table.arranged(output)
