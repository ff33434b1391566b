"""``protector operation wait``: wait until operations have ended."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.osc import columns, command, options
from protectorclient.osc.v1 import _wait
from protectorclient.osc.v1 import operation as operations

if TYPE_CHECKING:
    from protectorclient.polling.progress_state import ProgressState
    from protectorclient.records.operation import Operation

#: Of several; no wider than a terminal is.
COLUMNS = {
    "ID": "id",
    "Type": "operation_type",
    "Protection Group": "protection_group_id",
    "Site": "site",
    "Outcome": "outcome",
}
#: For programs, and for who asks for one of them.
ALL_COLUMNS = {
    "ID": "id",
    "Type": "operation_type",
    "Protection Group": "protection_group_id",
    "Protection Group Name": "protection_group_name",
    "Status": "status",
    "Site": "site",
    "Outcome": "outcome",
}


class WaitOperation(command.ShowOne):
    """Wait until operations have ended, and show them

    Progress goes to stderr; the exit status is that of the outcome. One
    operation is shown as a record, several as a list, with the outcome:
    completed, partial, rolled_back, leftovers, running or unknown.
    """

    prefixes = {"operation": "operation"}

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "operation",
            metavar="<operation>",
            nargs="+",
            help="Operation (ID, or 8 or more of its first digits; - reads "
            "IDs from standard input); repeat to wait for several together",
        )
        parser.add_argument(
            "--any",
            action="store_true",
            help="Stop when the first operation has ended, and show that one",
        )
        options.add_timeout(parser)

    def complete(self, parsed_args: argparse.Namespace) -> None:
        from protectorclient.osc import typed_ids

        parsed_args.operation = typed_ids.from_stdin(
            parsed_args.operation, "wait"
        )
        super().complete(parsed_args)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.polling import events

        wanted = list(dict.fromkeys(parsed_args.operation))
        several = len(wanted) > 1 and not parsed_args.any
        if several:
            operations.show_list(self, parsed_args)
        wait = _wait.Wait(
            self,
            [events.Key("", identity) for identity in wanted],
            names_groups=True,
        )
        self.wait = wait
        handles = _wait.sites(self)
        state = wait.follow(
            handles,
            timeout=parsed_args.timeout,
            first=parsed_args.any,
        )
        found = [
            state.records[key.operation_id]
            for key in state.keys
            if key.operation_id in state.records
        ]
        if not found:
            raise self.trouble or exceptions.OutcomeUnknown("nothing is known")
        if several:
            return _listed(parsed_args, state, found)
        record, site = found[0]
        return operations.shown(
            parsed_args,
            record,
            handles[site],
            protection_group_name=_group_name(state, record),
            outcome=state.outcome(record.id),
        )


def _listed(
    parsed_args: argparse.Namespace,
    state: ProgressState,
    found: list[tuple[Operation, str]],
) -> columns.Output:
    people = parsed_args.formatter == "table" and not parsed_args.columns
    return columns.listed(
        [
            {
                **record.to_dict(),
                "protection_group_name": _group_name(state, record),
                "site": site,
                "outcome": state.outcome(record.id),
            }
            for record, site in found
        ],
        COLUMNS if people else ALL_COLUMNS,
        state.names if people else {},
    )


def _group_name(state: ProgressState, record: Operation) -> str | None:
    """Return the name of the group of an operation, where a site says it."""
    return state.names.get(record.protection_group_id or "")
