"""A command that shows one record, or a list of several."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from typing import Any

from protectorclient import exceptions
from protectorclient.exit_codes import code_for, code_for_several
from protectorclient.osc import command
from protectorclient.osc.formats import selection


class OneOrSeveral(command.ShowOne):
    """Shows one thing as a record, several in the form of a list."""

    #: Whether what is shown is a list.
    many = False
    #: How many things there were.
    total = 1

    def show_many(self, parsed_args: argparse.Namespace) -> None:
        """Have the output printed as a list.

        :raises UsageProblem: the format has no lists.
        """
        if parsed_args.formatter == "shell":
            raise exceptions.UsageProblem(
                "-f shell shows one operation, not several"
            )
        self.many = True

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Any,
    ) -> int:
        """A record, or a list in the same formats."""
        if not self.many:
            return super().produce_output(parsed_args, column_names, data)
        selection.use_aliases(parsed_args, column_names, self.aliases)
        selection.check_columns(parsed_args, column_names)
        names, kept = selection.chosen(parsed_args, column_names)
        rows = [tuple(itertools.compress(row, kept)) for row in data]
        emit = self.formatter.emit_list  # type: ignore[attr-defined]
        emit(names, rows, self.app.stdout, parsed_args)
        return 0

    def explain(self, error: BaseException) -> int:
        """Of several that did not end well, each by itself."""
        if not isinstance(error, exceptions.SomeFailed):
            return super().explain(error)
        for one in error.errors.values():
            self.explain(one)
        self.tell(error.message)
        codes = [code_for(one) for one in error.errors.values()]
        return int(code_for_several(codes, self.total))
