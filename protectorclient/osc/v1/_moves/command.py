"""The base of the commands that move a group, or build a test of one."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cliff import show

from protectorclient import exceptions
from protectorclient.osc import columns, command, prompts
from protectorclient.osc.v1 import _preflight, _start
from protectorclient.osc.v1._moves import (
    sync_first,
)
from protectorclient.osc.v1._moves.after import After

if TYPE_CHECKING:
    from protectorclient.pair.moves.action import PreparedAction
    from protectorclient.preflight.impact import Impact


class MoveCommand(command.Command, show.ShowOne):
    """One of the actions on a group, which may stop or delete instances."""

    #: As the service calls it.
    action: str

    def prepare(
        self, parsed_args: argparse.Namespace, **given: Any
    ) -> PreparedAction:
        """Find the site to be asked, and look the names up.

        :param given: the parameters of the action.
        """
        expect = _preflight.expected(parsed_args)
        if sync_first.is_wanted(parsed_args) and not self._has_synced:
            expect = sync_first.before(expect)
        return self.pair.prepare(
            self.action,
            parsed_args.protection_group,
            reason=parsed_args.reason,
            expect=expect,
            **given,
        )

    #: Whether the sync before the move has completed.
    _has_synced = False
    #: What is done when the operation has completed.
    after: After

    def check_options(self, parsed_args: argparse.Namespace) -> None:
        """Refuse what is wrong on the command line, before anything else.

        :raises UsageProblem: something is wrong.
        """
        self.after = After(self, parsed_args)
        _start.check_options(
            self,
            parsed_args,
            *sync_first.fields(parsed_args),
            *self.after.fields,
        )
        sync_first.check_options(parsed_args)

    #: The impact, once it was asked for.
    _impact: Impact | None = None

    def impact(self, action: PreparedAction) -> Impact:
        """Find what an action moves and what is lost by it, once."""
        from protectorclient.preflight import impact

        if self._impact is None:
            self._impact = impact.of(action)
        return self._impact

    def report_impact(self, action: PreparedAction) -> None:
        """Write what an action moves and loses."""
        found = self.impact(action)
        how = ", unplanned" if found.unplanned else ""
        # what is about to be lost is told with --quiet, too
        stops = found.drill and not found.retains
        loses = found.kept is not None and not found.kept.is_whole
        urgent = found.unplanned or stops or loses
        write = self.report if urgent else self.info
        write(
            f"{action.action} of {action.group.name} from {found.source}"
            f" to {found.target}{how}"
        )
        for line in found.lines(columns.span):
            write(f"  {line}")

    def move(
        self,
        parsed_args: argparse.Namespace,
        action: PreparedAction,
        confirm: Callable[[Impact], object],
        prepare: Callable[[], PreparedAction],
    ) -> columns.Output:
        """Send an action that moves instances, once that is confirmed.

        :param confirm: asks a person, who has something to lose.
        :param prepare: prepares it anew, for when it comes after a sync.
        :raises CertainRefusal: the service is certain to refuse it.
        :raises NotConfirmed: the answer was not yes.
        """
        for warning in action.warnings:
            self.warn(warning)
        if not parsed_args.start_anyway:
            self._refuse(action)
            if sync_first.is_wanted(parsed_args):
                from protectorclient.preflight import refusals

                refusals.hold_first_sync(action)
        self.report_impact(action)
        if not parsed_args.yes and prompts.on_terminal():
            confirm(self.impact(action))

        def prepare_again() -> PreparedAction:
            self._has_synced = True
            found = prepare()
            self._impact = None
            if not parsed_args.start_anyway:
                self._refuse(found)
            return found

        try:
            if sync_first.is_wanted(parsed_args):
                return sync_first.send(
                    self, parsed_args, action, prepare_again, self.after
                )
            return _start.send(self, parsed_args, action, self.after)
        except exceptions.MappingIncomplete as error:
            if self._impact is not None and self._impact.fix is not None:
                error.then(self._impact.fix)
            raise

    def _refuse(self, action: PreparedAction) -> None:
        """Refuse what the service is certain to refuse, before it is sent."""
        from protectorclient.pair.moves import prepare
        from protectorclient.preflight import refusals

        refusals.hold(action)
        prepare.need_target(action)
        impact = self.impact(action)
        refusals.hold(action, impact)
        refusals.hold_copies(action, impact)
        refusals.hold(action, impact, last=True)
