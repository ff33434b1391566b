"""``protector operation``: list and show operations."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.osc import columns, command, options
from protectorclient.osc.v1 import _reads

if TYPE_CHECKING:
    from protectorclient.pair.site import SiteHandle
    from protectorclient.records.operation import Operation

    #: An operation, and the site that has started it.
    Found = tuple[Operation, SiteHandle]

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


class ListOperation(command.Lister):
    """List operations, newest first

    Only the site that started an operation knows it: the command asks both
    sites, unless --site names one.
    """

    uses_session = True

    prefixes = {"protection_group": "group", "marker": "operation"}

    nouns = "operations"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_sites(parser)
        parser.add_argument(
            "--protection-group",
            metavar="<protection-group>",
            help="List only operations of this group (name or ID)",
        )
        parser.add_argument(
            "--type",
            metavar="<type>",
            choices=TYPES,
            help=f"List only operations of this type: {', '.join(TYPES)}",
        )
        parser.add_argument(
            "--status",
            metavar="<status>",
            choices=STATUSES,
            help=f"List only operations in this status: {', '.join(STATUSES)}",
        )
        parser.add_argument(
            "--all-sites",
            action="store_true",
            help="Ask both sites (default)",
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
        _reads.warn(
            self,
            reads.silence(history.errors, answering[0].name),
            history.errors,
        )
        self.located = {one.id: site.name for one, site in history.items}
        records = [
            {**operation.to_dict(), "site": handle.name}
            for operation, handle in history.items
        ]
        names = _reads.fetch_names(parsed_args, answering[0], groups=True)
        headers = LONG_COLUMNS if parsed_args.long else COLUMNS
        return columns.listed(records, {**headers, "Site": "site"}, names)


class ShowOperation(command.ShowOne):
    """Show an operation

    Only the site that started an operation knows it: the command asks both
    sites. Several operations are shown as a list.
    """

    uses_session = True

    prefixes = {"operation": "operation", "protection_group": "group"}

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_sites(parser)
        parser.add_argument(
            "operation",
            metavar="<operation>",
            nargs="*",
            help="Operation (ID, or 8 or more of its first digits; - reads "
            "IDs from standard input); with --last a protection group (name "
            "or ID)",
        )
        parser.add_argument(
            "--last",
            action="store_true",
            help="Show the operation that runs, or else the newest one; with "
            "a protection group, only its own. Two are shown if both sites "
            "have started one within five minutes",
        )
        parser.add_argument(
            "--exit-status",
            action="store_true",
            help="Exit with the status of the operation: 0 completed, 8 still "
            "running, 10 failed and rolled back, 11 failed with leftovers",
        )

    def complete(self, parsed_args: argparse.Namespace) -> None:
        given = parsed_args.operation
        if parsed_args.last:
            if len(given) > 1:
                raise exceptions.UsageProblem(
                    "--last takes one protection group, or none"
                )
            parsed_args.protection_group = given[0] if given else None
            parsed_args.operation = []
        elif not given:
            raise exceptions.UsageProblem(
                "name an operation, or give --last for the last one"
            )
        elif options.STDIN in given:
            from protectorclient.osc import typed_ids

            parsed_args.operation = typed_ids.from_stdin(given, "show")
        super().complete(parsed_args)
        parsed_args.operation = list(dict.fromkeys(parsed_args.operation))

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        ids = parsed_args.operation
        several = len(ids) > 1
        if several:
            # before anything is asked
            show_list(self, parsed_args)
        if parsed_args.last:
            found = self._last(parsed_args)
        elif several:
            found = self._several(parsed_args, ids)
        else:
            one = _reads.warned(
                self,
                self.reads(parsed_args).operation(
                    ids[0], at=self.sites.operations.get(ids[0])
                ),
            )
            found = [(one.value, one.site)]
        self.located = {one.id: site.name for one, site in found}
        if len(found) > 1:
            several = True
            show_list(self, parsed_args)
        if parsed_args.exit_status:
            self._judge(found, max(len(ids), len(found)))
        if not several:
            ((operation, site),) = found
            return shown(parsed_args, operation, site)
        people = parsed_args.formatter == "table" and not parsed_args.columns
        headers = COLUMNS if people else LONG_COLUMNS
        return columns.listed(
            [{**one.to_dict(), "site": site.name} for one, site in found],
            {**headers, "Site": "site"},
            _reads.fetch_names(parsed_args, found[0][1], groups=True),
        )

    def _last(self, parsed_args: argparse.Namespace) -> list[Found]:
        from protectorclient.pair.reads import latest

        reads = self.reads(parsed_args)
        history = latest.latest(reads, parsed_args.protection_group)
        _reads.warn(
            self,
            reads.silence(history.errors, history.items[0][1].name),
            history.errors,
        )
        return list(history.items)

    def _several(
        self, parsed_args: argparse.Namespace, ids: list[str]
    ) -> list[Found]:
        """Fetch several, with one request a site if they are among the newest.

        One that no site knows does not hide the rest.
        """
        reads = self.reads(parsed_args)
        answers, errors = reads.each(
            lambda handle: handle.client.operations.fetch(ids)
        )
        found = [
            (answers[handle.name][identity], handle)
            for identity in ids
            for handle in reads.handles
            if identity in answers.get(handle.name, {})
        ]
        known = {one.id for one, _ in found}
        missing = {
            identity: reads.unknown(identity, errors)
            for identity in ids
            if identity not in known
        }
        from protectorclient.osc import waits

        trouble = waits.SeveralFailed(
            f"{len(missing)} of {len(ids)} operations are not known",
            errors=missing,
            total=len(ids),
        )
        if not found:
            raise trouble
        if missing:
            self.trouble = trouble
        else:
            _reads.warn(self, reads.silence(errors, found[0][1].name), errors)
        return found

    def _judge(self, found: list[Found], total: int) -> None:
        """Make the errors of the operations the command's own."""
        endings = {one.id: _ending(one, site) for one, site in found}
        if total == 1:
            (self.trouble,) = endings.values()
            return
        errors: dict[str, BaseException] = {
            identity: error for identity, error in endings.items() if error
        }
        if isinstance(self.trouble, exceptions.SomeFailed):
            errors |= self.trouble.errors
        if errors:
            from protectorclient.osc import waits

            self.trouble = waits.SeveralFailed(
                f"{len(errors)} of {total} operations have not completed",
                errors=errors,
                total=total,
            )


def _ending(
    operation: Operation, site: SiteHandle
) -> exceptions.ProtectorError | None:
    """Return the error of an operation that is not a success."""
    from protectorclient.polling import events
    from protectorclient.polling import results as endings

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


def show_list(
    shower: command.Command, parsed_args: argparse.Namespace
) -> None:
    """Have several operations printed as a list.

    :raises UsageProblem: the format has no lists.
    """
    shower.show_list(
        parsed_args,
        f"-f {parsed_args.formatter} shows one operation, not several",
    )


def shown(
    parsed_args: argparse.Namespace,
    operation: Operation,
    site: SiteHandle,
    **more: object,
) -> columns.Output:
    """Return the record of an operation, and the site that knows it.

    :param more: what else is known of it.
    """
    if site.has_sites:
        names = {identity: one.name for identity, one in site.sites.items()}
    else:
        names = _reads.fetch_names(parsed_args, site)
    output = columns.shown(
        {**columns.in_order(operation), "site": site.name, **more}, names
    )
    if parsed_args.formatter != "table" or parsed_args.columns:
        return output
    from protectorclient.osc.v1 import _operation_table

    return _operation_table.arranged(output)
