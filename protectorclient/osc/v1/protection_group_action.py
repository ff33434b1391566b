"""``protector protection-group``: failover, failback, test-failover."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.escape import at, fill
from protectorclient.osc import columns, options, prompts
from protectorclient.osc.v1 import _mappings, _preflight, _start, _wait
from protectorclient.osc.v1._moves import (
    fidelity,
    isolation,
    probes,
    questions,
    result,
    sync_first,
)
from protectorclient.osc.v1._moves.command import MoveCommand

if TYPE_CHECKING:
    from protectorclient.pair.moves.action import PreparedAction
    from protectorclient.preflight.impact import Impact


class FailoverProtectionGroup(MoveCommand):
    """Fail a protection group over to the other site

    The current primary runs a planned failover: it stops the instances and
    loses no data. The other site runs an unplanned failover, when the
    primary does not answer: data written since the last replication are
    lost.
    """

    action = "failover"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_group(parser)
        parser.add_argument(
            "--type",
            choices=("planned", "unplanned"),
            default="planned",
            help="Choose a planned failover (default), or an unplanned one "
            "for a primary that is down",
        )
        parser.add_argument(
            "--accept-divergence",
            action="store_true",
            help="Fail over unplanned although the primary answers; both "
            "sites then run the group",
        )
        parser.add_argument(
            "--keep-addresses",
            action="store_true",
            help="With --type unplanned, fail an instance whose address is "
            "taken at the other site; without it, the instance gets another "
            "address",
        )
        options.add_power_on(parser)
        options.add_mappings(parser)
        options.add_mapping_file(parser)
        options.add_start_anyway(parser)
        probes.add_options(parser)
        sync_first.add_option(parser)
        options.add_starting(parser)
        options.add_yes(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.preflight.run import Parameters

        self.check_options(parsed_args)
        unplanned = parsed_args.type == "unplanned"
        accepted = parsed_args.accept_divergence
        if accepted and not unplanned:
            raise exceptions.UsageProblem(
                "--accept-divergence goes with --type unplanned"
            )
        if parsed_args.keep_addresses and not unplanned:
            raise exceptions.UsageProblem(
                "--keep-addresses goes with --type unplanned: a planned "
                "failover does not start while an address is taken"
            )
        given = _mappings.given(parsed_args)

        def prepare() -> PreparedAction:
            try:
                return self.prepare(
                    parsed_args,
                    unplanned=unplanned,
                    accept_divergence=accepted,
                    power_on=parsed_args.power_on,
                    keep_addresses=parsed_args.keep_addresses,
                    **given,
                )
            except exceptions.PrimaryAnswers as error:
                error.hint = "--accept-divergence fails over all the same"
                error.then(self.again(without=("--type", "unplanned")))
                raise

        if _preflight.is_wanted(parsed_args):
            return _preflight.show(
                self,
                parsed_args,
                parsed_args.type if unplanned else "failover",
                Parameters(**given, accept_divergence=accepted),
                prepare,
                self.report_impact,
            )
        action = prepare()
        group = action.group.name

        def confirm(impact: Impact) -> None:
            if unplanned:
                prompts.for_name(
                    group, questions.unplanned(impact), self.app.stderr
                )
            else:
                prompts.for_yes(questions.move(group, impact), self.app.stderr)

        output = self.move(parsed_args, action, confirm, prepare)
        if accepted:
            self._report_copies(action)
        if unplanned and self.trouble is None:
            self._suggest_deletes(action)
            self._suggest_sync(action)
        return output

    def _suggest_deletes(self, action: PreparedAction) -> None:
        """Write how to delete the instances of an uncleaned test failover:
        they run on, and test-cleanup needs both sites."""
        located, target = action.located, action.located.other
        try:
            document = located.facts(action.site).document(located.group.id)
        except exceptions.ProtectorError:
            return
        ids = [
            str(instance.get("id"))
            for test in document.get("tests") or ()
            if test.get("site_id") == located.site_ids.get(target.name)
            for instance in test.get("instances") or ()
        ]
        if not ids or self.is_quiet:
            return
        self.info(
            f"{len(ids)} instances of a test failover still run at "
            f"{target.name}, without their addresses; test-cleanup needs both "
            "sites. To delete them now:"
        )
        for one in ids:
            self.next(at(target.name, "server delete {id}", id=one))

    def _report_copies(self, action: PreparedAction) -> None:
        """Write whether the old primary's instances run beside the new.

        Of a primary that does not answer, sync-force tells it later.
        """
        from protectorclient.osc.v1 import _copies
        from protectorclient.preflight import copies

        if isinstance(
            self.trouble, exceptions.OperationFailed | KeyboardInterrupt
        ):
            return
        located = action.located
        target = located.site_ids[located.other.name]
        seen = copies.look(located, primary=target)
        home = target == located.group.primary_site_id
        _copies.report(
            self,
            seen.live,
            group=located.group.name,
            status="active" if home else "failed_over",
            primary=located.other.name,
            in_sync=False,
        )
        _copies.warn_unknown(self, seen, located)

    def _suggest_sync(self, action: PreparedAction) -> None:
        """Write what to type when the old primary is back."""
        located = action.located
        if located.errors.get(located.current.name) is not None:
            self.info(f"when {located.current.name} is back:")
        if not self.is_quiet:
            self.next(fill(commands.SYNC_FORCE, group=action.group.name))


class FailbackProtectionGroup(MoveCommand):
    """Fail a protection group back to its primary site"""

    action = "failback"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_group(parser)
        parser.add_argument(
            "--reverse-replication",
            action="store_true",
            help="Replicate from the restored primary to the other site "
            "again afterwards",
        )
        parser.add_argument(
            "--reverse-mapping",
            action="store_true",
            help="Swap source and target of the mapping file; without a "
            "file, swap the mappings of the last failover",
        )
        options.add_power_on(parser)
        options.add_mappings(parser)
        options.add_mapping_file(parser)
        options.add_start_anyway(parser)
        probes.add_options(parser)
        sync_first.add_option(parser)
        options.add_starting(parser)
        options.add_yes(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.preflight.run import Parameters

        self.check_options(parsed_args)
        given = _mappings.given(parsed_args)
        if parsed_args.reverse_mapping and not parsed_args.mapping_file:
            from protectorclient.pair.moves import last_mapping

            last = last_mapping.failover(
                self.pair, parsed_args.protection_group
            )
            given["mapping_file"] = last.reversed()

        def prepare() -> PreparedAction:
            return self.prepare(
                parsed_args,
                reverse_replication=parsed_args.reverse_replication,
                power_on=parsed_args.power_on,
                **given,
            )

        if _preflight.is_wanted(parsed_args):
            return _preflight.show(
                self,
                parsed_args,
                "failback",
                Parameters(**given),
                prepare,
                self.report_impact,
            )
        action = prepare()
        group = action.group.name
        output = self.move(
            parsed_args,
            action,
            lambda impact: prompts.for_yes(
                questions.move(group, impact), self.app.stderr
            ),
            prepare,
        )
        if not (parsed_args.wait or parsed_args.reverse_replication):
            _wait.warn_unprotected(self, group, "once it has completed")
        return output


class TestFailoverProtectionGroup(MoveCommand):
    """Rehearse a failover with test instances at the other site

    The test uses the latest recovery point. test-cleanup removes the test
    instances.
    """

    action = "test_failover"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_group(parser)
        parser.add_argument(
            "--retain-primary",
            action="store_true",
            help="Leave the primary's instances running; without it they "
            "are stopped until the clean-up",
        )
        parser.add_argument(
            "--isolated",
            action="store_true",
            help="Build the test in networks of its own, of the same ranges "
            "and without a router; test-cleanup removes them",
        )
        options.add_power_on(parser)
        options.add_mappings(parser)
        options.add_mapping_file(parser)
        options.add_start_anyway(parser)
        probes.add_options(parser)
        fidelity.add_option(parser)
        options.add_starting(parser)
        options.add_yes(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.preflight.run import Parameters

        self.check_options(parsed_args)
        given = _mappings.given(parsed_args)
        if parsed_args.isolated:
            isolation.refuse(parsed_args)

        def prepare() -> PreparedAction:
            return self.prepare(
                parsed_args,
                retain_primary=parsed_args.retain_primary,
                isolated=parsed_args.isolated,
                power_on=parsed_args.power_on,
                **given,
            )

        if _preflight.is_wanted(parsed_args):
            return _preflight.show(
                self,
                parsed_args,
                "test-failover",
                Parameters(
                    **given,
                    isolated=parsed_args.isolated,
                    retain_primary=parsed_args.retain_primary,
                ),
                prepare,
                self.report_impact,
            )
        action = prepare()

        def confirm(impact: Impact) -> None:
            if not parsed_args.retain_primary:
                prompts.for_yes(
                    questions.drill(action.group.name, impact),
                    self.app.stderr,
                )

        return self.move(parsed_args, action, confirm, prepare)


class TestCleanupProtectionGroup(MoveCommand):
    """Remove the test instances and volumes of a test failover"""

    action = "test_cleanup"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_group(parser)
        result.add_options(parser)
        options.add_starting(parser)
        options.add_yes(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.preflight.run import Parameters

        _start.check_options(self, parsed_args)
        result.into_reason(parsed_args)
        if _preflight.is_wanted(parsed_args):
            return _preflight.show(
                self,
                parsed_args,
                "test-cleanup",
                Parameters(),
                lambda: self.prepare(parsed_args),
            )
        # it deletes what was made for a test alone: nobody is asked
        action = self.prepare(parsed_args)
        for warning in action.warnings:
            self.warn(warning)
        if parsed_args.result and action.options.get("reason") is None:
            self.warn(
                f"{action.site.name} keeps no result: drill attest puts it"
                " into the folder of the report"
            )
        return _start.send(self, parsed_args, action)
