"""What a command does when the operation that it began has completed."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from protectorclient.osc.v1._moves import probes

if TYPE_CHECKING:
    from protectorclient.osc.command import Command
    from protectorclient.pair.moves.action import StartedOperation
    from protectorclient.records.operation import Operation


class After:
    """Asks the probes.

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
        self._since = 0.0

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the fields that the record has more."""
        return probes.FIELDS if self._probes else ()

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
        if not self._probes:
            return {}
        if command.trouble is not None:
            command.report(
                f"nothing was probed: the {operation.operation_type} has not"
                " completed"
            )
            return {}
        return probes.ask(
            command,
            self._parsed,
            self._probes,
            started,
            operation,
            since=self._since,
            clock=self.clock,
            sleep=self.sleep,
        )
