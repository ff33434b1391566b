"""``protector operation wait``: stay until operations have ended."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.osc import columns, options
from protectorclient.osc.v1 import _followed, _several, _waiting
from protectorclient.osc.v1 import operation as operations

if TYPE_CHECKING:
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


class WaitOperation(_waiting.Waiting, _several.OneOrSeveral):
    """Wait until operations have ended, and show them

    Progress goes to stderr, and the exit status tells how they ended. One
    operation is shown as a record, several as a list, with the outcome as
    far as it is known: completed, partial, rolled_back, leftovers, running
    or unknown.
    """

    prefixes = {"operation": "operation"}

    label_each = True

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "operation",
            metavar="<operation>",
            nargs="+",
            help="Operation (ID, or 8 or more of its first digits; - reads "
            "IDs from standard input); several are waited for together",
        )
        parser.add_argument(
            "--any",
            action="store_true",
            help="Stop at the first that has ended, and show that one",
        )
        options.add_timeout(parser)

    def complete(self, parsed_args: argparse.Namespace) -> None:
        from protectorclient.osc.v1 import _typed_ids

        parsed_args.operation = _typed_ids.from_stdin(
            parsed_args.operation, self.verb
        )
        super().complete(parsed_args)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.polling import events

        wanted = list(dict.fromkeys(parsed_args.operation))
        several = len(wanted) > 1 and not parsed_args.any
        if several:
            self.show_many(parsed_args)
        followed = self.followed = _followed.Followed(
            events.Key("", identity) for identity in wanted
        )
        handles = self.handles()
        self.follow_keys(
            followed,
            handles,
            timeout=parsed_args.timeout,
            first=parsed_args.any,
            names=self.known_names(handles),
        )
        if parsed_args.any:
            followed.only_first()
        self.settle(followed)
        if several:
            return self._listed(parsed_args, followed)
        for key in followed.keys:
            if key.operation_id in followed.records:
                record, name = followed.records[key.operation_id]
                return operations.shown(
                    self,
                    parsed_args,
                    record,
                    handles[name],
                    protection_group_name=self._name(record),
                    outcome=followed.outcome(key.operation_id),
                )
        raise self.trouble or exceptions.OutcomeUnknown("nothing is known")

    def _listed(
        self, parsed_args: argparse.Namespace, followed: _followed.Followed
    ) -> columns.Output:
        found = [
            followed.records[key.operation_id]
            for key in followed.keys
            if key.operation_id in followed.records
        ]
        if not found:
            raise self.trouble or exceptions.OutcomeUnknown("nothing is known")
        people = parsed_args.formatter == "table" and not parsed_args.columns
        return columns.listed(
            [
                {
                    **record.to_dict(),
                    "protection_group_name": self._name(record),
                    "site": site,
                    "outcome": followed.outcome(record.id),
                }
                for record, site in found
            ],
            COLUMNS if people else ALL_COLUMNS,
            self.titles if people else {},
        )

    def _name(self, record: Operation) -> str | None:
        """What the group of an operation is called, where a site says it."""
        return self.titles.get(record.protection_group_id or "")
