"""``protector protection-group``: failover, failback and their rehearsal."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.mapping import commands
from protectorclient.osc import columns, options, prompts
from protectorclient.osc.v1 import _following, _looking, _mapped

if TYPE_CHECKING:
    from protectorclient.mapping.files import MappingFile
    from protectorclient.pair.moves.action import Prepared
    from protectorclient.preflight.impact import Stakes
    from protectorclient.preflight.start import Wanted


class Action(_looking.Looking):
    """One of the four actions on a group."""

    #: As the service calls it.
    action: str
    #: Whether it takes mappings.
    mapped = True

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_group(parser)
        self.add_own_options(parser)
        if self.mapped:
            options.add_mappings(parser)
            _mapped.add_mapping_file(parser)
            options.add_start_anyway(parser)
        options.add_looking(parser)
        _following.add_following(parser)
        options.add_yes(parser)

    def add_own_options(self, parser: argparse.ArgumentParser) -> None:
        """Add what this action alone takes."""

    def own_options(self, parsed_args: argparse.Namespace) -> dict[str, Any]:
        """What the options of this action mean to the library."""
        return {}

    def confirm(
        self, parsed_args: argparse.Namespace, prepared: Prepared
    ) -> None:
        """Ask where there is something to lose and a person to answer."""
        if not parsed_args.yes and prompts.on_terminal():
            self.question(parsed_args, prepared)

    def question(
        self, parsed_args: argparse.Namespace, prepared: Prepared
    ) -> None:
        """Ask it; what a clean-up deletes was only made for a test."""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        self.check(parsed_args)
        given: dict[str, Any] = {}
        if self.mapped:
            given = {
                **dataclasses.asdict(_mapped.given(parsed_args)),
                "mapping_file": self.mapping_file(parsed_args),
            }
        if self.only_looks(parsed_args):
            return self.look(
                parsed_args,
                self.wanted(parsed_args, given),
                lambda: self.prepare(parsed_args, **given),
            )
        prepared = self.prepare(parsed_args, **given)
        for warning in prepared.warnings:
            self.warn(warning)
        if self.mapped:
            self.hold(prepared, parsed_args.start_anyway)
        self.stakes(prepared)
        self.confirm(parsed_args, prepared)
        try:
            return self.send(parsed_args, prepared)
        except exceptions.MappingIncomplete as error:
            if self._found is not None and self._found.fix is not None:
                error.then(self._found.fix)
            raise

    def hold(self, prepared: Prepared, start_anyway: bool) -> None:
        """Refuse what the service is certain to refuse, before it is sent.

        What is found of the impact is kept for the preview.
        """
        from protectorclient.pair.moves import prepare
        from protectorclient.preflight import refusals

        if start_anyway:
            return
        refusals.hold(prepared)
        prepare.need_target(prepared)
        impact = self.impact(prepared)
        refusals.hold(prepared, impact)
        refusals.hold_copies(prepared, impact)

    #: The impact, once it was asked for.
    _found: Stakes | None = None

    def impact(self, prepared: Prepared) -> Stakes:
        """What it moves and what is lost by it; asked for once."""
        from protectorclient.preflight import impact as stakes

        if self._found is None:
            self._found = stakes.of(prepared)
        return self._found

    def mapping_file(
        self, parsed_args: argparse.Namespace
    ) -> MappingFile | None:
        """The mappings below those of the options."""
        return _mapped.file(parsed_args)

    def wanted(
        self, parsed_args: argparse.Namespace, given: Mapping[str, Any]
    ) -> Wanted:
        """What the checks have to know of it."""
        from protectorclient.preflight.start import Wanted

        return Wanted(**given)

    @property
    def purpose(self) -> str:  # type: ignore[override]
        """What the checks are for."""
        return self.action.replace("_", "-")

    def prepare(
        self, parsed_args: argparse.Namespace, **given: Any
    ) -> Prepared:
        """Find the site to be asked, and look the names up."""
        return self.pair.prepare(
            self.action,
            parsed_args.protection_group,
            reason=parsed_args.reason,
            expect=self.expected(parsed_args),
            **given,
            **self.own_options(parsed_args),
        )


class Moving(Action):
    """An action that moves the group, and says first what that means."""

    def question(
        self, parsed_args: argparse.Namespace, prepared: Prepared
    ) -> None:
        from protectorclient.osc.v1 import _questions

        question = _questions.move(prepared.group.name, self.impact(prepared))
        prompts.for_yes(question, self.app.stderr)

    def stakes(self, prepared: Prepared) -> None:
        found = self.impact(prepared)
        how = ", unplanned" if found.unplanned else ""
        # what is about to be lost is said to everybody
        stops = found.drill and not found.retains
        tell = self.tell if found.unplanned or stops else self.say
        tell(
            f"{prepared.action} of {prepared.group.name} from {found.source}"
            f" to {found.target}{how}"
        )
        for line in found.lines(columns.span):
            tell(f"  {line}")


class FailoverProtectionGroup(Moving):
    """Fail a protection group over to the other site

    A planned failover is asked of the current primary, stops its
    instances and loses nothing. An unplanned one is asked of the other
    site, once the primary is shown not to answer: what was written since
    the last replication is lost.
    """

    action = "failover"

    def add_own_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--type",
            choices=("planned", "unplanned"),
            default="planned",
            help="planned (default), or unplanned: the primary is down",
        )
        parser.add_argument(
            "--accept-divergence",
            action="store_true",
            help="Fail over unplanned although the primary answers, and "
            "have two sites that each run the group",
        )

    def check(self, parsed_args: argparse.Namespace) -> None:
        super().check(parsed_args)
        if parsed_args.accept_divergence and parsed_args.type == "planned":
            raise exceptions.UsageProblem(
                "--accept-divergence goes with --type unplanned"
            )

    def prepare(
        self, parsed_args: argparse.Namespace, **given: Any
    ) -> Prepared:
        try:
            return super().prepare(parsed_args, **given)
        except exceptions.PrimaryAnswers as error:
            error.hint = "--accept-divergence fails over all the same"
            error.then(self.again(without=("--type", "unplanned")))
            raise

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        self._unplanned = parsed_args.type == "unplanned"
        return super().take_action(parsed_args)

    @property
    def purpose(self) -> str:  # type: ignore[override]
        return "unplanned" if self._unplanned else "failover"

    def wanted(
        self, parsed_args: argparse.Namespace, given: Mapping[str, Any]
    ) -> Wanted:
        accepted = parsed_args.accept_divergence
        return dataclasses.replace(
            super().wanted(parsed_args, given), accept_divergence=accepted
        )

    def own_options(self, parsed_args: argparse.Namespace) -> dict[str, Any]:
        return {
            "unplanned": parsed_args.type == "unplanned",
            "accept_divergence": parsed_args.accept_divergence,
        }

    def question(
        self, parsed_args: argparse.Namespace, prepared: Prepared
    ) -> None:
        if parsed_args.type == "planned":
            super().question(parsed_args, prepared)
            return
        from protectorclient.osc.v1 import _questions

        question = _questions.unplanned(self.impact(prepared))
        prompts.for_name(prepared.group.name, question, self.app.stderr)

    def send(
        self, parsed_args: argparse.Namespace, prepared: Prepared
    ) -> columns.Output:
        output = super().send(parsed_args, prepared)
        # of a primary that was shown to be dead sync-force tells it, later
        if parsed_args.accept_divergence and not isinstance(
            self.trouble, exceptions.OperationFailed | KeyboardInterrupt
        ):
            self._tell_copies(prepared)
        if parsed_args.type == "unplanned" and self.trouble is None:
            located = prepared.located
            # one that answers is back already
            gone = located.errors.get(located.current.name) is not None
            if gone:
                self.say(f"when {located.current.name} is back:")
            if not self.is_quiet:
                self.next(commands.sync_force(prepared.group.name))
        return output

    def _tell_copies(self, prepared: Prepared) -> None:
        """Whether the old primary's instances run on beside the new ones."""
        from protectorclient.osc.v1 import _copies
        from protectorclient.preflight import copies

        located = prepared.located
        target = located.site_ids[located.other.name]
        seen = copies.look(located, primary=target)
        home = target == located.group.primary_site_id
        _copies.tell(
            self,
            seen.live,
            group=located.group.name,
            status="active" if home else "failed_over",
            primary=located.other.name,
            in_sync=False,
        )
        _copies.tell_unknown(self, seen, located)


class FailbackProtectionGroup(Moving):
    """Fail a protection group back to its primary site"""

    action = "failback"

    def add_own_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--reverse-replication",
            action="store_true",
            help="Replicate from the restored primary to the other site "
            "again when done",
        )
        parser.add_argument(
            "--reverse-mapping",
            action="store_true",
            help="Read the mapping file the other way round; without a "
            "file, take the mappings of the last failover",
        )

    def own_options(self, parsed_args: argparse.Namespace) -> dict[str, Any]:
        return {"reverse_replication": parsed_args.reverse_replication}

    def send(
        self, parsed_args: argparse.Namespace, prepared: Prepared
    ) -> columns.Output:
        output = super().send(parsed_args, prepared)
        if not (parsed_args.wait or parsed_args.reverse_replication):
            self.tell_unprotected(prepared.group.name, "once it has completed")
        return output

    def mapping_file(
        self, parsed_args: argparse.Namespace
    ) -> MappingFile | None:
        if parsed_args.mapping_file or not parsed_args.reverse_mapping:
            return super().mapping_file(parsed_args)
        from protectorclient.pair.moves import last_mapping

        return last_mapping.failover(
            self.pair, parsed_args.protection_group
        ).reversed()


class TestFailoverProtectionGroup(Moving):
    """Rehearse a failover with test instances at the other site

    The test runs from the latest recovery point. test-cleanup removes
    what it made.
    """

    action = "test_failover"

    def add_own_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--retain-primary",
            action="store_true",
            help="Leave the primary's instances running; without it they "
            "are stopped until the clean-up",
        )

    def own_options(self, parsed_args: argparse.Namespace) -> dict[str, Any]:
        return {"retain_primary": parsed_args.retain_primary}

    def question(
        self, parsed_args: argparse.Namespace, prepared: Prepared
    ) -> None:
        if parsed_args.retain_primary:
            return
        from protectorclient.osc.v1 import _questions

        question = _questions.drill(prepared.group.name, self.impact(prepared))
        prompts.for_yes(question, self.app.stderr)


class TestCleanupProtectionGroup(Action):
    """Remove what a test failover made"""

    action = "test_cleanup"
    mapped = False
