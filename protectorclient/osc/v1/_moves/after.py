"""What a command does when the operation that it began has completed."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from protectorclient.osc.v1._moves import fidelity, probes

if TYPE_CHECKING:
    from protectorclient.osc.command import Command
    from protectorclient.pair.moves.action import StartedOperation
    from protectorclient.records.operation import Operation


class After:
    """Asks the probes, and compares what was built.

    :raises UsageProblem: an option is wrong.
    """

    #: Replaced in tests, where no time passes.
    clock = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)

    def __init__(
        self, command: Command, parsed_args: argparse.Namespace
    ) -> None:
        self._command, self._parsed = command, parsed_args
        self._probes = probes.wanted(parsed_args)
        self._compares = fidelity.is_wanted(parsed_args)
        self._since = 0.0

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the fields that the record has more."""
        more = ("fidelity",) if self._compares else ()
        return (*(probes.FIELDS if self._probes else ()), *more)

    def begin(self) -> None:
        """Note that the request is sent now."""
        self._since = self.clock()

    def ended(
        self, started: StartedOperation, operation: Operation
    ) -> Mapping[str, object]:
        """Return more fields of the operation's record.

        :param operation: its last record.
        """
        command = self._command
        found: dict[str, object] = {}
        if command.trouble is not None:
            for wanted, what in (
                (self._probes, "probed"),
                (self._compares, "compared"),
            ):
                if wanted:
                    command.report(
                        f"nothing was {what}: the {operation.operation_type}"
                        " has not completed"
                    )
            return found
        if self._probes:
            found.update(self._ask(started, operation))
        if self._compares and command.trouble is None:
            found.update(fidelity.compare(command, operation))
        return found

    def _ask(
        self, started: StartedOperation, operation: Operation
    ) -> Mapping[str, object]:
        return probes.ask(
            self._command,
            self._parsed,
            self._probes,
            started,
            operation,
            since=self._since,
            clock=self.clock,
            sleep=self.sleep,
        )
