"""``protector operation wait``: stay until operations have ended."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from protectorclient import exceptions
from protectorclient.osc import columns, command, options
from protectorclient.osc.formats import selection
from protectorclient.osc.v1 import _followed, _waiting
from protectorclient.osc.v1 import operation as operations

#: Of several; no wider than a terminal is.
COLUMNS = {
    "ID": "id",
    "Type": "operation_type",
    "Site": "site",
    "Outcome": "outcome",
}
#: For programs, and for who asks for one of them.
ALL_COLUMNS = {
    "ID": "id",
    "Type": "operation_type",
    "Status": "status",
    "Site": "site",
    "Outcome": "outcome",
}


class WaitOperation(_waiting.Waiting, command.ShowOne):
    """Wait until operations have ended, and show them

    Progress goes to stderr, and the exit status tells how they ended. One
    operation is shown as a record, several as a list, with the outcome as
    far as it is known: completed, partial, rolled_back, leftovers, running
    or unknown.
    """

    many = False

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "operation",
            metavar="<operation>",
            nargs="+",
            help="Operation (ID; several are waited for together)",
        )
        parser.add_argument(
            "--any",
            action="store_true",
            help="Stop at the first that has ended, and show that one",
        )
        options.add_timeout(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient import events

        wanted = list(dict.fromkeys(parsed_args.operation))
        several = len(wanted) > 1 and not parsed_args.any
        if several and parsed_args.formatter == "shell":
            raise exceptions.UsageProblem(
                "-f shell shows one operation, not several"
            )
        followed = self.followed = _followed.Followed(
            events.Key("", identity) for identity in wanted
        )
        handles = self.handles()
        named = self.may_draw(self.app.stderr) or len(wanted) > 1
        self.follow_keys(
            followed,
            handles,
            timeout=parsed_args.timeout,
            first=parsed_args.any,
            names=self.known_names(handles) if named else None,
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
                    outcome=followed.outcome(key.operation_id),
                )
        raise self.trouble or exceptions.OutcomeUnknown("nothing is known")

    def _listed(
        self, parsed_args: argparse.Namespace, followed: _followed.Followed
    ) -> columns.Output:
        self.many = True
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
                    "site": site,
                    "outcome": followed.outcome(record.id),
                }
                for record, site in found
            ],
            COLUMNS if people else ALL_COLUMNS,
        )

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Any,
    ) -> int:
        """A record, or a list in the same formats."""
        if not self.many:
            return super().produce_output(parsed_args, column_names, data)
        selection.check_columns(parsed_args, column_names)
        names, selector = self._generate_columns_and_selector(
            parsed_args, column_names
        )
        if selector:
            data = [self._compress_iterable(row, selector) for row in data]
        emit = self.formatter.emit_list  # type: ignore[attr-defined]
        emit(names, data, self.app.stdout, parsed_args)
        return 0
