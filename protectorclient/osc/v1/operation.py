"""``protector operation``: what was started, and how it went."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.osc import columns, command, options

if TYPE_CHECKING:
    from protectorclient.sitehandle import SiteHandle
    from protectorclient.v1.operations import Operation

TYPES = (
    "failover",
    "failback",
    "test_failover",
    "test_cleanup",
    "sync_volumes",
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


class ListOperation(command.Lister):
    """List operations, newest first

    An operation is known at the site that started it: this is the
    history of the configured cloud, unless --all-sites asks both.
    """

    nouns = "operations"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
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
            help="Ask both sites, and say which knows what",
        )
        options.add_long(parser)
        options.add_paging(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        if parsed_args.all_sites and parsed_args.marker:
            raise exceptions.UsageProblem(
                "--marker is of one site, and --all-sites asks both"
            )
        filters = {
            "protection_group_id": self._group_id(parsed_args),
            "operation_type": parsed_args.type,
            "status": parsed_args.status,
            "limit": parsed_args.limit,
        }
        headers = LONG_COLUMNS if parsed_args.long else COLUMNS
        if parsed_args.all_sites:
            return self._both(parsed_args, filters, headers)
        found = self.client.operations.list(
            marker=parsed_args.marker, **filters
        )
        records = [operation.to_dict() for operation in found]
        names = self.names(parsed_args, groups=True)
        return columns.listed(records, headers, names)

    def _group_id(self, parsed_args: argparse.Namespace) -> str | None:
        wanted: str | None = parsed_args.protection_group
        if wanted is None:
            return None
        if parsed_args.all_sites:
            return self.pair.locate(wanted).group.id
        return self.client.protection_groups.find(wanted).id

    def _both(
        self,
        parsed_args: argparse.Namespace,
        filters: dict[str, Any],
        headers: dict[str, str],
    ) -> columns.Output:
        history = self.pair.operations(**filters)
        for name, error in history.errors.items():
            self.warn(f"the operations of {name} are missing: {error.message}")
        records = [
            {**operation.to_dict(), "site": handle.name}
            for operation, handle in history.items
        ]
        answering = [
            handle
            for handle in self.pair.handles
            if handle.name not in history.errors
        ]
        names = self.names(parsed_args, answering[0].client, groups=True)
        return columns.listed(records, {**headers, "Site": "site"}, names)


class ShowOperation(command.ShowOne):
    """Show an operation

    Both sites are asked for it, since only the one that started it knows
    it.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
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
        operation, site = self.find(parsed_args.operation)
        if parsed_args.exit_status:
            self.trouble = _ending(operation, site)
        return shown(self, parsed_args, operation, site)

    def find(self, operation_id: str) -> tuple[Operation, SiteHandle]:
        """The operation, from whichever site knows it."""
        try:
            pair = self.pair
        except exceptions.ConfigProblem as problem:
            return self._find_here(operation_id, problem)
        return pair.operation(operation_id)

    def _find_here(
        self, operation_id: str, problem: exceptions.ConfigProblem
    ) -> tuple[Operation, SiteHandle]:
        """One site is configured: what it does not know stays open."""
        try:
            return self.client.operations.get(operation_id), self.primary
        except exceptions.NotFound as error:
            error.hint = f"only this site was asked: {problem.message}"
            raise


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
    names = shower.names(parsed_args, site.client)
    return columns.shown(
        {**columns.in_order(operation), "site": site.name, **more}, names
    )
