"""Engines that are broken on purpose, each in one place.

Most of them work as they should until they take an operation up again:
what a resume does wrong is what nobody sees in a quiet night. A mutant names
the stories in which it can show at all, and the invariant that has to notice.
"""

import dataclasses
from collections.abc import Callable

import pytest

from fakeserver.sandbox.folder import BOTH
from tests.chaos import broken_moves as moves
from tests.chaos import broken_records as records
from tests.chaos.driver import Story
from tests.chaos.obstacles import STOPPED

MAKERS = {
    "failover",
    "failback",
    "failback-reversed",
    "failover-again",
    "test",
    "test-stopped",
    "forced",
    "forced-back",
}
PLANNED = {"failover", "failback", "failback-reversed", "failover-again"}


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A mistake, where it can show, and who has to see it."""

    breaks: Callable[[pytest.MonkeyPatch], None]
    fits: Callable[[Story], bool]
    noticed_by: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.breaks.__name__


# -- the stories


def crashes(
    actions: set[str], first: float = 0.0, last: float = 1.0
) -> Callable[[Story], bool]:
    """One crash, at a moment in between, and nothing else."""

    def fits(story: Story) -> bool:
        return (
            story.action in actions
            and [blow.kind for blow in story.blows] == ["crash"]
            and first <= story.blows[0].moment <= last
        )

    return fits


def crash_and_roll_back(story: Story) -> bool:
    first, *more = [blow.kind for blow in story.blows]
    return (
        story.action in MAKERS
        and first == "crash"
        and more in (["step"], ["partition-long"])
    )


def roll_back(story: Story) -> bool:
    return story.action in MAKERS and "step" in story.kinds


def renamed(story: Story) -> bool:
    """What a drill has made goes away again, under another name."""
    return story.renames in (BOTH, "site-b") and story.action == "cleanup"


def lacking(story: Story) -> bool:
    # what came before would be the broken engine's, too
    return story.attributes == "lacking" and story.action == "failover"


def stopped(story: Story) -> bool:
    placed = story.obstacle
    return (
        placed is not None
        and placed.kind == STOPPED
        and not placed.power_on
        and story.action == "failover"
    )


def over_a_drill(story: Story) -> bool:
    return bool(story.attributes) and story.action == "forced-with-test"


def give_up(story: Story) -> bool:
    return bool(story.kinds & {"partition-hours", "cinder-403"})


def forced_meanwhile(story: Story) -> bool:
    return story.forces


def any_story(story: Story) -> bool:
    return True


CONTENT = ("moves_carry_every_write",)
REBUILT = ("members_are_as_they_were",)
ACCOUNTED = ("everything_is_accounted_for", "nothing_is_there_twice")
_BUILDING = crashes(MAKERS - {"test", "test-stopped"}, 0.3, 0.9)
_LAST_STEPS = crashes(PLANNED, 0.2, 0.95)

MUTANTS = (
    Mutant(
        moves.takes_the_oldest_point,
        crashes(PLANNED | {"test", "forced"}, 0.0, 0.35),
        CONTENT,
    ),
    Mutant(
        moves.does_not_wait_for_the_point,
        crashes(PLANNED, 0.05, 0.35),
        CONTENT,
    ),
    Mutant(moves.makes_no_last_point, crashes(PLANNED, 0.0, 0.35), CONTENT),
    Mutant(
        moves.leaves_the_source_running,
        crashes(PLANNED, 0.0, 0.35),
        ("never_at_two_sites", *CONTENT),
    ),
    Mutant(
        moves.keeps_no_snapshot,
        crashes({"forced-back"}, 0.0, 0.3),
        ("no_write_is_destroyed",),
    ),
    Mutant(moves.takes_another_flavor, _BUILDING, REBUILT),
    Mutant(moves.takes_any_address, _BUILDING, REBUILT),
    Mutant(moves.takes_another_network, _BUILDING, REBUILT),
    Mutant(moves.forgets_an_attachment, _BUILDING, REBUILT),
    Mutant(moves.drops_a_volume, _BUILDING, REBUILT),
    Mutant(moves.resizes, _BUILDING, (*CONTENT, *REBUILT)),
    Mutant(moves.names_no_losses, lacking, ("attributes_are_kept_or_named",)),
    Mutant(
        moves.starts_the_stopped, stopped, ("stopped_members_stay_stopped",)
    ),
    Mutant(
        moves.puts_a_bare_port_back, over_a_drill, ("drills_have_attributes",)
    ),
    Mutant(moves.another_name_each_time, crashes(MAKERS), ACCOUNTED),
    Mutant(moves.derives_names_twice, renamed, ACCOUNTED),
    Mutant(moves.checkpoint_after, crash_and_roll_back, ACCOUNTED),
    Mutant(
        records.counts_twice,
        crashes({"failover", "failover-again"}),
        ("failovers_are_counted",),
    ),
    Mutant(
        records.loses_the_policy,
        _LAST_STEPS,
        ("nothing_of_the_group_is_lost",),
    ),
    Mutant(
        records.takes_the_default_policy,
        _LAST_STEPS,
        ("nothing_of_the_group_is_lost",),
    ),
    Mutant(
        records.takes_members_for_protected,
        crashes({"failover", "failover-again"}),
        ("operations_keep_to_their_own",),
    ),
    Mutant(
        records.forgets_what_a_drill_stopped,
        crashes({"test-stopped"}, 0.2, 0.9),
        ("members_run",),
    ),
    Mutant(records.pushes_a_stale_document, _LAST_STEPS, ("copies_agree",)),
    Mutant(records.takes_the_push_for_done, _LAST_STEPS, ("copies_agree",)),
    Mutant(records.does_not_clean_the_source, _LAST_STEPS, ACCOUNTED),
    Mutant(
        records.takes_a_test_for_cleaned,
        crashes({"cleanup", "cleanup-stopped"}, 0.0, 0.8),
        ACCOUNTED,
    ),
    Mutant(
        records.leaves_the_source_stopped,
        crash_and_roll_back,
        ("members_run",),
    ),
    Mutant(
        records.leaves_the_volumes_promoted, crash_and_roll_back, ACCOUNTED
    ),
    Mutant(
        records.leaves_the_replication_turned,
        crash_and_roll_back,
        ("replication_is_put_back",),
    ),
    Mutant(records.rolls_back_forwards, roll_back, ("an_error_is_earned",)),
    Mutant(records.names_no_leftovers, give_up, ACCOUNTED),
    Mutant(
        records.begins_again_by_itself,
        crash_and_roll_back,
        ("nobody_acts_unasked",),
    ),
    Mutant(records.forgets_old_requests, any_story, ("nobody_acts_unasked",)),
    Mutant(
        records.does_not_ask_the_peer,
        forced_meanwhile,
        (
            "the_overtaken_gave_up",
            "documents_go_forward",
            "moves_carry_every_write",
            "members_are_as_they_were",
        ),
    ),
)
